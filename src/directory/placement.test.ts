import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { distrust, type HeartbeatRequest, readFleet, retire } from './fleet.ts';
import { placementKeyList, placementKeys } from './keys.ts';
import { directoryLimits } from './limits.ts';
import { connectRedis, type RedisLink } from './redis.ts';
import {
  addresses,
  ask as askOn,
  beat as beatOn,
  loads as loadsOn,
  nodeOf,
  pass,
  silence as silenceOn,
} from './placement.fixture.ts';
import { joinQueue, pollQueue } from './queue.ts';
import { releaseReservation, renewReservation, reservedAt, type ReserveRequest } from './reservations.ts';
import { setSwitch } from './switches.ts';

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

const beat = (node: string, capacity: number, more: Partial<HeartbeatRequest> = {}) =>
  beatOn(link, node, capacity, more);
const ask = (callSid: string, more: Partial<ReserveRequest> = {}) => askOn(link, callSid, more);
const loads = () => loadsOn(link);
const silence = (node: string, ms: number) => silenceOn(link, node, ms);

async function expire(callSid: string): Promise<void> {
  await link.command('zincrby', placementKeys.reservation, -directoryLimits.reservationLifeMs, callSid);
}

test('without a node that lives nobody is placed', async () => {
  expect(await ask('c')).toEqual({ kind: 'nowhere' });
  await beat('a', 5);
  await silence('a', directoryLimits.heartbeatStaleMs + 1);
  expect(await ask('c')).toEqual({ kind: 'nowhere' });
  await beat('a', 5);
  expect(await ask('c')).toEqual({ kind: 'placed', node: addresses('a'), repeated: false });
});

test('a node that did not answer is given nobody until its next heartbeat, and who had a place there gets another', async () => {
  await Promise.all([beat('a', 9), beat('b', 5)]);
  expect(nodeOf(await ask('c1', { class: 'live' }))).toBe('a');
  expect(await reservedAt(link, 'c1')).toEqual(addresses('a'));
  await distrust(link, addresses('a'));
  expect(nodeOf(await ask('c1', { class: 'live', preferredNode: 'a' }))).toBe('b');
  expect(nodeOf(await ask('c2', { class: 'live' }))).toBe('b');
  expect(await loads()).toEqual({ a: 0, b: 2 });
  await beat('a', 9);
  expect(nodeOf(await ask('c3', { class: 'live' }))).toBe('a');
  await distrust(link, { node: 'a', incarnation: 'before' });
  expect(nodeOf(await ask('c4', { class: 'live' }))).toBe('a');
  expect(await reservedAt(link, 'c9')).toBe(null);
});

test('a burst fills each node to its cap and not one further', async () => {
  await Promise.all([beat('a', 30), beat('b', 30), beat('c', 30)]);
  const placed = await Promise.all(Array.from({ length: 250 }, (_, index) => ask(`c${index}`, { class: 'live' })));
  expect(placed.filter(({ kind }) => kind === 'placed')).toHaveLength(90);
  expect(placed.filter(({ kind }) => kind === 'full')).toHaveLength(160);
  expect(await loads()).toEqual({ a: 30, b: 30, c: 30 });
});

test('new and waiting callers leave room for the loss of the largest node, live ones use it', async () => {
  await Promise.all([beat('a', 10), beat('b', 20)]);
  for (const kind of ['new', 'waiting'] as const) {
    const asked = await Promise.all(Array.from({ length: 15 }, (_, index) => ask(`${kind}${index}`, { class: kind })));
    expect(asked.filter((reservation) => reservation.kind === 'placed')).toHaveLength(kind === 'new' ? 10 : 0);
  }
  const live = await Promise.all(Array.from({ length: 25 }, (_, index) => ask(`l${index}`, { class: 'live' })));
  expect(live.filter(({ kind }) => kind === 'placed')).toHaveLength(20);
  expect(await loads()).toEqual({ a: 10, b: 20 });
});

test('the last node that takes calls keeps no room back', async () => {
  await Promise.all([beat('a', 3), beat('b', 0)]);
  const asked = await Promise.all(['1', '2', '3', '4'].map((sid) => ask(sid)));
  expect(asked.map(nodeOf)).toEqual(['a', 'a', 'a', 'full']);
});

test('the calls of a draining node count as load, for they will move', async () => {
  await Promise.all([beat('a', 0, { liveCalls: 4 }), beat('b', 10), beat('c', 10)]);
  const asked = await Promise.all(Array.from({ length: 12 }, (_, index) => ask(`c${index}`)));
  expect(asked.filter(({ kind }) => kind === 'placed')).toHaveLength(6);
});

test('the emptiest node is chosen unless the preferred one has room', async () => {
  await Promise.all([
    beat('a', 20, { liveCalls: 15 }),
    beat('b', 20, { liveCalls: 3 }),
    beat('c', 20, { liveCalls: 9 }),
  ]);
  expect(nodeOf(await ask('1'))).toBe('b');
  expect(nodeOf(await ask('2', { preferredNode: 'a' }))).toBe('a');
  expect(nodeOf(await ask('3', { preferredNode: 'gone' }))).toBe('b');
  await beat('a', 20, { liveCalls: 20 });
  expect(nodeOf(await ask('4', { preferredNode: 'a' }))).toBe('b');
});

test('a repeat renews the place it has; a dead or draining node is left', async () => {
  await Promise.all([beat('a', 10), beat('b', 10, { liveCalls: 2 })]);
  expect(nodeOf(await ask('c'))).toBe('a');
  await link.command('zincrby', placementKeys.reservation, -10_000, 'c');
  const before = Number(await link.command('zscore', placementKeys.reservation, 'c'));
  expect(await ask('c')).toMatchObject({ kind: 'placed', repeated: true, node: { node: 'a' } });
  expect(Number(await link.command('zscore', placementKeys.reservation, 'c'))).toBeGreaterThanOrEqual(before + 10_000);
  expect(await loads()).toEqual({ a: 1, b: 2 });
  await beat('a', 0);
  expect(await ask('c')).toMatchObject({ kind: 'placed', repeated: false, node: { node: 'b' } });
  expect(await loads()).toEqual({ a: 0, b: 3 });
  await Promise.all([beat('a', 10), silence('b', directoryLimits.heartbeatStaleMs + 1)]);
  expect(nodeOf(await ask('c'))).toBe('a');
  expect(await loads()).toEqual({ a: 1, b: 2 });
});

test('new callers wait behind the queue, those from it and live ones do not', async () => {
  await beat('a', 10);
  await link.command('zadd', placementKeys.queue, 1, 'w1', 2, 'w2');
  expect(await ask('n')).toEqual({ kind: 'queued', waiting: 2 });
  expect(nodeOf(await ask('w1', { class: 'waiting' }))).toBe('a');
  expect(nodeOf(await ask('l', { class: 'live' }))).toBe('a');
});

test('a reservation that nobody used falls to the next reserve or heartbeat, fifty at a time', async () => {
  await beat('a', 200);
  for (let i = 0; i < 120; i++) await ask(`c${i}`);
  for (let i = 0; i < 120; i++) await expire(`c${i}`);
  expect(await ask('next')).toMatchObject({ kind: 'placed' });
  expect(await loads()).toEqual({ a: 71 });
  expect(await beat('a', 200)).toMatchObject({ reserved: 21 });
  expect(await beat('a', 200)).toMatchObject({ reserved: 1 });
  expect(await loads()).toEqual({ a: 1 });
});

test('a heartbeat sets the live calls and turns reservations into calls, wherever they stood', async () => {
  await Promise.all([beat('a', 10), beat('b', 10)]);
  await ask('1', { preferredNode: 'a' });
  await ask('2', { preferredNode: 'a' });
  await ask('3', { preferredNode: 'b' });
  expect(await beat('a', 10, { liveCalls: 2, held: ['1', '3'] })).toMatchObject({ kind: 'ok', reserved: 1 });
  expect(await loads()).toEqual({ a: 3, b: 0 });
  expect(await beat('a', 10, { liveCalls: 2, held: ['1', '3'] })).toMatchObject({ reserved: 1 });
  expect(await beat('a', 10, { liveCalls: 0 })).toMatchObject({ reserved: 1 });
  expect(await loads()).toEqual({ a: 1, b: 0 });
  expect(await releaseReservation(link, '2')).toBe(true);
  expect(await releaseReservation(link, '2')).toBe(false);
  expect(await loads()).toEqual({ a: 0, b: 0 });
});

test('a stream at another node moves its reservation, as far as that node has room', async () => {
  await Promise.all([beat('a', 10), beat('b', 1)]);
  for (const sid of ['1', '2']) await ask(sid, { class: 'live', preferredNode: 'a' });
  expect(await renewReservation(link, '1', 'a')).toBe('renewed');
  expect(await renewReservation(link, '1', 'b')).toBe('moved');
  expect(await renewReservation(link, '2', 'b')).toBe('full');
  expect(await renewReservation(link, 'unknown', 'a')).toBe('moved');
  expect(await loads()).toEqual({ a: 2, b: 1 });
});

test('a successor takes the name of its node; the one before learns of it', async () => {
  await beat('a', 10, { starting: true, liveCalls: 7 });
  await ask('1');
  const successor = { ...addresses('a'), incarnation: 'a2' };
  expect(await beat('a', 10, { self: successor, starting: true })).toMatchObject({ kind: 'ok', reserved: 1 });
  expect(await beat('a', 10)).toEqual({ kind: 'superseded', incarnation: 'a2' });
  await retire(link, addresses('a'));
  expect(await loads()).toEqual({ a: 1 });
  await retire(link, successor);
  expect(await readFleet(link)).toEqual([]);
  expect(await ask('1')).toEqual({ kind: 'nowhere' });
});

test('a node silent for an hour is struck, and late releases do not bring it back', async () => {
  await Promise.all([beat('a', 10), beat('b', 10)]);
  await ask('1', { preferredNode: 'a' });
  await silence('a', directoryLimits.nodeForgetMs + 1);
  const reply = await beat('b', 10);
  expect(reply.kind).toBe('ok');
  expect(await readFleet(link)).toEqual([
    { ...addresses('b'), capacity: 10, load: 0, heartbeatAt: reply.kind === 'ok' ? reply.at : 0 },
  ]);
  await releaseReservation(link, '1');
  expect(await loads()).toEqual({ b: 0 });
  expect(await link.command('zcard', placementKeys.load)).toBe(1);
});

test('every key of placement expires', async () => {
  const budget = { at: 1, requestsLimit: 1, requestsRemaining: 1, tokensLimit: 1, tokensRemaining: 1, resetAt: 1 };
  await beat('a', 10, { spentMicros: 5, model: budget });
  await ask('1');
  await joinQueue(link, { callSid: '2', class: 'new', ticket: null });
  await joinQueue(link, { callSid: '3', class: 'new', ticket: null });
  const poll = { callSid: '2', class: 'new', ticket: 1, ceiling: Infinity, preferredNode: null } as const;
  expect(await pollQueue(link, poll)).toMatchObject({ kind: 'placed' });
  await setSwitch(link, { name: 'admission', value: 'closed', by: 'me', reason: 'test' });
  for (const key of placementKeyList) expect(Number(await link.command('pttl', key)), key).toBeGreaterThan(0);
});

test('load is never below nothing nor above the caps in a storm of everything', async () => {
  const caps = { a: 7, b: 4, c: 9 };
  await Promise.all(Object.entries(caps).map(([node, cap]) => beat(node, cap)));
  const sids = Array.from({ length: 60 }, (_, index) => `s${index}`);
  const work = sids.flatMap((sid, index) => [
    () => ask(sid, { class: index % 3 === 0 ? 'live' : 'new' }),
    () => (index % 2 === 0 ? releaseReservation(link, sid) : renewReservation(link, sid, 'b')),
    () => ask(sid, { class: 'live' }),
    () => link.command('zrange', placementKeys.load, 0, -1, 'WITHSCORES'),
  ]);
  const results = await Promise.all(work.map((run) => run()));
  for (const snapshot of results.filter(Array.isArray)) {
    for (let i = 0; i < snapshot.length; i += 2) {
      const load = Number(snapshot[i + 1]);
      expect(load).toBeGreaterThanOrEqual(0);
      expect(load).toBeLessThanOrEqual(caps[snapshot[i] as keyof typeof caps]);
    }
  }
  await Promise.all(sids.map((sid) => releaseReservation(link, sid)));
  expect(await loads()).toEqual({ a: 0, b: 0, c: 0 });
});

test('the places of a node just lost are its calls’, though nothing else would be kept', async () => {
  await beat('a', 10, { liveCalls: 4 });
  await beat('b', 4, { liveCalls: 2 });
  await silence('a', directoryLimits.heartbeatStaleMs + 1);
  expect(await ask('1')).toEqual({ kind: 'full', reason: 'nodes' });
  expect(nodeOf(await ask('2', { class: 'live' }))).toBe('b');
  expect(await beat('b', 8, { liveCalls: 2 })).toMatchObject({ fleet: { nodes: 1, capacity: 8, load: 3, kept: 4 } });
  expect(nodeOf(await ask('1'))).toBe('b');
  expect(await ask('3')).toEqual({ kind: 'full', reason: 'nodes' });
  await silence('a', directoryLimits.nodeLostMs);
  expect(nodeOf(await ask('3'))).toBe('b');
});

test('the ceiling bounds the whole fleet, but no conversation, and says so', async () => {
  await Promise.all([beat('a', 10, { liveCalls: 2 }), beat('b', 10, { liveCalls: 1 }), beat('c', 10)]);
  expect(nodeOf(await ask('1', { ceiling: 4 }))).toBe('c');
  expect(await ask('2', { ceiling: 4 })).toEqual({ kind: 'full', reason: 'ceiling' });
  expect(await ask('2', { ceiling: 4, class: 'waiting' })).toEqual({ kind: 'full', reason: 'ceiling' });
  expect(await ask('1', { ceiling: 4 })).toMatchObject({ kind: 'placed', repeated: true });
  expect(await ask('2', { ceiling: 4, class: 'live' })).toMatchObject({ kind: 'placed' });
  expect(await ask('3', { ceiling: 0 })).toEqual({ kind: 'full', reason: 'ceiling' });
  for (let i = 0; i < 15; i++) await ask(`n${i}`);
  expect(await ask('4', { ceiling: 30 })).toEqual({ kind: 'full', reason: 'nodes' });
});

test('a heartbeat tells how the whole fleet stands', async () => {
  await beat('a', 10, { liveCalls: 4 });
  await beat('b', 20);
  await beat('gone', 50, { liveCalls: 30 });
  await silence('gone', directoryLimits.nodeLostMs + 1);
  await ask('1');
  await joinQueue(link, { callSid: 'w', class: 'new', ticket: null });
  expect(await beat('b', 20, { liveCalls: 1 })).toMatchObject({
    kind: 'ok',
    reserved: 1,
    fleet: { nodes: 2, capacity: 30, load: 6, kept: 20, waiting: 1 },
    spent: { hourMicros: 0, dayMicros: 0 },
    model: null,
    switches: {},
  });
  await retire(link, addresses('b'));
  expect(await beat('a', 10)).toMatchObject({ fleet: { nodes: 1, capacity: 10, load: 0, kept: 0, waiting: 1 } });
});

test('what nodes spend is summed by hour and day; a clock gone back opens no period again', async () => {
  await beat('a', 1, { spentMicros: 1_500 });
  expect(await beat('b', 1, { spentMicros: 500 })).toMatchObject({ spent: { hourMicros: 2_000, dayMicros: 2_000 } });
  const stored = async (field: string) => Number(await link.command('hget', placementKeys.spent, field));
  const [hour, day] = [await stored('hour'), await stored('day')];
  expect(day).toBe(Math.floor(hour / 24));
  await link.command('hset', placementKeys.spent, 'hour', hour - 1);
  expect(await beat('a', 1, { spentMicros: 70 })).toMatchObject({ spent: { hourMicros: 70, dayMicros: 2_070 } });
  await link.command('hset', placementKeys.spent, 'hour', hour - 1, 'day', day - 1);
  expect(await beat('a', 1, { spentMicros: 5 })).toMatchObject({ spent: { hourMicros: 5, dayMicros: 5 } });
  await link.command('hset', placementKeys.spent, 'hour', hour + 1, 'day', day + 1);
  expect(await beat('a', 1, { spentMicros: 10 })).toMatchObject({ spent: { hourMicros: 15, dayMicros: 15 } });
  expect(await beat('a', 1)).toMatchObject({ spent: { hourMicros: 15, dayMicros: 15 } });
});

test('what is told again because its answer was lost is counted once, as long as it is the same process', async () => {
  const spent = (micros: number) => ({ spent: { hourMicros: micros, dayMicros: micros } });
  expect(await beat('a', 1, { spentMicros: 0, telling: 1 })).toMatchObject(spent(0));
  expect(await beat('a', 1, { spentMicros: 40, telling: 1 })).toMatchObject(spent(40));
  expect(await beat('a', 1, { spentMicros: 40, telling: 1 })).toMatchObject(spent(40));
  expect(await beat('b', 1, { spentMicros: 1, telling: 1 })).toMatchObject(spent(41));
  expect(await beat('a', 1, { spentMicros: 2, telling: 2 })).toMatchObject(spent(43));
  const self = { ...addresses('a'), incarnation: 'a2' };
  expect(await beat('a', 1, { self, starting: true, spentMicros: 5, telling: 2 })).toMatchObject(spent(48));
  await retire(link, self);
  expect(await beat('a', 1, { self, spentMicros: 5, telling: 2 })).toMatchObject(spent(53));
});

test('the newest word of the model about its account counts, whoever brings it, for a while', async () => {
  const budget = (at: number, tokensRemaining: number) => ({
    at,
    requestsLimit: 1_000,
    requestsRemaining: 999,
    tokensLimit: 40_000,
    tokensRemaining,
    resetAt: at + 900,
  });
  expect(await beat('a', 1, { model: budget(2_000, 7) })).toMatchObject({ model: budget(2_000, 7) });
  expect(await beat('b', 1, { model: budget(1_999, 8) })).toMatchObject({ model: budget(2_000, 7) });
  expect(await beat('b', 1, { model: budget(2_001, 9) })).toMatchObject({ model: budget(2_001, 9) });
  expect(await beat('a', 1)).toMatchObject({ model: budget(2_001, 9) });
  const left = Number(await link.command('pttl', placementKeys.model));
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(directoryLimits.modelBudgetLifeMs);
  await link.command('del', placementKeys.model);
  expect(await beat('a', 1)).toMatchObject({ model: null });
});

test('loads and sums that went astray are mended by heartbeats', async () => {
  await Promise.all([beat('a', 10, { liveCalls: 2 }), beat('b', 10)]);
  await ask('1', { preferredNode: 'a' });
  await ask('2', { preferredNode: 'b' });
  const { load, room, totals, reservation, reservedAt } = placementKeys;
  await link.command('zincrby', load, 5, 'a');
  await link.command('zincrby', room, 40, 'b');
  await link.command('hincrby', totals, 'load', -30);
  await link.command('hset', reservedAt, 'ghost', 'b');
  await link.command('zadd', reservation, 1, 'phantom');
  await pass(link, directoryLimits.recountMs);
  await beat('a', 10, { liveCalls: 2 });
  expect(await beat('b', 10)).toMatchObject({ reserved: 1, fleet: { load: 4, capacity: 20 } });
  expect(await loads()).toEqual({ a: 3, b: 1 });
  expect(await link.command('zscore', room, 'b')).toBe('9');
  expect(await link.command('hlen', reservedAt)).toBe(2);
  expect(await link.command('zcard', reservation)).toBe(2);
});

test('a node that comes again under its name is not relieved of what its predecessor was to get', async () => {
  await beat('a', 10);
  await ask('1');
  await retire(link, addresses('a'));
  await beat('a', 10, { starting: true });
  await ask('2');
  await expire('1');
  await ask('3');
  expect(await loads()).toEqual({ a: 2 });
  expect(await releaseReservation(link, '1')).toBe(false);
});
