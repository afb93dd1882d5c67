import { afterAll, beforeAll, expect, test } from 'vitest';
import { limits } from '../../../machines/call-events.ts';
import type { FakeSession } from '../model/index.ts';
import type { SimCall } from '../twilio/index.ts';
import { accountOf, disagreements } from '../account.ts';
import { Bystander } from './bystander.fixture.ts';
import { Caller } from './caller.fixture.ts';
import { type ModelProxy, startModelProxy } from './model-proxy.fixture.ts';
import { eventually, startWorld, type World } from './world.fixture.ts';

const GREETING = 'Thanks for calling Mangy Dog Coffee! How can I help you today?';
const MENU = 'Our assistant is not available at the moment';
const LONG =
  'There is so very much to tell about our coffee that I hardly know where I should begin with it today, for there is the roast, and there is the water, and there is the cup, and then there is everything else.';
/** Of the answer's sound: when so much was made, the caller's words are known. */
const DIES_AT_MS = 3_500;

let world: World;
let proxy: ModelProxy;
let bystander: Bystander;
/** What befalls the sessions that are opened from now on. */
let befalls: (session: FakeSession) => void = () => undefined;

beforeAll(async () => {
  proxy = await startModelProxy(() => world.model?.url ?? '');
  world = await startWorld({
    env: { OPENAI_REALTIME_URL: proxy.url },
    model: {
      onSession: (session) => befalls(session),
      script: ({ kind, heard }) => {
        if (kind !== 'caller') return null;
        if (/broken arguments/i.test(heard)) return [{ call: 'get_menu', arguments: '{"category": "cof' }];
        if (/unknown tool/i.test(heard)) return [{ call: 'launch_rocket', arguments: {} }];
        if (/tell me and die/i.test(heard)) return [{ say: LONG, fault: { kind: 'die', atMs: DIES_AT_MS } }];
        return null;
      },
    },
  });
  bystander = await Bystander.begin(world, '+12075550501');
});

afterAll(async () => {
  await world.stop();
  await proxy.close();
  expect(world.complaints()).toEqual([]);
});

/** Every sound that the caller heard was speech, whole frame by whole frame. */
function expectNoNoise(call: SimCall): void {
  const { reader } = call.leg.ear;
  expect([reader.strayBytes, reader.corrupt]).toEqual([0, 0]);
  expect(reader.spans.map(({ speaker }) => speaker)).toEqual(reader.spans.map(() => 'line'));
}

/** A session that no caller waits for has shown that the model can be had. */
async function isBack(): Promise<void> {
  const resting = () => world.metric('aida_model_endpoint_resting');
  expect(await eventually(resting, (count) => count === 0)).toBe(0);
}

const strange: Record<'unknown' | 'broken', (string | Buffer)[]> = {
  unknown: ['{"type":"weather.changed","event_id":"e"}', '{"type":"response.output_audio.sung"}'],
  broken: [
    'hello',
    '{"type":',
    '[]',
    '{}',
    '{"type":7}',
    '{"type":"response.created"}',
    '{"type":"response.done","response":{"id":"resp_x","status":"on holiday"}}',
    '{"type":"response.output_item.done","item":{"type":"function_call","status":"completed"}}',
    '{"type":"response.output_audio.delta","event_id":"e","response_id":"resp_x","item_id":"item_x","output_index":0,"content_index":0,"delta":"####"}',
  ],
};
/** Of a shape that is known, about things that nobody knows. */
const untimely = [
  '{"type":"response.done","response":{"id":"resp_x","status":"completed","output":[]}}',
  '{"type":"session.updated","session":{}}',
  '{"type":"conversation.item.input_audio_transcription.failed","item_id":"item_x","error":{"code":"audio_unintelligible"}}',
  '{"type":"response.output_item.done","response_id":"resp_x","item":{"id":"item_x","type":"message","content":[]}}',
  '{"type":"error","error":{"type":"invalid_request_error","code":"no_such_code","message":"?"}}',
  '{"type":"error","error":{"type":"invalid_request_error","code":"response_cancel_not_active","message":"?"}}',
];

test('events that are broken, unknown or out of order are counted, and both conversations go on', async () => {
  const caller = new Caller(world, '+12075550502');
  await caller.hear(GREETING);
  const counts = async () => ({
    unknown: await world.metric('aida_model_events_ignored_total', { reason: 'unknown' }),
    broken: await world.metric('aida_model_events_ignored_total', { reason: 'broken' }),
  });
  const before = await counts();
  const sessions = 2;
  for (const message of [...strange.unknown, ...strange.broken, ...untimely, Buffer.from([0, 1, 2])])
    proxy.inject(message);
  await caller.say('Are you still there?');
  await caller.hear('You said: Are you still there?');
  await caller.heardOut();
  const after = await counts();
  expect({ unknown: after.unknown - before.unknown, broken: after.broken - before.broken }).toEqual({
    unknown: sessions * strange.unknown.length,
    broken: sessions * strange.broken.length,
  });
  await caller.hangUp();
  const account = await accountOf(world, caller.call);
  expect(disagreements(world, caller.call, account)).toEqual([]);
  expect(account.of('model.lost')).toEqual([]);
});

// None of these three asks what befalls new sessions: they are lived at the same time.
test.concurrent('tool arguments that are no JSON, and a tool that does not exist: words for the model, an answer for the caller', async () => {
  const caller = new Caller(world, '+12075550503');
  await caller.hear(GREETING);
  await caller.say('Please use broken arguments.');
  await caller.hear('The arguments are not valid JSON');
  await caller.say('Please use an unknown tool.');
  await caller.hear('There is no such tool');
  await caller.say('How much is an oat milk latte?');
  await caller.hear('5.25');
  await caller.hangUp();
  const account = await accountOf(world, caller.call);
  expect(account.of('tool.answered').map(({ result }) => result)).toEqual(['refused', 'refused', 'ok']);
  expect(await world.metric('aida_tool_runs_total', { tool: 'unknown' })).toBe(1);
});

test.concurrent('row 19: the model dies in mid-answer: another goes on and remembers', async () => {
  const caller = new Caller(world, '+12075550506');
  await caller.hear(GREETING);
  await caller.say('Please tell me and die.');
  await caller.hear('Sorry about that, as I was saying');
  await caller.hear('You asked me: Please tell me and die.');
  await caller.say('What did I just ask you?');
  await caller.hear('You asked me');
  await caller.hangUp();
  const account = await accountOf(world, caller.call);
  expect(account.of('model.lost')).toMatchObject([{ fatal: false }]);
  expect(account.of('model.ready')).toHaveLength(2);
  expect(caller.call.streams).toHaveLength(1);
  expect(disagreements(world, caller.call, account)).toEqual([]);
});

test.concurrent('a stream that breaks three times within a minute: the spoken menu, no loop', async () => {
  const caller = new Caller(world, '+12075550507');
  const { call } = caller;
  for (const heard of [GREETING, 'Sorry about that', 'Sorry about that']) {
    await caller.hear(heard);
    await call.waitFor(({ stream }) => stream !== null);
    const { stream } = call;
    stream?.cut();
    await stream?.ended;
  }
  await caller.hear(MENU);
  await caller.hangUp();
  const account = await accountOf(world, call);
  expect(account.outcome).toBe('menu');
  expect(account.of('carrier.nextAsked').map(({ breaks }) => breaks)).toEqual([1, 2, 3]);
  expect(call.streams.map(({ end }) => end?.by)).toEqual(['broken', 'broken', 'broken']);
});

test('the model refuses its configuration: a spoken menu, and never noise', async () => {
  befalls = (session) => session.refuseNextUpdate();
  const caller = new Caller(world, '+12075550504');
  await caller.hear(MENU);
  expectNoNoise(caller.call);
  await caller.press('1');
  await caller.hear('/open|closed/');
  await caller.hangUp();
  befalls = () => undefined;
  const account = await accountOf(world, caller.call);
  expect(account.outcome).toBe('menu');
  const codes = account.of('model.lost').map(({ code }) => code);
  expect([codes.length, codes[0]]).toEqual([limits.modelAttemptsMax, 'server_error']);
  // With the session that was made ready there may have been too many failures in a row for one more.
  expect(codes.filter((code) => code !== 'server_error' && code !== 'no_endpoint')).toEqual([]);
  await isBack();
});

test('the quota is gone: the spoken menu at once, without a second try', async () => {
  befalls = (session) => session.failNext('insufficient_quota');
  const caller = new Caller(world, '+12075550505');
  await caller.hear(MENU);
  expectNoNoise(caller.call);
  befalls = () => undefined;
  await caller.press('3');
  await caller.hear('leave a message after the tone');
  await caller.hangUp();
  const account = await accountOf(world, caller.call);
  expect(account.outcome).toBe('menu');
  // The session that was made ready may have found it out before the stream was there, or even before the first answer.
  const lost = account.of('model.lost').map(({ code, fatal }) => [code, fatal]);
  expect([[], [['insufficient_quota', true]], [['no_endpoint', true]]]).toContainEqual(lost);
  await isBack();
});

test('whoever was in a call meanwhile noticed nothing, and no session is left', async () => {
  await bystander.leave();
  await bystander.judge();
  expect(await world.metric('aida_faults_total')).toBe(0);
  const open = () => world.model?.sessions.filter((session) => session.open).length;
  expect(await eventually(open, (count) => count === 0)).toBe(0);
});
