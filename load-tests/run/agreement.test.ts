import { expect, test } from 'vitest';
import { agreementsOf } from './agreement.ts';
import { figuresIn, type NodeFigures, since } from './node-figures.ts';
import { range, summary } from './summary.fixture.ts';

const page = (samples: readonly number[], streams = 3): string =>
  [
    '# TYPE aida_streams_total counter',
    `aida_streams_total ${streams}`,
    'aida_calls_ended_total{outcome="completed"} 2',
    'aida_calls_ended_total{outcome="left"} 1',
    'aida_frames_total{direction="from_caller"} 700',
    'aida_frames_total{direction="to_caller"} 500',
    'aida_marks_total{direction="sent"} 9',
    'aida_marks_total{direction="echoed"} 8',
    'aida_callback_seconds_count 4',
    ...[0.4, 0.6, 0.8, 1, 1.25].map(
      (le) => `aida_silence_seconds_bucket{le="${le}"} ${samples.filter((ms) => ms <= le * 1000).length}`,
    ),
    `aida_silence_seconds_bucket{le="+Inf"} ${samples.length}`,
    `aida_silence_seconds_sum ${samples.reduce((sum, ms) => sum + ms / 1000, 0)}`,
    `aida_silence_seconds_count ${samples.length}`,
    '',
  ].join('\n');

const callers = (samples: readonly number[]) =>
  summary({
    trends: { aida_silence: samples },
    counters: {
      aida_calls: 3,
      aida_answered: 2,
      aida_resumed: 1,
      aida_callbacks: 4,
      aida_frames_sent: 700,
      aida_frames_received: 500,
      aida_marks_echoed: 8,
    },
  });

const differing = (samples: readonly number[], nodes: NodeFigures): string[] =>
  agreementsOf(callers(samples), nodes)
    .filter(({ ok }) => !ok)
    .map(({ name }) => name);

test('what nodes tell is read in the terms of the callers, all series of a name together', () => {
  const { counts, trends } = figuresIn(page([700, 900, 1300]));
  expect(counts).toEqual({
    streams: 3,
    frames_from_caller: 700,
    frames_to_caller: 500,
    marks_sent: 9,
    marks_echoed: 8,
    calls_ended: 3,
    callbacks: 4,
  });
  const { count, sumMs, buckets } = trends.aida_silence ?? { count: 0, sumMs: 0, buckets: [] };
  expect([count, Math.round(sumMs)]).toEqual([3, 2900]);
  expect(buckets.map(({ le, count: below }) => `${le}: ${below}`)).toEqual([
    '400: 0',
    '600: 0',
    '800: 1',
    '1000: 2',
    '1250: 2',
  ]);
});

test('only what came between two readings counts', () => {
  const { counts, trends } = since(figuresIn(page([700], 1)), figuresIn(page([700, 900], 3)));
  expect([counts.streams, counts.frames_to_caller, trends.aida_silence?.count]).toEqual([2, 0, 1]);
  expect(trends.aida_silence?.buckets.find(({ le }) => le === 1000)?.count).toBe(1);
});

test('the same run told by both agrees', () => {
  const samples = range(700, 30);
  expect(differing(samples, figuresIn(page(samples)))).toEqual([]);
  expect(agreementsOf(callers(samples), figuresIn(page(samples))).map(({ name }) => name)).toEqual([
    'calls',
    'streams',
    'callbacks',
    'frames from callers',
    'frames to callers',
    'marks echoed',
    ...['samples', 'mean', 'p50', 'p90', 'p95'].map((figure) => `aida_silence ${figure}`),
  ]);
});

test('one frame, one sample, a mean beyond 10 % and a percentile two buckets away are said', () => {
  const samples = range(700, 30);
  const frames = page(samples).replace('direction="to_caller"} 500', 'direction="to_caller"} 499');
  expect(differing(samples, figuresIn(frames))).toEqual(['frames to callers']);
  const late = figuresIn(page(samples).replace('direction="from_caller"} 700', 'direction="from_caller"} 680'));
  expect(differing(samples, late)).toEqual(['frames from callers']);
  const closed = { ...callers(samples), calls: { ...callers(samples).calls, hungUpByUs: 1 } };
  expect(agreementsOf(closed, late).every(({ ok }) => ok)).toBe(true);
  expect(differing(range(700, 29), figuresIn(page(samples)))).toEqual(['aida_silence samples']);
  expect(differing(range(790, 30), figuresIn(page(samples)))).toEqual(['aida_silence mean']);
  const slow = [...range(700, 28), 1200, 1200];
  expect(differing(slow, figuresIn(page(samples)))).toEqual(['aida_silence p95']);
});
