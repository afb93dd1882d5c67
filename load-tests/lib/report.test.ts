import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketOf } from './buckets.ts';
import { type K6Data, partsAsked, summaryOf, textOf } from './report.ts';
import { summarizeTrend, trendBoundsMs } from './summary.ts';

/** What k6 hands over after these samples of one trend. */
function dataOf(samples: readonly number[], more: K6Data['metrics'] = {}): K6Data {
  const trend = summarizeTrend('aida_silence', samples);
  const metrics: Record<string, K6Data['metrics'][string]> = {
    aida_silence: {
      values: {
        count: trend.count,
        avg: trend.mean,
        min: trend.min,
        med: trend.p50,
        max: trend.max,
        'p(95)': trend.p95,
      },
      thresholds: { 'p(95)<1500': { ok: trend.p95 < 1_500 } },
    },
    aida_calls: { values: { count: 3 } },
    'aida_failed{why:no_answer}': { values: { count: 2 }, thresholds: { 'count>=0': { ok: true } } },
    ...more,
  };
  for (const sample of samples) {
    const name = `aida_silence_bucket{le:${bucketOf('aida_silence', sample)}}`;
    metrics[name] = { values: { count: (metrics[name]?.values['count'] ?? 0) + 1 } };
  }
  return { metrics, state: { testRunDurationMs: 2_500 } };
}

const named = { generator: 'k6', scenario: 'smoke' };

test('buckets that k6 counted one by one add up to those that are counted from samples', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9_000 }), { maxLength: 60 }), (samples) => {
      const { buckets, count } = summaryOf(dataOf(samples), named).trends.aida_silence ?? {};
      expect(buckets).toEqual(summarizeTrend('aida_silence', samples).buckets);
      expect(count).toBe(samples.length);
    }),
  );
});

test('every bucket and every reason is asked of k6: it tells of nothing else', () => {
  const asked = Object.keys(partsAsked());
  for (const sample of [0, 200, 201, 8_000, 8_001]) {
    expect(asked).toContain(`aida_silence_bucket{le:${bucketOf('aida_silence', sample)}}`);
  }
  expect(asked.filter((name) => name.startsWith('aida_silence_bucket'))).toHaveLength(
    trendBoundsMs.aida_silence.length + 1,
  );
  expect(asked).toContain('aida_failed{why:no_answer}');
});

test('rules come with what was found; without a sample none is kept, but of gaps', () => {
  const none = { thresholds: { 'max<400': { ok: true } }, values: { count: 0, avg: 0, max: 0 } };
  const summary = summaryOf(dataOf([700, 900], { aida_first_word: none, aida_gap: none }), named);
  expect(summary.thresholds).toEqual([
    { name: 'aida_silence p(95)<1500', ok: true, value: 900, limit: 1_500 },
    { name: 'aida_first_word max<400', ok: false, value: null, limit: 400 },
  ]);
  expect(summary.calls).toMatchObject({ started: 3, failed: { no_answer: 2 } });
  const text = textOf(summary);
  expect(text).toContain('failed: 2 × no_answer');
  expect(text).toMatch(/ok {4} aida_silence p\(95\)<1500: 900/);
  expect(text).toMatch(/MISSED aida_first_word max<400: nothing measured/);
});

test('percentiles are of nearest rank', () => {
  const trend = summarizeTrend(
    'aida_gap',
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
  expect(trend).toMatchObject({
    count: 100,
    min: 1,
    mean: 50.5,
    max: 100,
    p50: 50,
    p90: 90,
    p95: 95,
    p99: 99,
    p999: 100,
  });
  expect(summarizeTrend('aida_gap', [])).toMatchObject({ count: 0, min: 0, mean: 0, max: 0, p50: 0, p999: 0 });
});
