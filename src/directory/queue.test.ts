import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { placementKeys } from './keys.ts';
import { directoryLimits } from './limits.ts';
import { ask, beat, loads, pass } from './placement.fixture.ts';
import { joinQueue, leaveQueue, pollQueue, type WaiterClass, type Waiting } from './queue.ts';
import { connectRedis, type RedisLink } from './redis.ts';
import { readTexts } from './reply.ts';
import { releaseReservation } from './reservations.ts';

let server: RedisServer;
let link: RedisLink;

beforeAll(async () => {
  server = await startRedis();
  link = await connectRedis(server.url);
});

beforeEach(() => link.command('flushall'));

afterAll(async () => {
  await link.close();
  await server.stop();
});

/** What callers were told when they joined: it outlives Redis. */
const tickets = new Map<string, number>();

async function join(callSid: string, kind: WaiterClass = 'new', ticket: number | null = null): Promise<Waiting> {
  const place = await joinQueue(link, { callSid, class: kind, ticket });
  if (place.kind === 'full') throw new Error('the waiting room is full');
  tickets.set(callSid, place.ticket);
  return place;
}

/** Time passes for what Redis keeps and for the tickets that callers have. */
async function passAll(ms: number): Promise<void> {
  await pass(link, ms);
  for (const [sid, ticket] of tickets) tickets.set(sid, ticket - ms);
}

interface Poll {
  class?: WaiterClass;
  ceiling?: number;
}

const poll = (callSid: string, { class: kind = 'new', ceiling = Infinity }: Poll = {}) =>
  pollQueue(link, { callSid, class: kind, ticket: tickets.get(callSid) ?? 1, ceiling, preferredNode: null });

/** The node, or the position. */
async function turn(callSid: string, more: Poll = {}): Promise<string | number> {
  const got = await poll(callSid, more);
  return got.kind === 'placed' ? got.node.node : got.position;
}

const line = async (): Promise<string[]> => readTexts(await link.command('zrange', placementKeys.queue, 0, -1));

test('callers stand in the order in which they came, and joining again changes nothing', async () => {
  const first = await join('1');
  expect(first).toEqual({
    kind: 'waiting',
    ticket: first.ticket,
    position: 1,
    waiting: 1,
    pieceMs: 1_000,
    perMinute: null,
  });
  const second = await join('2');
  const third = await join('3');
  expect([second, third].map(({ position, waiting }) => [position, waiting])).toEqual([
    [2, 2],
    [3, 3],
  ]);
  expect(await join('1')).toEqual({ ...first, waiting: 3 });
  expect(second.ticket).toBeGreaterThan(first.ticket);
  expect(third.ticket).toBeGreaterThan(second.ticket);
});

test('a freed place goes to the head, whoever asks first, and never to a newcomer', async () => {
  await beat(link, 'a', 2);
  await ask(link, 'x', { class: 'live' });
  await ask(link, 'y', { class: 'live' });
  for (const sid of ['1', '2', '3']) await join(sid);
  expect(await turn('1')).toBe(1);
  await releaseReservation(link, 'x');
  expect(await turn('3')).toBe(3);
  expect(await turn('2')).toBe(2);
  expect(await ask(link, 'new')).toEqual({ kind: 'queued', waiting: 3 });
  expect(await turn('1')).toBe('a');
  expect(await line()).toEqual(['2', '3']);
  expect(await turn('2')).toBe(1);
  await beat(link, 'a', 4);
  expect(await turn('3'), 'two places, one waiter before it').toBe('a');
  expect(await turn('2')).toBe('a');
  expect(await ask(link, 'new')).toEqual({ kind: 'full', reason: 'nodes' });
});

test('the room for the loss of a node and the ceiling hold for those who were in no conversation', async () => {
  await Promise.all([beat(link, 'a', 3), beat(link, 'b', 3)]);
  for (const sid of ['1', '2', '3', '4']) await join(sid);
  expect(await turn('1', { ceiling: 1 })).toBe('b');
  expect(await turn('2', { ceiling: 1 })).toBe(1);
  expect(await turn('2', { ceiling: 2 })).toBe('a');
  expect(await turn('3')).toBe('b');
  expect(await turn('4')).toBe(1);
  await join('l', 'live');
  expect(await turn('l', { class: 'live', ceiling: 1 })).toBe('a');
});

test('callers who were in a conversation stand before all who were not, and take any place', async () => {
  await Promise.all([beat(link, 'a', 2), beat(link, 'b', 2)]);
  for (const sid of ['w', 'x', 'y', 'z']) await ask(link, sid, { class: 'live' });
  await join('n1');
  const live = await join('l1', 'live');
  expect(live.position).toBe(1);
  expect(await join('l2', 'live')).toMatchObject({ position: 2, waiting: 3 });
  expect(await join('n2')).toMatchObject({ position: 4 });
  await releaseReservation(link, 'w');
  expect(await turn('n1')).toBe(3);
  expect(await turn('l2', { class: 'live' })).toBe(2);
  expect(await turn('l1', { class: 'live' })).toMatch(/[ab]/);
  await releaseReservation(link, 'x');
  expect(await turn('n1')).toBe(2);
  expect(await turn('l2', { class: 'live' })).toMatch(/[ab]/);
  await releaseReservation(link, 'y');
  expect(await turn('n1'), 'the last two places are kept').toBe(1);
});

test('a place is given again to the same caller while it is held, and lost afterwards', async () => {
  await beat(link, 'a', 1);
  await join('1');
  await join('2');
  expect(await turn('1')).toBe('a');
  expect(await turn('1')).toBe('a');
  expect(await loads(link)).toEqual({ a: 1 });
  expect(await turn('2')).toBe(1);
  await link.command('zincrby', placementKeys.reservation, -directoryLimits.reservationLifeMs, '1');
  expect(await turn('2')).toBe('a');
  expect(await turn('1')).toBe(1);
});

test('tickets bring back the order when Redis has lost the waiting room, and newcomers stand behind it', async () => {
  for (const sid of ['1', '2', '3']) await join(sid);
  await join('l', 'live');
  await passAll(1_000);
  await link.command('flushall');
  expect(await turn('3')).toBe(1);
  const newcomer = await join('n');
  expect(newcomer.position).toBe(2);
  expect(newcomer.ticket).toBeGreaterThan(tickets.get('l') ?? Infinity);
  await turn('l', { class: 'live' });
  await join('1', 'new', tickets.get('1') ?? 0);
  await turn('2');
  expect(await line()).toEqual(['l', '1', '2', '3', 'n']);
});

test('a clock that went back gives no ticket before those of others', async () => {
  const ahead = (await join('1')).ticket + 1_000_000;
  await join('2', 'new', ahead);
  expect((await join('3')).ticket).toBe(ahead + 1);
});

test('a waiter that misses two polls has left, and finds its place again with its ticket', async () => {
  const { pieceMs } = await join('1');
  await passAll(1_000);
  await join('2');
  expect(await turn('1')).toBe(1);
  await passAll(pieceMs + directoryLimits.queueGraceMs - 1_000);
  expect(await turn('2')).toBe(2);
  await passAll(1_000);
  expect(await turn('2')).toBe(1);
  expect(await turn('1')).toBe(1);
  expect(await line()).toEqual(['1', '2']);
});

test('a waiting room that all have left lets newcomers in, and its sweep is bounded', async () => {
  await beat(link, 'a', 10);
  const count = 2 * directoryLimits.queueSweepMax + 1;
  for (let i = 0; i < count; i++) await join(`w${i}`);
  await pass(link, 60_000, 'beating');
  await beat(link, 'a', 10);
  expect(await link.command('zcard', placementKeys.queue)).toBe(directoryLimits.queueSweepMax + 1);
  expect(await ask(link, 'n')).toEqual({ kind: 'queued', waiting: 1 });
  expect(await ask(link, 'n')).toMatchObject({ kind: 'placed' });
});

test('whoever leaves or is placed is gone from every key', async () => {
  await beat(link, 'a', 2);
  await join('1');
  await join('2');
  await join('3');
  expect(await leaveQueue(link, '1')).toBe(true);
  expect(await leaveQueue(link, '1')).toBe(false);
  expect(await turn('2')).toBe('a');
  expect(await ask(link, '3', { class: 'live' })).toMatchObject({ kind: 'placed' });
  expect(await link.command('exists', placementKeys.queue, placementKeys.queueDue)).toBe(0);
});

test('the pace is that of the last placements, unknown at first and again when nothing moves for long', async () => {
  await beat(link, 'a', 100);
  for (let i = 0; i < 30; i++) {
    await join(`w${i}`);
    await poll(`w${i}`);
    await pass(link, 2_000);
    await beat(link, 'a', 100);
    const { perMinute } = await join('last');
    if (i < directoryLimits.paceSamplesMin - 1) expect(perMinute).toBeNull();
    await leaveQueue(link, 'last');
  }
  // Twenty placements, two seconds apart: 19 in 40 s.
  const { perMinute } = await join('last');
  expect(perMinute).toBeGreaterThan(27);
  expect(perMinute).toBeLessThan(29);
  await pass(link, 360_000);
  expect((await join('later')).perMinute).toBeLessThan(3);
  await pass(link, directoryLimits.paceLifeMs);
  expect((await join('latest')).perMinute).toBeNull();
});

test('a room of ten thousand asks at most 700 times a second, the first twenty every second', async () => {
  const waiting = 10_000;
  let perSecond = 0;
  const pieces: number[] = [];
  for (let i = 0; i < waiting; i++) {
    const { pieceMs, position } = await join(`w${i}`);
    expect(position).toBe(i + 1);
    pieces.push(pieceMs);
    perSecond += 1_000 / pieceMs;
  }
  process.stdout.write(`${waiting} waiting callers ask ${perSecond.toFixed(0)} times a second\n`);
  expect(perSecond).toBeLessThanOrEqual(700);
  expect(pieces.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 1_000));
  expect(pieces.toSorted((a, b) => a - b)).toEqual(pieces);
  expect(pieces.at(-1)).toBe(16_000);
}, 60_000);

test('the waiting room is bounded, but not for those who were in a conversation or have a ticket', async () => {
  const members = Array.from({ length: directoryLimits.queueMax }, (_, index) => [index + 1, `w${index}`]).flat();
  await link.command('zadd', placementKeys.queue, ...members);
  expect(await joinQueue(link, { callSid: 'n', class: 'new', ticket: null })).toEqual({ kind: 'full' });
  expect(await join('w5')).toMatchObject({ position: 6 });
  expect(await join('l', 'live')).toMatchObject({ position: 1 });
  expect(await join('t', 'new', 3)).toMatchObject({ kind: 'waiting' });
});

test('of a thousand callers at once a hundred are placed and the others in the order of their tickets', async () => {
  await beat(link, 'a', 50);
  await beat(link, 'b', 50);
  await beat(link, 'c', 50);
  const callers = Array.from({ length: 1_000 }, (_, index) => `c${index}`);
  const first = await Promise.all(
    callers.map(async (sid) => {
      const got = await ask(link, sid);
      if (got.kind === 'placed') return { sid, ticket: 0 };
      return { sid, ticket: (await join(sid)).ticket };
    }),
  );
  const waiters = first.filter(({ ticket }) => ticket > 0).toSorted((a, b) => a.ticket - b.ticket);
  expect(waiters).toHaveLength(900);
  let held = first.filter(({ ticket }) => ticket === 0).map(({ sid }) => sid);
  const order: string[] = [];
  const rest = [...waiters];
  while (rest.length > 0) {
    await Promise.all(held.splice(0, 10).map((sid) => releaseReservation(link, sid)));
    for (const node of ['a', 'b', 'c']) await beat(link, node, 50);
    for (const { sid } of rest.slice(0, 20)) {
      const got = await poll(sid);
      if (got.kind !== 'placed') break;
      order.push(sid);
      held = [...held, sid];
    }
    rest.splice(0, order.length - (waiters.length - rest.length));
    expect(Object.values(await loads(link)).reduce((sum, load) => sum + load, 0)).toBeLessThanOrEqual(100);
  }
  expect(order).toEqual(waiters.map(({ sid }) => sid));
}, 60_000);

test('after Redis was away the waiters keep their places until they could ask again', async () => {
  await beat(link, 'a', 1);
  await ask(link, 'x', { class: 'live' });
  for (const sid of ['1', '2']) await join(sid);
  await passAll(25_000);
  // The first who comes is a newcomer, and the place of `x` is free by now.
  expect(await ask(link, 'n')).toEqual({ kind: 'queued', waiting: 2 });
  await beat(link, 'a', 1);
  expect(await ask(link, 'n')).toEqual({ kind: 'queued', waiting: 2 });
  expect(await turn('2')).toBe(2);
  expect(await turn('1')).toBe('a');
  for (let passed = 0; passed <= directoryLimits.queueAwayGraceMs; passed += 1_000) {
    await passAll(1_000);
    await beat(link, 'a', 1);
  }
  expect(await line()).toEqual([]);
});
