import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../eventually.ts';
import { post } from '../../e2e/stranger.fixture.ts';
import { samplePlacement } from '../placement-sampler.ts';
import { type Scene, startScene } from '../scene.ts';
import { questionOf } from '../stories.ts';
import { farewells, hangUpAll, judgeScene, Regular, regulars } from './regular.fixture.ts';

const CALLERS = 4;
const SLOW_MS = 3_000;
/** The life of a reservation, and a heartbeat. */
const RESERVED_MS_MAX = 25_000;
const NOBODY = `CA${'8'.repeat(32)}`;

let scene: Scene;
let abandonedMs = 0;

beforeAll(async () => {
  scene = await startScene({ nodes: 2, proxied: true });
});

afterEach(() => hangUpAll(scene));

afterAll(() => scene.stop());

const load = async (): Promise<number> =>
  (await samplePlacement(scene.stack.link)).reduce((sum, node) => sum + node.load, 0);

test('row 8: a call is answered and its stream never comes: it holds a place', async () => {
  const before = await load();
  const params = { CallSid: NOBODY, AccountSid: 'AC', CallStatus: 'ringing', From: '+12076209001', To: '+12075550142' };
  const answer = await post(scene.stack, { path: '/voice', params });
  abandonedMs = performance.now();
  expect(answer.body).toContain('<Stream');
  expect(await eventually(load, (now) => now === before + 1)).toBe(before + 1);
});

test('row 5: a webhook is swallowed by the first node: the second answers', async () => {
  const { proxies } = scene.stack;
  await scene.during('webhookLost', 0, async () => {
    await proxies?.web[0]?.set({ drop: 'both' });
    const those = await regulars(scene, 2, '621');
    await proxies?.web[0]?.heal();
    const tries = those.map(({ call }) => call.webhooks.find(({ url }) => /\/voice(#|$)/.test(url))?.tries.length);
    expect(new Set(tries)).toEqual(new Set([1, 2]));
    expect((await farewells(those)).map(({ lost }) => lost)).toEqual([null, null]);
  });
}, 60_000);

test('rows 6 and 22: every webhook twice at once at two nodes, callbacks twice and shuffled: one call each', async () => {
  const { faults } = scene.stack.twilio;
  const before = await load();
  await scene.during('callbackStorm', null, async () => {
    Object.assign(faults, { webhookTwice: 1, callbackTwice: 1, callbackDelayMsMax: 800 });
    const those = await regulars(scene, CALLERS, '622');
    expect(await load()).toBeLessThanOrEqual(before + CALLERS);
    await farewells(those);
    Object.assign(faults, { webhookTwice: 0, callbackTwice: 0, callbackDelayMsMax: 0 });
    expect(those.map(({ call }) => call.streams.length)).toEqual(those.map(() => 1));
    const arrivals = those.map(({ call }) => call.webhooks.filter(({ url }) => /\/voice(#|$)/.test(url)));
    expect(arrivals.map((twice) => twice.length)).toEqual(those.map(() => 2));
    expect(arrivals.map(([one, other]) => one?.body === other?.body)).toEqual(those.map(() => true));
  });
}, 60_000);

test('row 25: the carrier reads slowly: what is said comes late, and the call goes on', async () => {
  const regular = await Regular.begin(scene, '+12076259001');
  await regular.isAnsweredAgain();
  await scene.during('slowReader', null, async () => {
    regular.call.stream?.pauseReading();
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    regular.call.stream?.resumeReading();
    await regular.isAnsweredAgain();
  });
  expect((await regular.leave()).lost).toBe(null);
  expect(regular.call.streams).toHaveLength(1);
}, 60_000);

test('row 28: forged and malformed requests and sockets are refused, and who is in a call notices nothing', async () => {
  const regular = await Regular.begin(scene, '+12076289001');
  const params = { CallSid: regular.call.sid, AccountSid: 'AC', CallStatus: 'completed', From: '+1', To: '+1' };
  const paths = ['/voice', '/voice/next', '/voice/wait', '/voice/status', '/voice/stream-status', '/voice/fallback'];
  const answers = await Promise.all(
    paths.flatMap((path) => [
      post(scene.stack, { path, params, signature: 'forged' }),
      post(scene.stack, { path, params, signature: 'none' }),
    ]),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 403));
  await regular.isAnsweredAgain();
  expect((await regular.leave()).lost).toBe(null);
  expect(regular.call.streams).toHaveLength(1);
}, 60_000);

test('a line that breaks: its call goes on over another', async () => {
  const regular = await Regular.begin(scene, '+12076299001');
  await regular.isAnsweredAgain();
  await scene.during('lineCut', null, async () => {
    // In the middle of an answer: where nobody speaks nobody notices, and nothing is said of it.
    await regular.call.waitFor((call) => call.heard().at(-1)?.whole === false);
    regular.call.stream?.cut();
    await regular.call.waitFor(({ streams, stream }) => streams.length === 2 && stream !== null);
    await regular.patron.hear('Sorry about that');
  });
  expect((await regular.leave()).lost).toBe(null);
  expect(
    await scene.call('+12076299002', (patron) => patron.ask(questionOf(1)).then(() => undefined)).over,
  ).toMatchObject({
    lost: null,
  });
}, 60_000);

test('row 8: the place is given back by itself', async () => {
  const leftMs = RESERVED_MS_MAX - (performance.now() - abandonedMs);
  expect(await eventually(load, (now) => now === 0, Math.max(1_000, leftMs))).toBe(0);
}, 60_000);

test('the history of all of it violates nothing', async () => {
  await judgeScene(scene);
}, 150_000);
