import { beforeEach, expect, test } from 'vitest';
import type { TurnTimes } from '../calls/stream-port.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { EarClock } from './ear-clock.ts';

let metrics: Metrics;
let ear: EarClock;
let answers: (TurnTimes & { agoMs: number })[];
let firstWords: number[];
let firstHeard: number[];

beforeEach(() => {
  metrics = createMetrics();
  answers = [];
  firstWords = [];
  firstHeard = [];
  ear = new EarClock(metrics, {
    onFirstWord: (ms) => firstWords.push(ms),
    onFirstHeard: (agoMs) => firstHeard.push(agoMs),
    onAnswered: (times, agoMs) => answers.push({ ...times, agoMs }),
  });
});

/** How many, and their sum in seconds. */
async function seen(
  name: 'firstWordSeconds' | 'silenceSeconds' | 'bargeInSeconds' | 'deadAirSeconds',
): Promise<number[]> {
  const { values } = await metrics[name].get();
  const of = (end: string) => values.find(({ metricName }) => metricName.endsWith(end))?.value ?? -1;
  return [of('_count'), of('_sum')];
}

test('the first word of a call, once', async () => {
  ear.started(1_000, null);
  ear.begun(1_080);
  ear.begun(9_000);
  expect(await seen('firstWordSeconds')).toEqual([1, 0.08]);
  expect(await seen('deadAirSeconds')).toEqual([0, 0]);
  expect(firstWords).toEqual([80]);
});

test('the silence before an answer, from the last sound of a caller on', async () => {
  ear.speechStopped(1_000, 500);
  ear.begun(1_400);
  ear.heard(600, 2_050);
  ear.heard(1_200, 2_650);
  expect(await seen('silenceSeconds')).toEqual([1, 0.95]);
  expect(answers).toEqual([{ silenceMs: 950, vadMs: 500, modelMs: null, bridgeMs: 400, playoutMs: 50, agoMs: 600 }]);
});

test('what a silence was made of: the wait for more words, the model, this process, the way to the ear', () => {
  ear.speechStopped(1_000, 500);
  expect(ear.awaitsAnswer).toBe(true);
  ear.came(1_700);
  expect(ear.awaitsAnswer).toBe(false);
  ear.begun(1_702);
  ear.heard(100, 1_900);
  expect(answers).toEqual([{ silenceMs: 1_300, vadMs: 500, modelMs: 700, bridgeMs: 2, playoutMs: 98, agoMs: 100 }]);
  const [times] = answers;
  expect((times?.vadMs ?? 0) + (times?.modelMs ?? 0) + (times?.bridgeMs ?? 0) + (times?.playoutMs ?? 0)).toBe(1_300);
});

test('a sentence of ours that was first is the answer, whatever the model sends after it', () => {
  ear.speechStopped(1_000, 500);
  ear.begun(2_500);
  ear.came(2_550);
  ear.heard(100, 2_700);
  expect(answers).toMatchObject([{ silenceMs: 2_100, modelMs: null, bridgeMs: 1_500, playoutMs: 100 }]);
});

test('a traced call leaves its trace with what its caller waited for', async () => {
  ear.started(0, 'a'.repeat(32));
  ear.begun(80);
  ear.speechStopped(1_000, 500);
  ear.begun(1_400);
  ear.heard(600, 2_050);
  const { text } = await metrics.expose('application/openmetrics-text');
  const lines = text.split('\n').filter((line) => line.includes(`trace_id="${'a'.repeat(32)}"`));
  expect(lines.map((line) => line.split('{')[0])).toEqual([
    'aida_first_word_seconds_bucket',
    'aida_silence_seconds_bucket',
    'aida_silence_handed_seconds_bucket',
  ]);
});

test('the first sound that was played is told once, whatever it was', () => {
  ear.started(0, null);
  ear.begun(80);
  ear.heard(200, 400);
  ear.heard(200, 900);
  expect(firstHeard).toEqual([200]);
});

test.each([
  [1_999, 'no'],
  [2_000, 'yes'],
])('a stream whose caller waited %i ms ended with dead air: %s', async (waitedMs, dead_air) => {
  ear.started(0, null);
  ear.begun(100);
  ear.speechStopped(10_000, 500);
  ear.begun(10_000 + waitedMs);
  ear.closed(20_000);
  ear.closed(20_000);
  expect((await metrics.streamsEnded.get()).values).toEqual([{ labels: { dead_air }, value: 1 }]);
});

test('a stream that no call was attached to is none', async () => {
  ear.closed(5_000);
  expect((await metrics.streamsEnded.get()).values).toEqual([]);
});

test('a turn without words has no answer', async () => {
  ear.speechStopped(1_000, 500);
  ear.turnWasNone();
  ear.heard(600, 2_050);
  expect(await seen('silenceSeconds')).toEqual([0, 0]);
});

test('air is dead where a caller waits for two seconds, whatever ends it', async () => {
  ear.started(0, null);
  ear.begun(1_999);
  ear.speechStopped(10_000, 500);
  ear.begun(12_000);
  ear.speechStopped(20_000, 500);
  ear.speechStarted(23_000);
  ear.waits(30_000);
  ear.waits(31_000);
  ear.closed(34_000);
  expect(await seen('deadAirSeconds')).toEqual([3, 9]);
});

test('from the first sound of a caller to the word that the carrier stopped', async () => {
  ear.silenced(500);
  ear.interrupted(1_000);
  ear.silenced(1_030);
  ear.silenced(1_031);
  const [count, sum] = await seen('bargeInSeconds');
  expect([count, Number(sum?.toFixed(3))]).toEqual([1, 0.03]);
});
