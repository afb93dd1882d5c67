import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { type HeartbeatRequest, heartbeat, retire } from './fleet.ts';
import { placementKeys } from './keys.ts';
import { directoryLimits } from './limits.ts';
import { addresses, pass } from './placement.fixture.ts';
import { PlacementModel } from './placement-model.fixture.ts';
import { joinQueue, leaveQueue, pollQueue, type WaiterClass, type Waiting } from './queue.ts';
import { connectRedis, type RedisLink } from './redis.ts';
import { readTextMap, readTexts } from './reply.ts';
import { releaseReservation, renewReservation, reserve } from './reservations.ts';

let server: RedisServer;
let link: RedisLink;

beforeAll(async () => {
  server = await startRedis();
  link = await connectRedis(server.url);
});

afterAll(async () => {
  await link.close();
  await server.stop();
});

/** How far the model's times may be from those that Redis took; a step slower than that tells nothing. */
const slackMs = 25;
const nodes = ['a', 'b', 'c'] as const;

async function redisNow(): Promise<number> {
  const [seconds, micros] = readTexts(await link.command('time'));
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

async function numbers(key: string): Promise<Record<string, number>> {
  const map = readTextMap(await link.command('zrange', key, 0, -1, 'WITHSCORES'));
  return Object.fromEntries([...map].map(([name, value]) => [name, Number(value)]));
}

type Step = (world: World) => Promise<(now: number) => void>;

/** Redis and the model side by side. */
class World {
  readonly model = new PlacementModel();
  /** Tickets outlive the waiting room. */
  readonly tickets = new Map<string, number>();

  /** False where the machine was too slow for the step to tell anything. */
  async take(step: Step): Promise<boolean> {
    const from = await redisNow();
    const compare = await step(this);
    const to = await redisNow();
    if (to - from > slackMs || this.model.isUnsure(from - slackMs, to + slackMs)) return false;
    compare(to);
    const loads = await numbers(placementKeys.load);
    expect(loads).toEqual(this.model.loads());
    for (const [name, left] of Object.entries(await numbers(placementKeys.room)))
      expect(left, `room of ${name}`).toBe((this.model.nodes.get(name)?.capacity ?? 0) - (loads[name] ?? 0));
    return true;
  }

  /** A caller waits: at its place in the model's line. */
  waits({ callSid, class: kind }: { callSid: string; class: WaiterClass }, told: Waiting, now: number): void {
    const dueAt = now + told.pieceMs + Math.max(directoryLimits.queueGraceMs, told.pieceMs);
    this.model.waiters.set(callSid, { class: kind, ticket: told.ticket, dueAt });
    expect(told).toMatchObject({ position: this.model.line().indexOf(callSid) + 1, waiting: this.model.waiters.size });
  }

  pass(ms: number, how: 'silent' | 'beating'): void {
    this.model.pass(ms, how);
    for (const [sid, ticket] of this.tickets) this.tickets.set(sid, ticket - ms);
  }

  /** A place was given: to whom it should, and within what the node takes. */
  placed(sid: string, node: string, choices: readonly string[], isNew: boolean, now: number): void {
    expect(choices).toContain(node);
    this.model.placed(sid, node, now);
    const load = this.model.load(node);
    if (isNew) expect(load).toBeLessThanOrEqual(this.model.nodes.get(node)?.capacity ?? 0);
    expect(load).toBeGreaterThanOrEqual(0);
  }
}

const anyNode = fc.constantFrom(...nodes);
const anyPreferred = fc.constantFrom(null, ...nodes);
const anySid = fc.nat(11).map((index) => `s${index}`);
const anyCeiling = fc.constantFrom(Infinity, Infinity, 2, 5, 9);
/** Whoever was in a conversation before is so for good. */
const classOf = (sid: string): WaiterClass => (Number(sid.slice(1)) % 3 === 0 ? 'live' : 'new');

const reserves = fc
  .record({
    callSid: anySid,
    class: fc.constantFrom('new', 'waiting', 'live'),
    preferredNode: anyPreferred,
    ceiling: anyCeiling,
  })
  .map((request): Step => async (world) => {
    const got = await reserve(link, request);
    return (now) => {
      const expected = world.model.reserve(request, now);
      const said = got.kind === 'full' ? `full ${got.reason}` : got.kind;
      if (got.kind !== 'placed' || typeof expected === 'string') {
        expect(said).toBe(typeof expected === 'string' ? expected : 'placed');
        return;
      }
      expect(got.repeated).toBe(expected.again);
      world.placed(request.callSid, got.node.node, expected.nodes, !expected.again, now);
    };
  });

const renews = fc.record({ sid: anySid, node: anyNode }).map(({ sid, node }): Step => async (world) => {
  const got = await renewReservation(link, sid, node);
  return (now) => expect(got).toBe(world.model.renew(sid, node, now));
});

const releases = anySid.map((sid): Step => async (world) => {
  const got = await releaseReservation(link, sid);
  return () => expect(got).toBe(world.model.reservations.delete(sid));
});

const beats = fc
  .record({
    node: anyNode,
    capacity: fc.constantFrom(0, 1, 2, 4, 6),
    liveCalls: fc.nat(3),
    held: fc.array(anySid, { maxLength: 2 }),
  })
  .map(({ node, ...more }): Step => async (world) => {
    const request: HeartbeatRequest = {
      self: addresses(node),
      ...more,
      starting: false,
      spentMicros: 0,
      telling: 1,
      model: null,
    };
    const got = await heartbeat(link, request);
    return (now) => {
      world.model.beat(request, now);
      const reserved = world.model.load(node) - request.liveCalls;
      expect(got).toMatchObject({ kind: 'ok', reserved, fleet: world.model.figures(now) });
    };
  });

const retires = anyNode.map((node): Step => async (world) => {
  await retire(link, addresses(node));
  return () => world.model.retire(node);
});

const joins = anySid.map((callSid): Step => async (world) => {
  const asked = { callSid, class: classOf(callSid), ticket: world.tickets.get(callSid) ?? null };
  const got = await joinQueue(link, asked);
  return (now) => {
    if (got.kind !== 'waiting') throw new Error('the waiting room is full');
    if (asked.ticket !== null) expect(got.ticket).toBe(asked.ticket);
    world.model.sweepQueue(now);
    world.tickets.set(callSid, got.ticket);
    world.waits(asked, got, now);
  };
});

const polls = fc
  .record({ callSid: anySid, preferredNode: anyPreferred, ceiling: anyCeiling })
  .map((request): Step => async (world) => {
    const { callSid } = request;
    const ticket = world.tickets.get(callSid);
    if (ticket === undefined) return () => undefined;
    const asked = { ...request, class: classOf(callSid), ticket };
    const got = await pollQueue(link, asked);
    return (now) => {
      const wasHeld = world.model.reservations.has(callSid);
      const expected = world.model.poll(asked, now);
      expect(got.kind).toBe(expected === 'waiting' ? 'waiting' : 'placed');
      if (got.kind === 'waiting') world.waits(asked, got, now);
      else if (expected !== 'waiting') {
        const isNew = !wasHeld || !expected.nodes.includes(got.node.node);
        world.placed(callSid, got.node.node, expected.nodes, isNew, now);
      }
    };
  });

const leaves = anySid.map((sid): Step => async (world) => {
  const got = await leaveQueue(link, sid);
  return () => expect(got).toBe(world.model.waiters.delete(sid));
});

const passes = fc
  .tuple(fc.constantFrom(310, 1_130, 2_670, 6_170, 7_350, 10_570), fc.constantFrom('silent', 'beating'))
  .map(([ms, how]): Step => async (world) => {
    await pass(link, ms, how);
    return () => world.pass(ms, how);
  });

test('placement and waiting room do what a simple model says, in any order of events and time', async () => {
  const step = fc.oneof(
    { arbitrary: reserves, weight: 6 },
    { arbitrary: beats, weight: 5 },
    { arbitrary: polls, weight: 5 },
    { arbitrary: joins, weight: 3 },
    { arbitrary: passes, weight: 3 },
    { arbitrary: renews, weight: 2 },
    { arbitrary: releases, weight: 1 },
    { arbitrary: leaves, weight: 1 },
    { arbitrary: retires, weight: 1 },
  );
  let taken = 0;
  let unsure = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }), async (steps) => {
      await link.command('flushall');
      const world = new World();
      for (const one of steps) {
        if (!(await world.take(one))) {
          unsure += 1;
          return;
        }
        taken += 1;
      }
    }),
    { numRuns: 150 },
  );
  expect(taken).toBeGreaterThan(20 * unsure);
});
