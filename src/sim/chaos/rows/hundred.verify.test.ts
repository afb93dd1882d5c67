import { afterEach, expect, test } from 'vitest';
import type { RedisServer } from '../../../embedded/redis.ts';
import { startSentinelRedis } from '../../parts/sentinel.ts';
import { judgedGaps } from '../gaps.ts';
import type { History } from '../history.ts';
import { type Mortal, startMortalRedis } from '../mortal.ts';
import { type LossKind, withoutNode } from '../node-loss.ts';
import { lostTurns, quantile } from '../report.ts';
import { type Scene, startScene } from '../scene.ts';
import { questionOf } from '../stories.ts';
import { farewells, hangUpAll, judgeScene, moves, nobodyNoticed, type Regular, regulars } from './regular.fixture.ts';

const CALLS = 100;
const NODES = 3;
/** The room of one node is kept: two thirds of all is what is admitted. */
const CALLS_MAX = CALLS / (NODES - 1);
const RESUMED_MS = 40_000;
const AWAY_MS = 20_000;
/** What callers may hear where the carrier asks by itself. */
const ASKED_P95_MS = 3_000;
/** And where it must be asked to: with a hundredth of a second for each call. */
const JUDGED_MS = 8_000;
const MS_PER_CALL = 10;
/** The bounds as they are. */
const PATIENCE = 1;

let scene: Scene;

afterEach(async () => {
  await hangUpAll(scene);
  await scene.stop();
});

/** Every call of the node goes on elsewhere; returns those. */
async function lose(those: readonly Regular[], kind: LossKind): Promise<Regular[]> {
  const victim = those[0]?.node ?? 0;
  const hit = those.filter(({ node }) => node === victim);
  await withoutNode(scene, kind, victim, async () => {
    await Promise.all(
      hit.map(({ call }) => call.waitFor(({ streams, stream }) => stream !== null && streams.length > 1, RESUMED_MS)),
    );
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
  });
  expect((await farewells(those)).map(({ lost, isDegraded }) => [lost, isDegraded])).toEqual(
    those.map(() => [null, false]),
  );
  return hit;
}

/** How long those who were hit heard nothing, less what held the recorder up: the longest wait of each. */
function silences(history: History, hit: readonly Regular[]): number[] {
  const gaps = Map.groupBy(
    judgedGaps(history).filter(({ cause }) => cause === 'lineBroken'),
    ({ callSid }) => callSid,
  );
  return hit.map(({ call }) => Math.max(0, ...(gaps.get(call.sid) ?? []).map(({ ms, heldUpMs }) => ms - heldUpMs)));
}

const startFleet = (more: Parameters<typeof startScene>[0] = {}) =>
  startScene({ nodes: NODES, proxied: true, env: { CALLS_MAX: String(CALLS_MAX) }, ...more });

test('rows 1 and 31: one of three nodes is killed under a hundred calls at all that is admitted', async () => {
  scene = await startFleet();
  const hit = await lose(await regulars(scene, CALLS, '700'), 'nodeKill');
  const history = await judgeScene(scene, PATIENCE);
  const ms = silences(history, hit);
  process.stdout.write(
    `${hit.length} calls went on after ${Math.round(quantile(ms, 0.5))} ms, p95 ${Math.round(quantile(ms, 0.95))} ms\n`,
  );
  expect(hit.length).toBeGreaterThan(CALLS / NODES / 2);
  expect(quantile(ms, 0.95)).toBeLessThan(ASKED_P95_MS);
  expect(history.calls.filter((call) => lostTurns(call).length > 1)).toEqual([]);
}, 400_000);

test('row 2: the same where the carrier does nothing by itself', async () => {
  scene = await startFleet();
  const hit = await lose(await regulars(scene, CALLS, '701'), 'nodeKillSilent');
  const history = await judgeScene(scene, PATIENCE);
  const ms = silences(history, hit);
  process.stdout.write(
    `${hit.length} calls were moved after ${Math.round(quantile(ms, 0.5))} ms, at most ${Math.round(quantile(ms, 1))} ms\n`,
  );
  expect(hit.map(moves)).toEqual(hit.map(() => 1));
  expect(quantile(ms, 1)).toBeLessThan(JUDGED_MS + hit.length * MS_PER_CALL);
  expect(history.calls.filter((call) => lostTurns(call).length > 1)).toEqual([]);
}, 400_000);

const isServed = (from: string) =>
  scene.call(from, async (patron) => {
    await patron.greeted();
    await patron.ask(questionOf(0));
  }).over;

test('row 9: Redis is away for twenty seconds under a hundred calls: nobody notices', async () => {
  const redis: Mortal<RedisServer> = await startMortalRedis();
  scene = await startFleet({ redis: () => Promise.resolve(redis), env: { CALLS_MAX: String(CALLS) } });
  const those = await regulars(scene, CALLS, '702');
  await scene.during('redisKill', null, async () => {
    await redis.kill('SIGKILL');
    const newcomers = Array.from({ length: 5 }, (_, index) => isServed(`+1207703000${index}`));
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
    await redis.revive();
    for (const { lost, isDegraded } of await Promise.all(newcomers)) expect([lost, isDegraded]).toEqual([null, false]);
  });
  await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
  await nobodyNoticed(those);
  await judgeScene(scene, PATIENCE);
}, 400_000);

test('row 10: a Sentinel failover under a hundred calls: nobody notices', async () => {
  const redis = await startSentinelRedis();
  scene = await startScene({ nodes: NODES, redis: () => Promise.resolve(redis), env: { CALLS_MAX: String(CALLS) } });
  const those = await regulars(scene, CALLS, '704');
  await scene.during('redisFailover', null, async () => {
    await redis.failOver();
    const { lost, isDegraded } = await isServed('+12077050000');
    expect([lost, isDegraded]).toEqual([null, false]);
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
  });
  await redis.revive();
  await nobodyNoticed(those);
  await judgeScene(scene, PATIENCE);
}, 400_000);
