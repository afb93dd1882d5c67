import { beforeEach, expect, test } from 'vitest';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { EarClock } from './ear-clock.ts';

let metrics: Metrics;
let ear: EarClock;

beforeEach(() => {
  metrics = createMetrics();
  ear = new EarClock(metrics);
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
  ear.started(1_000);
  ear.begun(1_080);
  ear.begun(9_000);
  expect(await seen('firstWordSeconds')).toEqual([1, 0.08]);
  expect(await seen('deadAirSeconds')).toEqual([0, 0]);
});

test('the silence before an answer, from the last sound of a caller on', async () => {
  ear.speechStopped(1_000, 500);
  ear.begun(1_400);
  ear.heard(600, 2_050);
  ear.heard(1_200, 2_650);
  expect(await seen('silenceSeconds')).toEqual([1, 0.95]);
});

test('a turn without words has no answer', async () => {
  ear.speechStopped(1_000, 500);
  ear.turnWasNone();
  ear.heard(600, 2_050);
  expect(await seen('silenceSeconds')).toEqual([0, 0]);
});

test('air is dead where a caller waits for two seconds, whatever ends it', async () => {
  ear.started(0);
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
