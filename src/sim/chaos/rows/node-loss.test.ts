import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../eventually.ts';
import { metricIn, metricsOf } from '../../node-metrics.ts';
import { lostTurns, reportOf } from '../report.ts';
import { type Scene, startScene } from '../scene.ts';
import { farewells, type Regular, regulars } from './regular.fixture.ts';

const NODES = 3;
/** Of one node. The room of one is kept: two thirds of all is what is admitted. */
const CALLS_MAX = 4;
const ADMITTED = (NODES - 1) * CALLS_MAX;
const RESUMED_MS = 25_000;
const HANG_UP_MS = 3_000;

let scene: Scene;

beforeAll(async () => {
  scene = await startScene({ nodes: NODES, proxied: true, env: { CALLS_MAX: String(CALLS_MAX) } });
});

afterAll(() => scene.stop());

const on = (those: readonly Regular[], node: number) => those.filter((one) => one.node === node);
const streamsOf = (those: readonly Regular[]) => those.map(({ call }) => call.streams.length);
/** Nobody was lost, nobody had to say more than one thing again. */
async function allWell(those: readonly Regular[]): Promise<void> {
  expect((await farewells(those)).map(({ lost }) => lost)).toEqual(those.map(() => null));
  expect(those.filter(({ asks }) => asks.filter((times) => times > 1).length > 1)).toEqual([]);
}
const isMoved = ({ call }: Regular, times: number) =>
  call.waitFor(({ streams, stream }) => stream !== null && streams.length > times, RESUMED_MS);
const moves = ({ call }: Regular): number => call.documents.filter(({ url }) => url?.includes('move=')).length;

test('row 1: a node is killed; row 31: the fleet was full: all go on elsewhere and remember', async () => {
  const those = await regulars(scene, ADMITTED, '600');
  const victim = those[0]?.node ?? 0;
  const hit = on(those, victim);
  const spared = those.filter((one) => !hit.includes(one));
  expect(hit.length).toBeGreaterThan(0);
  await scene.during('nodeKill', victim, async () => {
    scene.stack.nodes[victim]?.kill('SIGKILL');
    await Promise.all(hit.map((one) => isMoved(one, 1)));
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
  });
  expect(on(those, victim)).toEqual([]);
  expect(streamsOf(hit)).toEqual(hit.map(() => 2));
  expect(streamsOf(spared)).toEqual(spared.map(() => 1));
  await allWell(those);
  await scene.revive(victim);
}, 120_000);

test('row 21: whoever hangs up while the call moves is gone', async () => {
  const those = await regulars(scene, CALLS_MAX, '601');
  const victim = those[0]?.node ?? 0;
  const hit = on(those, victim);
  await scene.during('nodeKill', victim, async () => {
    scene.stack.nodes[victim]?.kill('SIGKILL');
    await Promise.all(
      hit.map(async ({ call }, index) => {
        // Each a little later on the way: at once, when the carrier has asked, when it has asked again.
        const count = call.webhooks.length + index;
        await call.waitFor(({ webhooks }) => webhooks.length >= count, HANG_UP_MS).catch(() => undefined);
        call.hangUp();
        await call.done;
      }),
    );
  });
  await farewells(those);
  expect(hit.map(({ call }) => [call.status, call.endedBy])).toEqual(hit.map(() => ['completed', 'phone']));
  await scene.revive(victim);
}, 60_000);

test('row 3: a node is frozen and comes back; row 30: what was told to stop meanwhile is not over', async () => {
  const those = await regulars(scene, CALLS_MAX, '602');
  const victim = those[0]?.node ?? 0;
  const hit = on(those, victim);
  await scene.during('nodeFreeze', victim, async () => {
    scene.stack.nodes[victim]?.kill('SIGSTOP');
    await Promise.all(hit.map((one) => isMoved(one, 1)));
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
    scene.stack.nodes[victim]?.kill('SIGCONT');
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
  });
  expect(hit.map(moves)).toEqual(hit.map(() => 1));
  const held = async () => {
    const texts = await Promise.all(scene.stack.nodes.map(({ opsPort }) => metricsOf(opsPort)));
    return texts.reduce((sum, text) => sum + metricIn(text, 'aida_calls_live'), 0);
  };
  expect(await eventually(held, (count) => count === those.length)).toBe(those.length);
  await allWell(those);
}, 120_000);

test('row 2: a host is gone without a word: each call is moved once, and only those', async () => {
  const those = await regulars(scene, CALLS_MAX, '603');
  const victim = those[0]?.node ?? 0;
  const hit = on(those, victim);
  const { proxies } = scene.stack;
  const lines = [proxies?.media[victim], proxies?.web[victim], proxies?.nodeOps[victim], proxies?.redisOf[victim]];
  await scene.during('nodeVanish', victim, async () => {
    await Promise.all(lines.map((line) => line?.set({ drop: 'both' })));
    await Promise.all(hit.map((one) => isMoved(one, 1)));
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
  });
  expect(those.map(moves)).toEqual(those.map((one) => (hit.includes(one) ? 1 : 0)));
  await allWell(those);
  scene.stack.nodes[victim]?.kill('SIGKILL');
  await scene.stack.nodes[victim]?.exited;
  await Promise.all(lines.map((line) => line?.heal()));
  await scene.revive(victim);
}, 120_000);

test('a node is killed and the carrier does nothing by itself', async () => {
  const those = await regulars(scene, CALLS_MAX, '604');
  const victim = those[0]?.node ?? 0;
  const hit = on(those, victim);
  scene.stack.twilio.faults.brokenStream = 'silence';
  await scene.during('nodeKillSilent', victim, async () => {
    scene.stack.nodes[victim]?.kill('SIGKILL');
    await Promise.all(hit.map((one) => isMoved(one, 1)));
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
  });
  scene.stack.twilio.faults.brokenStream = 'action';
  expect(those.map(moves)).toEqual(those.map((one) => (hit.includes(one) ? 1 : 0)));
  await allWell(those);
  await scene.revive(victim);
}, 120_000);

test('the history of all of it violates nothing, and each break cost one turn at most', async () => {
  const history = await scene.finish();
  expect(reportOf(history).violations).toEqual([]);
  expect(history.calls.filter((call) => lostTurns(call).length > 1)).toEqual([]);
}, 150_000);
