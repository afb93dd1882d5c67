import { expect, test } from 'vitest';
import type { CallEvent } from '../../machines/call-events.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { AnswerScore } from './answer-score.ts';

const arrived = { type: 'carrier.arrived', at: 10_000, from: '+15035550100', to: '+15035550101' } as CallEvent;
const started = (at: number): CallEvent => ({ type: 'carrier.streamStarted', at, streamSid: 'MZ1', node: 'a' });
const stopped = (at: number): CallEvent => ({ type: 'carrier.streamStopped', at, streamSid: 'MZ1', reason: 'stopped' });

async function told(earlier: CallEvent[], story: (score: AnswerScore) => void) {
  const metrics = createMetrics();
  story(new AnswerScore(metrics, earlier, null));
  const { values } = await metrics.callsAnswered.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels['result'], value]));
}

test.each([
  ['in time', 11_999, { in_time: 1 }],
  ['at the last moment', 12_000, { in_time: 1 }],
  ['late', 12_001, { late: 1 }],
])('a caller who hears something %s', async (_, at, expected) => {
  const story = (score: AnswerScore): void => {
    score.heard(at);
    score.heard(at + 5_000);
    score.hear(stopped(at + 9_000));
  };
  expect(await told([arrived], story)).toEqual(expected);
});

test.each([
  ['hangs up early', 11_500, { hung_up: 1 }],
  ['waited in vain', 15_000, { never: 1 }],
])('a caller who heard nothing and %s', async (_, at, expected) => {
  expect(await told([arrived], (score) => score.hear(stopped(at)))).toEqual(expected);
});

test('a call that streamed before, one that waited in line, and one that nothing is known of are not counted', async () => {
  const story = (score: AnswerScore): void => score.heard(90_000);
  expect(await told([arrived, started(10_200), stopped(20_000)], story)).toEqual({});
  expect(await told([{ ...arrived, queued: true } as CallEvent], story)).toEqual({});
  expect(await told([], story)).toEqual({});
});

test('its time goes into the histogram, with the trace of the call', async () => {
  const metrics = createMetrics();
  new AnswerScore(metrics, [arrived], 'a'.repeat(32)).heard(10_400);
  const { text } = await metrics.expose('application/openmetrics-text');
  expect(text).toMatch(/aida_answer_seconds_bucket\{le="0\.5"\} 1 # \{trace_id="a{32}"\} 0\.4 /);
});
