import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountOf, CHARS_PER_SECOND } from '../account.ts';
import { type FakeModel, startFakeModel } from '../model/index.ts';
import { Caller } from './caller.fixture.ts';
import { eventually, startWorld, type World } from './world.fixture.ts';

const GREETING = 'Thanks for calling Mangy Dog Coffee! How can I help you today?';
const MENU = 'Our assistant is not available at the moment';

let world: World;
let second: FakeModel;
let callers = 0;

beforeAll(async () => {
  second = await startFakeModel({ charsPerSecond: CHARS_PER_SECOND });
  world = await startWorld({
    env: { FALLBACK_OPENAI_REALTIME_URL: second.url, FALLBACK_OPENAI_REALTIME_MODEL: 'gpt-realtime-2.1-mini' },
    model: {
      script: ({ kind, heard }) =>
        kind === 'caller' && /spend it all/i.test(heard) ? [{ fail: 'insufficient_quota' }] : null,
    },
  });
});

afterAll(async () => {
  await world.stop();
  await second.close();
  expect([...world.complaints(), ...second.complaints]).toEqual([]);
});

const newCaller = () => new Caller(world, `+1207555${String(7100 + (callers += 1))}`);
const resting = () => world.metric('aida_model_endpoint_resting');

test('the first endpoint refuses in mid-call: the second goes on and remembers', async () => {
  const caller = newCaller();
  await caller.hear(GREETING);
  await caller.say('Please spend it all.');
  // The turn was not in words when the session was lost, and the next one hears it itself, or it was.
  await caller.hear('spend it all');
  await caller.say('How much is an oat milk latte?');
  await caller.hear('5.25');
  await caller.hangUp();
  const account = await accountOf(world, caller.call);
  expect(account.of('model.lost')).toMatchObject([{ code: 'insufficient_quota', fatal: false }]);
  expect(account.of('model.ready').map(({ model }) => model)).toEqual(['gpt-realtime-2.1', 'gpt-realtime-2.1-mini']);
  expect([account.outcome, caller.call.streams.length]).toEqual(['answered', 1]);
});

test('row 27: no endpoint can be had: the keypad, for the next caller without a stream; with the first trial the assistant is back', async () => {
  const model = world.model as FakeModel;
  model.door = 401;
  second.door = 401;
  const first = newCaller();
  await first.hear(MENU);
  await first.hangUp();
  const opened = await world.metric('aida_model_sessions_opened_total');
  const next = newCaller();
  await next.hear(MENU);
  await next.press('1');
  await next.hear('/open|closed/');
  await next.hangUp();
  expect([next.call.streams.length, (await accountOf(world, next.call)).outcome]).toEqual([0, 'menu']);
  // Nobody but trials has knocked since, one at each endpoint at a time.
  const knocked = (await world.metric('aida_model_sessions_opened_total')) - opened;
  expect(knocked).toBeLessThanOrEqual(4);
  model.door = 'open';
  second.door = 'open';
  expect(await eventually(resting, (count) => count === 0)).toBe(0);
  const last = newCaller();
  await last.hear(GREETING);
  await last.hangUp();
  expect((await accountOf(world, last.call)).outcome).toBe('answered');
});
