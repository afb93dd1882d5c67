import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { RedisServer } from '../../../embedded/redis.ts';
import { appendScript } from '../../../directory/scripts/append.ts';
import { type Mortal, startMortalRedis } from '../mortal.ts';
import { type Scene, startScene } from '../scene.ts';
import { questionOf } from '../stories.ts';
import { hangUpAll, judgeScene, nobodyNoticed, regulars } from './regular.fixture.ts';

const CALLERS = 4;
const KILLED_MS = 5_000;
const HALF_OPEN_MS = 2_000;
const FULL_BYTES = 1_000_000;

let redis: Mortal<RedisServer>;
let scene: Scene;

beforeAll(async () => {
  redis = await startMortalRedis();
  scene = await startScene({ nodes: 2, proxied: true, redis: () => Promise.resolve(redis) });
});

afterEach(() => hangUpAll(scene));

afterAll(() => scene.stop());

const passed = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Somebody calls who has not called before, and is served. */
async function isServed(from: string): Promise<void> {
  const { over } = scene.call(from, async (patron) => {
    await patron.greeted();
    await patron.ask(questionOf(0));
  });
  const { lost, isDegraded } = await over;
  expect([lost, isDegraded]).toEqual([null, false]);
}

test('row 9: Redis is killed and comes back: nobody notices, who calls meanwhile is served, nobody is moved afterwards', async () => {
  const those = await regulars(scene, CALLERS, '610');
  await scene.during('redisKill', null, async () => {
    await redis.kill('SIGKILL');
    await Promise.all([isServed('+12076109001'), passed(KILLED_MS)]);
    await redis.revive();
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
  });
  // Who would be judged dead by an outage would be moved by now.
  await passed(KILLED_MS);
  await Promise.all(those.map((one) => one.isAnsweredAgain()));
  await nobodyNoticed(those);
}, 120_000);

test('row 11: Redis answers nothing and its connections stay open: nobody notices, who calls is served', async () => {
  const those = await regulars(scene, CALLERS, '611');
  await scene.during('redisHalfOpen', null, async () => {
    await scene.stack.proxies?.redis.set({ drop: 'toClient' });
    await Promise.all([isServed('+12076119001'), passed(HALF_OPEN_MS)]);
    await scene.stack.proxies?.redis.heal();
  });
  await Promise.all(those.map((one) => one.isAnsweredAgain()));
  await nobodyNoticed(those);
}, 120_000);

test('row 12: facts are taken in and the answer is cut off: each stands once', async () => {
  const those = await regulars(scene, CALLERS, '612');
  const isAppend = (request: Buffer) => request.includes(appendScript.sha) || request.includes('XADD');
  for (let cut = 0; cut < 3; cut += 1) await scene.stack.proxies?.redis.cutReply(isAppend);
  await Promise.all(those.map((one) => one.isAnsweredAgain()));
  expect(scene.stack.proxies?.redis.counters.repliesCut).toBeGreaterThanOrEqual(3);
  await nobodyNoticed(those);
}, 60_000);

test('row 13: Redis is out of memory: facts wait, nobody notices', async () => {
  const those = await regulars(scene, CALLERS, '613');
  const { link } = scene.stack;
  await scene.during('redisFull', null, async () => {
    await link.command('config', 'set', 'maxmemory', FULL_BYTES);
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
    await link.command('config', 'set', 'maxmemory', 0);
  });
  await Promise.all(those.map((one) => one.isAnsweredAgain()));
  await nobodyNoticed(those);
}, 60_000);

test('the history of all of it violates nothing', async () => {
  await judgeScene(scene);
}, 150_000);
