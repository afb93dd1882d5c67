import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../eventually.ts';
import { samplePlacement } from '../placement-sampler.ts';
import { type Scene, startScene } from '../scene.ts';
import { farewells, hangUpAll, judgeScene, nobodyNoticed, Regular, regulars } from './regular.fixture.ts';

const CALLERS = 4;
const CALLS_MAX = 10;
const BLOCKED_MS = 2_000;
const HOUR_MS = 3_600_000;

let scene: Scene;

beforeAll(async () => {
  scene = await startScene({ nodes: 2, proxied: true, env: { CALLS_MAX: String(CALLS_MAX) } });
});

afterEach(() => hangUpAll(scene));

afterAll(() => scene.stop());

const roomOf = async (node: number): Promise<number> =>
  (await samplePlacement(scene.stack.link)).find((one) => one.node === `node-${node + 1}`)?.capacity ?? 0;

test('row 4: an event loop does nothing for two seconds: its calls stutter, and it takes no more until it is well', async () => {
  const those = await regulars(scene, CALLERS, '640');
  const node = those[0]?.node ?? 0;
  await scene.during('nodeBusy', node, async () => {
    await scene.stack.nodes[node]?.inflict({ block: BLOCKED_MS });
    expect(
      await eventually(
        () => roomOf(node),
        (room) => room < CALLS_MAX,
      ),
    ).toBeLessThan(CALLS_MAX);
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
  });
  expect(
    await eventually(
      () => roomOf(node),
      (room) => room === CALLS_MAX,
    ),
  ).toBe(CALLS_MAX);
  expect((await farewells(those)).map(({ lost }) => lost)).toEqual(those.map(() => null));
  expect(those.map(({ call }) => call.streams.length)).toEqual(those.map(() => 1));
}, 120_000);

test('row 24: the wall clocks of two nodes are an hour off, each the other way: nobody notices, nobody is moved', async () => {
  const those = await regulars(scene, CALLERS, '641');
  await scene.during('nodeClock', null, async () => {
    await Promise.all(
      scene.stack.nodes.map((node, index) => node.inflict({ clock: index === 0 ? HOUR_MS : -HOUR_MS })),
    );
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
    those.push(await Regular.begin(scene, '+12076419001'));
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
    await Promise.all(scene.stack.nodes.map((node) => node.inflict({ clock: 0 })));
  });
  await nobodyNoticed(those);
}, 120_000);

test('row 26: a handler of one call throws: that call goes on over another stream, the others notice nothing', async () => {
  const those = await regulars(scene, CALLERS, '642');
  const [hit, ...others] = those;
  if (!hit) throw new Error('nobody called');
  await scene.during('callThrows', null, async () => {
    await scene.stack.nodes[hit.node]?.inflict({ throwIn: hit.call.sid });
    await hit.call.waitFor(({ streams, stream }) => streams.length === 2 && stream !== null);
    await Promise.all(those.map((one) => one.isAnsweredAgain()));
  });
  expect((await hit.leave()).lost).toBe(null);
  await nobodyNoticed(others);
}, 120_000);

test('row 29: whoever folds a journal throws: keypad, staff or voicemail, and no node dies of it', async () => {
  const hit = await Regular.begin(scene, '+12076439001');
  const bystander = await Regular.begin(scene, '+12076439002');
  await scene.during('callThrows', null, async () => {
    // Whoever holds it throws, and then whoever takes it over, wherever that is.
    await Promise.all(scene.stack.nodes.map((node) => node.inflict({ throwIn: hit.call.sid })));
    await hit.patron.hear('/not available at the moment|connect you with our staff|after the tone|Sorry about that/');
    await bystander.isAnsweredAgain();
  });
  expect(hit.call.ended).toBe(false);
  hit.call.hangUp();
  await nobodyNoticed([bystander]);
}, 120_000);

test('the history of all of it violates nothing', async () => {
  await judgeScene(scene);
}, 150_000);
