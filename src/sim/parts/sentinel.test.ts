import { afterEach, expect, test, vi } from 'vitest';
import { connectRedis, type RedisLink } from '../../directory/redis.ts';
import { type SentinelRedis, startSentinelRedis } from './sentinel.ts';

const WAIT = { timeout: 10_000, interval: 50 };

let redis: SentinelRedis;
let link: RedisLink;

afterEach(async () => {
  await link.close();
  await redis.stop();
});

const replicated = () => vi.waitFor(async () => expect(await link.command('wait', 1, 100)).toBe(1), WAIT);

test('a failover keeps what the replica had, or loses the tail; who is connected by name follows', async () => {
  redis = await startSentinelRedis();
  link = await connectRedis(redis.url);
  expect(await redis.primaryPort()).toBe(redis.port);
  await link.command('set', 'first', '1');
  await replicated();
  const second = await redis.failOver();
  expect(second).not.toBe(redis.port);
  await vi.waitFor(async () => expect(await link.command('get', 'first')).toBe('1'), WAIT);

  await redis.revive();
  await redis.cutReplication();
  await link.command('set', 'second', '2');
  expect(await link.command('get', 'second')).toBe('2');
  const third = await redis.failOver('SIGSTOP');
  expect(third).toBe(redis.port);
  await vi.waitFor(async () => expect(await link.command('mget', 'first', 'second')).toEqual(['1', null]), WAIT);
  await link.command('set', 'third', '3');
}, 90_000);

test('three of them agree', async () => {
  redis = await startSentinelRedis({ sentinels: 3, downAfterMs: 500 });
  expect(redis.url).toMatch(/^redis\+sentinel:\/\/(127\.0\.0\.1:\d+,?){3}\/aida$/);
  link = await connectRedis(redis.url);
  await link.command('set', 'first', '1');
  await replicated();
  await redis.failOver();
  await vi.waitFor(async () => expect(await link.command('get', 'first')).toBe('1'), WAIT);
}, 90_000);
