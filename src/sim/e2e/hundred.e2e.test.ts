import { IsNull, Not } from 'typeorm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CallLogEntity } from '../../../entities/call-log.ts';
import type { SimCall } from '../twilio/index.ts';
import { type Handles, handlesOf, leftBy, nothing } from './left.fixture.ts';
import { eventually, startWorld, type World } from './world.fixture.ts';

const CALLS = 100;
const BOUND_MS = 40_000;
const GREETING = 'Thanks for calling Mangy Dog Coffee! How can I help you today?';
const FAREWELL = 'Thank you for calling. Goodbye.';
/** Connections and timers come and go a little by themselves. */
const HANDLES_SPARE = 3;

let world: World;
let idle: Handles;

beforeAll(async () => {
  world = await startWorld({ env: { CALLS_MAX: String(CALLS) } });
  idle = await handlesOf(world);
});

afterAll(async () => {
  await world.stop();
  expect(world.complaints()).toEqual([]);
});

const wordsOf = (index: number): string => `This is caller number ${index} speaking`;
/** What callers hear who wait for an answer: a hundred at once on a machine that others use too may have to. */
const MOMENT = /^One moment/;
const assistant = (call: SimCall) =>
  call.heard().filter(({ speaker, text }) => speaker === 'assistant' && !MOMENT.test(text));
const hasHeard = (call: SimCall, count: number) =>
  (call.ended ? -1 : assistant(call).filter(({ whole }) => whole).length) >= count;

async function talk(call: SimCall, index: number): Promise<void> {
  call.speak(wordsOf(index));
  await call.waitFor(() => hasHeard(call, 2), BOUND_MS);
  call.speak('Goodbye!');
  await call.waitFor(() => call.ended, BOUND_MS);
  await call.done;
}

test('a hundred calls at once: every word goes there and back whole, and nothing is left of them', async () => {
  const calls = Array.from({ length: CALLS }, (_, index) =>
    world.twilio.placeCall({ from: `+1207555${1000 + index}`, to: '+12075550142', keepAudio: false }),
  );
  await Promise.all(calls.map((call) => call.waitFor(() => hasHeard(call, 1), BOUND_MS)));
  expect(await world.metric('aida_calls_live')).toBe(CALLS);
  await Promise.all(calls.map(talk));

  const heard = calls.map((call) => assistant(call).map(({ text, whole, faults }) => ({ text, whole, faults })));
  const whole = (text: string) => ({ text, whole: true, faults: 0 });
  expect(heard).toEqual(
    calls.map((_, index) => [whole(GREETING), whole(`You said: ${wordsOf(index)}`), whole(FAREWELL)]),
  );
  expect(calls.map(({ leg }) => leg.ear.reader.intact)).toEqual(calls.map(() => true));
  expect(calls.map((call) => [call.status, call.endedBy])).toEqual(calls.map(() => ['completed', 'service']));
  const talkedTo = world.model?.sessions.filter((session) => session.heard.length > 0) ?? [];
  const arrived = talkedTo.map((session) => session.heard.map(({ text }) => text).join('; '));
  expect(new Set(arrived)).toEqual(new Set(calls.map((_, index) => `${wordsOf(index)}; Goodbye!`)));
  expect(arrived).toHaveLength(CALLS);

  expect(
    await eventually(
      () => leftBy(world),
      (left) => JSON.stringify(left) === JSON.stringify(nothing),
    ),
  ).toEqual(nothing);
  const settled = (now: Handles) =>
    now.sockets <= idle.sockets + HANDLES_SPARE && now.timers <= idle.timers + HANDLES_SPARE;
  const now = await eventually(() => handlesOf(world), settled);
  expect(settled(now), JSON.stringify({ now, idle })).toBe(true);
  expect(idle.timers).toBeGreaterThan(0);
  const rows = () =>
    world.rows.getRepository(CallLogEntity).countBy({ status: 'COMPLETED', processedAt: Not(IsNull()) });
  expect(await eventually(rows, (count) => count === CALLS)).toBe(CALLS);
  expect(await world.metric('aida_calls_ended_total')).toBe(CALLS);
  expect(await world.metric('aida_faults_total')).toBe(0);
  expect(await world.metric('aida_dropped_frames_total')).toBe(0);
});
