import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type SentinelRedis, startSentinelRedis } from '../../parts/sentinel.ts';
import { type Scene, startScene } from '../scene.ts';
import { questionOf } from '../stories.ts';
import { hangUpAll, judgeScene, nobodyNoticed, regulars } from './regular.fixture.ts';

const CALLERS = 4;

let redis: SentinelRedis;
let scene: Scene;

beforeAll(async () => {
  redis = await startSentinelRedis();
  scene = await startScene({ nodes: 2, redis: () => Promise.resolve(redis) });
});

afterEach(() => hangUpAll(scene));

afterAll(() => scene.stop());

test('row 10: Sentinel makes a replica without the tail the primary: nobody notices, nothing is lost', async () => {
  const those = await regulars(scene, CALLERS, '630');
  await scene.during('redisFailover', null, async () => {
    await redis.cutReplication();
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
    await redis.failOver();
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
  });
  await redis.revive();
  const { over } = scene.call('+12076309001', async (patron) => {
    await patron.greeted();
    await patron.ask(questionOf(0));
  });
  expect(await over).toMatchObject({ lost: null, isDegraded: false });
  await nobodyNoticed(those);
}, 120_000);

test('the history of it violates nothing', async () => {
  await judgeScene(scene);
}, 150_000);
