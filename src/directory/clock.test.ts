import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { createRedisClock, type RedisClock, syncClock } from './clock.ts';
import { connectRedis, type RedisLink } from './redis.ts';

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

/** A clock by hand: `at` is the monotonic time. */
function byHand(wallMs: number): { clock: RedisClock; time: { at: number } } {
  const time = { at: 0 };
  return {
    time,
    clock: createRedisClock(
      () => time.at,
      () => wallMs,
    ),
  };
}

test('before Redis was heard the wall clock stands in, afterwards it means nothing', () => {
  const { clock, time } = byHand(5_000);
  expect([clock.learned, clock.now()]).toEqual([false, 5_000]);
  clock.observe(0, 2, 9_001);
  expect([clock.learned, clock.now()]).toEqual([true, 9_000]);
  time.at = 1_000;
  expect(clock.now()).toBe(10_000);
});

test('the answer with the shortest way counts, a slow one changes nothing', () => {
  const { clock, time } = byHand(0);
  time.at = 100;
  clock.observe(98, 100, 10_099);
  const before = clock.now();
  time.at = 500;
  clock.observe(100, 500, 10_490);
  expect(clock.now()).toBe(before + 400);
});

test('another primary whose clock is behind slows the clock down, never back, until they agree', () => {
  const { clock, time } = byHand(0);
  clock.observe(0, 0, 100_000);
  time.at = 1_000;
  expect(clock.now()).toBe(101_000);
  clock.observe(1_000, 1_000, 97_000);
  time.at = 3_000;
  expect(clock.now()).toBe(102_000);
  time.at = 9_000;
  expect(clock.now()).toBe(105_000);
  time.at = 10_000;
  expect(clock.now()).toBe(106_000);
});

test('one whose clock is ahead counts at once', () => {
  const { clock, time } = byHand(0);
  clock.observe(0, 0, 100_000);
  time.at = 10;
  clock.observe(8, 10, 200_009);
  expect(clock.now()).toBe(200_010);
});

test('it never goes back, whatever it is told', () => {
  const step = fc.record({ pass: fc.nat(5_000), delay: fc.nat(400), redis: fc.nat(1_000_000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { clock, time } = byHand(500_000);
      let last = clock.now();
      for (const { pass, delay, redis } of steps) {
        time.at += pass;
        clock.observe(Math.max(0, time.at - delay), time.at, redis);
        expect(clock.now()).toBeGreaterThanOrEqual(last);
        last = clock.now();
      }
    }),
  );
});

test('asked over a real line it agrees with Redis', async () => {
  const clock = createRedisClock(undefined, () => 0);
  await syncClock(link, clock);
  const before = clock.now();
  const [seconds, micros] = (await link.command('time')) as [string, string];
  const redisMs = Number(seconds) * 1_000 + Number(micros) / 1_000;
  expect(clock.learned).toBe(true);
  expect(redisMs).toBeGreaterThanOrEqual(before - 50);
  expect(redisMs).toBeLessThanOrEqual(clock.now() + 50);
});
