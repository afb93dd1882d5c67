import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../eventually.ts';
import { metricIn, metricsOf } from '../../node-metrics.ts';
import { type LossKind, withoutNode } from '../node-loss.ts';
import { lostTurns } from '../report.ts';
import { type Scene, startScene } from '../scene.ts';
import { farewells, hangUpAll, judgeScene, moves, type Regular, regulars } from './regular.fixture.ts';

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

afterEach(() => hangUpAll(scene));

afterAll(() => scene.stop());

/** Those whose stream is at the node that has the first's, and that node. */
function hitOf(those: readonly Regular[]): { victim: number; hit: Regular[] } {
  const victim = those[0]?.node ?? 0;
  return { victim, hit: those.filter(({ node }) => node === victim) };
}

const isMoved = ({ call }: Regular) =>
  call.waitFor(({ streams, stream }) => stream !== null && streams.length > 1, RESUMED_MS);

/** A node is lost under its callers; each of them is held by another afterwards, and talked with. */
async function lose(those: readonly Regular[], kind: LossKind): Promise<Regular[]> {
  const { victim, hit } = hitOf(those);
  await withoutNode(scene, kind, victim, async () => {
    await Promise.all(hit.map(isMoved));
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
    expect(hit.map(({ node }) => node)).not.toContain(victim);
  });
  expect(those.map(({ call }) => call.streams.length)).toEqual(those.map((one) => (hit.includes(one) ? 2 : 1)));
  return hit;
}

/** Nobody was lost, and nobody had to say more than one thing again. */
async function allWell(those: readonly Regular[]): Promise<void> {
  expect((await farewells(those)).map(({ lost }) => lost)).toEqual(those.map(() => null));
  expect(those.filter(({ asks }) => asks.filter((times) => times > 1).length > 1)).toEqual([]);
}

const movedOnce = (those: readonly Regular[], hit: readonly Regular[]) =>
  expect(those.map(moves)).toEqual(those.map((one) => (hit.includes(one) ? 1 : 0)));

test('row 1: a node is killed; row 31: the fleet was full: all go on elsewhere and remember', async () => {
  const those = await regulars(scene, ADMITTED, '600');
  const hit = await lose(those, 'nodeKill');
  expect(hit.length).toBeGreaterThan(0);
  await allWell(those);
}, 120_000);

test('row 21: whoever hangs up while the call moves is gone', async () => {
  const { victim, hit } = hitOf(await regulars(scene, CALLS_MAX, '601'));
  await withoutNode(scene, 'nodeKill', victim, async () => {
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
  expect(hit.map(({ call }) => [call.status, call.endedBy])).toEqual(hit.map(() => ['completed', 'phone']));
}, 60_000);

test('row 3: a node is frozen and comes back; row 30: what was told to stop meanwhile is not over', async () => {
  const those = await regulars(scene, CALLS_MAX, '602');
  const hit = await lose(those, 'nodeFreeze');
  await Promise.all(those.map((one) => one.isAnsweredAgain()));
  movedOnce(those, hit);
  const held = async () => {
    const texts = await Promise.all(scene.stack.nodes.map(({ opsPort }) => metricsOf(opsPort)));
    return texts.reduce((sum, text) => sum + metricIn(text, 'aida_calls_live'), 0);
  };
  expect(await eventually(held, (count) => count === those.length)).toBe(those.length);
  await allWell(those);
}, 120_000);

test('row 2: a host is gone without a word: each of its calls is moved, and no other', async () => {
  const those = await regulars(scene, CALLS_MAX, '603');
  const hit = await lose(those, 'nodeVanish');
  // A balancer that checks nothing may send the carrier to where nobody is: it must be asked again then.
  expect(those.map((one) => Math.min(1, moves(one)))).toEqual(those.map((one) => (hit.includes(one) ? 1 : 0)));
  await allWell(those);
}, 120_000);

test('a node is killed and the carrier does nothing by itself: each of its calls is moved once', async () => {
  const those = await regulars(scene, CALLS_MAX, '604');
  movedOnce(those, await lose(those, 'nodeKillSilent'));
  await allWell(those);
}, 120_000);

test('the history of all of it violates nothing, and each break cost one turn at most', async () => {
  const history = await judgeScene(scene);
  expect(history.calls.filter((call) => lostTurns(call).length > 1)).toEqual([]);
}, 150_000);
