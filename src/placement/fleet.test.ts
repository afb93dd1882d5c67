import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createRedisClock } from '../directory/clock.ts';
import { readFleet } from '../directory/fleet.ts';
import { placementKeys } from '../directory/keys.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { setSwitch } from '../directory/switches.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { AccountBooks, type AccountSettings } from './account-books.ts';
import { type FleetSnapshot, type HeldCall, Placement } from './placement.ts';
import { freePlaces, headrooms, stranded } from './report.ts';
import { noSwitches } from '../directory/switch-states.ts';

let redis: RedisServer;
let link: RedisLink;

beforeAll(async () => {
  redis = await startRedis();
  link = await connectRedis(redis.url);
});

afterAll(async () => {
  await link.close();
  await redis.stop();
});

beforeEach(async () => {
  await link.command('flushall');
});

const openSettings: AccountSettings = {
  carrierCallsMax: null,
  modelSessionsMax: null,
  spendMax: null,
  modelPrices: { textIn: 1, textInCached: 0, audioIn: 0, audioInCached: 0, textOut: 0, audioOut: 0 },
};

/** One process of the fleet; `incarnation` tells it from others of its name. */
async function createProcess(node: string, incarnation: string, settings: Partial<AccountSettings> = {}) {
  const calls: HeldCall[] = [];
  const clock = createRedisClock();
  const log = createLog('silent');
  const books = new AccountBooks({
    settings: { ...openSettings, ...settings },
    now: () => clock.now(),
    log,
    metrics: createMetrics(),
  });
  const self = { node, incarnation, nodeUrl: `http://${node}`, mediaUrl: `wss://${node}.${incarnation}`, version: '1' };
  const beats: string[] = [];
  const counted: RedisLink = {
    ready: true,
    command: (name, ...args) => link.command(name, ...args),
    onRestored: (listener) => link.onRestored(listener),
    close: () => Promise.resolve(),
    run: (script, keys, args) => {
      if (script.name === 'heartbeat') beats.push(node);
      return link.run(script, keys, args);
    },
  };
  const placement = new Placement({ link: counted, self, callsMax: 10, live: () => calls, books, clock, log });
  await placement.start();
  return { placement, books, calls, beats };
}

const fleetOf = async () => (await readFleet(link)).map(({ node, incarnation, load }) => ({ node, incarnation, load }));

test('two nodes with one id: who started later has it; the other takes no call and keeps its own', async () => {
  const older = await createProcess('n1', 'a');
  older.calls.push({ callSid: 'CA1', epoch: 1 });
  const newer = await createProcess('n1', 'b');
  await expect.poll(() => older.placement.ready, { timeout: 3_000 }).toBe(false);
  expect(newer.placement.ready).toBe(true);
  expect(await older.placement.reserve('CA2', 'new')).toMatchObject({ ok: true, mediaUrl: 'wss://n1.b' });
  expect(older.placement.snapshot().own.live).toBe(1);
  expect(await fleetOf()).toEqual([{ node: 'n1', incarnation: 'b', load: 1 }]);
  await newer.placement.stop();
  await expect.poll(() => older.placement.ready, { timeout: 3_000 }).toBe(true);
  expect(await fleetOf()).toEqual([{ node: 'n1', incarnation: 'a', load: 1 }]);
  await older.placement.stop();
});

test('a registry that names a process which ended long ago gives the name back', async () => {
  const { placement } = await createProcess('n1', 'b');
  await link.command('hset', placementKeys.node, 'n1', 'a {}');
  await link.command('zadd', placementKeys.heartbeat, 1, 'n1');
  await expect.poll(fleetOf, { timeout: 4_000 }).toEqual([{ node: 'n1', incarnation: 'b', load: 0 }]);
  await expect.poll(() => placement.ready).toBe(true);
  await placement.stop();
});

test('a Redis that comes back without the registry finds a node for the next call, and the node again', async () => {
  const { placement } = await createProcess('n1', 'a');
  await link.command('flushall');
  expect(await placement.reserve('CA1', 'new')).toEqual({
    ok: true,
    node: 'n1',
    incarnation: 'a',
    mediaUrl: 'wss://n1.a',
  });
  await expect.poll(fleetOf).toEqual([{ node: 'n1', incarnation: 'a', load: 0 }]);
  expect(await placement.reserve('CA2', 'new')).toMatchObject({ ok: true });
  await placement.stop();
});

test('a call that is reserved and streams again within a heartbeat counts once', async () => {
  const { placement, calls } = await createProcess('n1', 'a');
  await placement.reserve('CA1', 'new');
  calls.push({ callSid: 'CA1', epoch: 1 });
  await expect.poll(() => placement.snapshot().fleet.load, { timeout: 3_000 }).toBe(1);
  await expect.poll(() => placement.reserved).toBe(0);
  expect(await placement.reserve('CA1', 'live')).toMatchObject({ ok: true });
  expect((await fleetOf())[0]?.load).toBe(2);
  calls[0] = { callSid: 'CA1', epoch: 2 };
  await expect.poll(fleetOf, { timeout: 3_000 }).toEqual([{ node: 'n1', incarnation: 'a', load: 1 }]);
  await placement.stop();
});

test('a switch takes hold on every node within two heartbeats, and is let go of as soon', async () => {
  const [one, two] = [await createProcess('n1', 'a'), await createProcess('n2', 'a')];
  const nodes = [one.placement, two.placement];
  await setSwitch(link, { name: 'calls-max', value: '3', by: 'ann', reason: 'drill' });
  await setSwitch(link, { name: 'tool:get_menu', value: 'off', by: 'ann', reason: 'drill' });
  const before = one.beats.length;
  await expect.poll(() => nodes.map(({ switches }) => switches.names.length), { timeout: 4_000 }).toEqual([2, 2]);
  expect(one.beats.length - before).toBeLessThanOrEqual(2);
  expect(nodes.map(({ switches }) => [...switches.toolsOff])).toEqual([['get_menu'], ['get_menu']]);
  await expect.poll(() => nodes.map((node) => node.snapshot().own.calls)).toEqual([3, 3]);
  await expect.poll(() => one.placement.snapshot().fleet.capacity, { timeout: 4_000 }).toBe(6);
  await setSwitch(link, { name: 'calls-max', value: null, by: 'ann', reason: 'over' });
  await expect.poll(() => nodes.map(({ switches }) => switches.callsMax), { timeout: 4_000 }).toEqual([null, null]);
  await Promise.all(nodes.map((node) => node.stop()));
});

test('an account bounds the whole fleet, says so, and never a conversation that goes on', async () => {
  const settings = { carrierCallsMax: 2 };
  const [one, two] = [await createProcess('n1', 'a', settings), await createProcess('n2', 'a', settings)];
  expect(await one.placement.reserve('CA1', 'new')).toMatchObject({ ok: true });
  expect(await two.placement.reserve('CA2', 'new')).toMatchObject({ ok: true });
  expect(await one.placement.reserve('CA3', 'new')).toEqual({ ok: false, reason: 'full', limit: 'carrier' });
  expect(await one.placement.reserve('CA3', 'live')).toMatchObject({ ok: true });
  await Promise.all([one.placement.stop(), two.placement.stop()]);
});

test('a node that is preferred is taken if it has room', async () => {
  const [one, two] = [await createProcess('n1', 'a'), await createProcess('n2', 'a')];
  for (const callSid of ['CA1', 'CA2', 'CA3'])
    expect(await two.placement.reserve(callSid, 'live', 'n1')).toMatchObject({ ok: true, node: 'n1' });
  expect(await two.placement.reserve('CA4', 'live')).toMatchObject({ ok: true, node: 'n2' });
  expect(await two.placement.reserve('CA5', 'live', 'gone')).toMatchObject({ ok: true, node: 'n2' });
  await Promise.all([one.placement.stop(), two.placement.stop()]);
});

test('what one node learned of the account and spent, the other knows', async () => {
  const spendMax = { perHour: 1, perDay: 10 };
  const [one, two] = [await createProcess('n1', 'a', { spendMax }), await createProcess('n2', 'a', { spendMax })];
  one.books.limitsTold({ tokens: { limit: 100_000, remaining: 90_000, resetS: 6 }, requests: null });
  one.books.used({ textIn: 850_000, textInCached: 0, audioIn: 0, audioInCached: 0, textOut: 0, audioOut: 0 });
  await expect.poll(() => two.books.spend, { timeout: 4_000 }).toEqual({ state: 'alarm', share: 0.85 });
  expect(two.books.ceiling()).toEqual({ calls: 9, reason: 'tokens' });
  const headroom = headrooms(two.placement.snapshot());
  expect(headroom.slice(0, 2)).toEqual([
    ['tokens', 9],
    ['nodes', 10],
  ]);
  await Promise.all([one.placement.stop(), two.placement.stop()]);
});

test("calls are placed only as far as they take nobody's place", () => {
  const snapshot: FleetSnapshot = {
    at: 1,
    own: { calls: 10, reason: 'configured', live: 4, reserved: 0 },
    fleet: { nodes: 2, capacity: 20, load: 8, kept: 10, waiting: 0 },
    ceilings: [['carrier', 10]],
    spend: { state: 'open', share: 0 },
    switches: noSwitches,
  };
  expect(freePlaces(snapshot, true)).toBe(2);
  expect(freePlaces(snapshot, false)).toBe(0);
  expect(freePlaces({ ...snapshot, fleet: { ...snapshot.fleet, load: 10 } }, true)).toBe(0);
  expect(freePlaces({ ...snapshot, fleet: { ...snapshot.fleet, waiting: 1 } }, true)).toBe(0);
  expect(freePlaces({ ...snapshot, ceilings: [['carrier', 9]] }, true)).toBe(1);
  expect(freePlaces({ ...snapshot, spend: { state: 'spent', share: 1 } }, true)).toBe(0);
  expect(freePlaces({ ...snapshot, switches: { ...noSwitches, admission: false } }, true)).toBe(0);
  expect(freePlaces({ ...snapshot, switches: { ...noSwitches, rung: 'menu' } }, true)).toBe(0);
});

test('a conversation is stranded when no other node has room for it', () => {
  const fleet = { nodes: 2, capacity: 20, load: 12, kept: 10, waiting: 0 };
  const own = { calls: 10, reason: 'configured' as const, live: 7, reserved: 1 };
  expect(stranded({ own, fleet })).toBe(1);
  expect(stranded({ own, fleet: { ...fleet, load: 9 } })).toBe(0);
  expect(stranded({ own, fleet: { ...fleet, nodes: 1, capacity: 10, load: 8 } })).toBe(7);
  expect(stranded({ own: { ...own, calls: 0, reason: 'draining' }, fleet: { ...fleet, capacity: 10 } })).toBe(1);
});
