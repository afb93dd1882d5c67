import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import {
  admitCaller,
  type AdmitRequest,
  blockCaller,
  leaveCaller,
  readBlocks,
  recentCallOf,
  rememberCaller,
  unblockCaller,
} from './callers.ts';
import { callerKeys } from './keys.ts';
import { directoryLimits } from './limits.ts';
import { connectRedis, type RedisLink } from './redis.ts';
import { readTexts } from './reply.ts';
import { readAudit } from './switches.ts';

let server: RedisServer;
let link: RedisLink;
const caller = '+12075550100';

beforeAll(async () => {
  server = await startRedis();
  link = await connectRedis(server.url);
});

beforeEach(() => link.command('flushall'));

afterAll(async () => {
  await link.close();
  await server.stop();
});

const admit = (callSid: string, more: Partial<AdmitRequest> = {}) =>
  admitCaller(link, { caller, callSid, callsMax: 2, arrivalsMax: 4, windowMs: 60_000, exempt: false, ...more });

test('a caller has so many calls at once; one that ended makes room, a repeat counts once', async () => {
  expect([await admit('1'), await admit('1'), await admit('2'), await admit('3')]).toEqual([
    'admitted',
    'admitted',
    'admitted',
    'tooMany',
  ]);
  expect(await admit('1'), 'in already').toBe('admitted');
  await link.command('del', callerKeys(caller).arrivals);
  expect(await admit('1'), 'in for longer than the window').toBe('admitted');
  expect(await admit('x', { caller: '+12075550101' })).toBe('admitted');
  await leaveCaller(link, caller, '2');
  expect(await admit('3')).toBe('admitted');
});

test('a caller arrives so many times within the window; who is refused is not counted', async () => {
  for (const sid of ['1', '2', '3', '4']) {
    expect(await admit(sid)).toBe('admitted');
    await leaveCaller(link, caller, sid);
  }
  for (let tries = 0; tries < 3; tries++) expect(await admit('5')).toBe('tooMany');
  expect(await admit('4'), 'a repeat of one that was let in').toBe('admitted');
  await link.command('zincrby', callerKeys(caller).arrivals, -60_001, '1');
  expect(await admit('5')).toBe('admitted');
  expect(await admit('6')).toBe('tooMany');
});

test('of many calls of one caller at the same moment as many are let in as may be', async () => {
  const got = await Promise.all(
    Array.from({ length: 30 }, (_, index) => admit(`c${index}`, { callsMax: 5, arrivalsMax: 100 })),
  );
  expect(got.filter((one) => one === 'admitted')).toHaveLength(5);
});

test('a number behind which many are is not counted, but may be blocked', async () => {
  for (let i = 0; i < 10; i++) expect(await admit(`c${i}`, { exempt: true })).toBe('admitted');
  await blockCaller(link, { caller, lifeMs: 60_000, by: 'ann', reason: 'robot' });
  expect(await admit('c1', { exempt: true })).toBe('blocked');
  expect(await admit('c0', { callsMax: Infinity, arrivalsMax: Infinity })).toBe('blocked');
});

test('a block ends by itself or by hand, has a reason, and is in the audit', async () => {
  const other = '+12075550102';
  expect(await blockCaller(link, { caller, lifeMs: 60_000, by: 'ann', reason: 'robot' })).toBe('blocked');
  await blockCaller(link, { caller: other, lifeMs: 120_000, by: 'bob', reason: '' });
  const blocks = await readBlocks(link);
  expect(
    blocks
      .map(({ caller: blocked, by, reason }) => ({ caller: blocked, by, reason }))
      .toSorted((a, b) => (a.caller < b.caller ? -1 : 1)),
  ).toEqual([
    { caller, by: 'ann', reason: 'robot' },
    { caller: other, by: 'bob', reason: '' },
  ]);
  expect(Math.min(...blocks.map(({ untilMs }) => untilMs))).toBeGreaterThan(0);
  expect(await unblockCaller(link, { caller: other, by: 'ann', reason: 'sorry' })).toBe(true);
  expect(await unblockCaller(link, { caller: other, by: 'ann', reason: 'sorry' })).toBe(false);
  const { block } = callerKeys(caller);
  const [until = '', info = ''] = String(await link.command('hget', block, caller)).split(/ (.*)/);
  await link.command('hset', block, caller, `${Number(until) - 60_000} ${info}`);
  expect(await admit('1')).toBe('admitted');
  expect(await readBlocks(link)).toEqual([]);
  const audit = await readAudit(link, 10);
  expect(audit.map(({ name, value, by, reason }) => [name, value, by, reason])).toEqual([
    ['unblock', other, 'ann', 'sorry'],
    ['unblock', other, 'ann', 'sorry'],
    ['block', other, 'bob', ''],
    ['block', caller, 'ann', 'robot'],
  ]);
});

test('the block list is bounded: entries that ran out make room', async () => {
  const { block } = callerKeys(caller);
  const entries = Array.from({ length: directoryLimits.blocksMax }, (_, index) => [`n${index}`, '9999999999999 {}']);
  await link.command('hset', block, ...entries.flat());
  const ask = { caller, lifeMs: 1_000, by: 'ann', reason: '' };
  expect(await blockCaller(link, ask)).toBe('full');
  await link.command('hset', block, 'n7', '1 {}');
  expect(await blockCaller(link, ask)).toBe('blocked');
  expect(await link.command('hexists', block, 'n7')).toBe(0);
});

test('a caller who was cut off is known once, for a while', async () => {
  expect(await recentCallOf(link, caller)).toBeNull();
  await rememberCaller(link, caller, 'CA1');
  await rememberCaller(link, caller, 'CA2');
  const left = Number(await link.command('pttl', callerKeys(caller).recent));
  expect(left).toBeGreaterThan(directoryLimits.recentCallLifeMs - 60_000);
  expect(left).toBeLessThanOrEqual(directoryLimits.recentCallLifeMs);
  expect(await recentCallOf(link, caller)).toBe('CA2');
  expect(await recentCallOf(link, caller)).toBeNull();
});

test('every key of callers expires', async () => {
  await admit('1');
  await rememberCaller(link, caller, '1');
  await blockCaller(link, { caller, lifeMs: 5_000, by: 'ann', reason: '' });
  const keys = readTexts(await link.command('keys', '*'));
  expect(keys).toHaveLength(5);
  for (const key of keys) expect(Number(await link.command('pttl', key)), key).toBeGreaterThan(0);
});
