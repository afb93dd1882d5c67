import fc from 'fast-check';
import { expect, test } from 'vitest';
import { summarizeTrend, trendBoundsMs } from '../lib/summary.ts';
import { mergeSummaries, mergeTrend, samplesNeeded, shares, type PercentileName } from './merge.ts';
import { range, summary } from './summary.fixture.ts';

const name = 'aida_silence';

test('counts, calls and failures of several generators are sums', () => {
  const merged = mergeSummaries([
    summary({
      counters: { aida_calls: 3, aida_turns: 7 },
      calls: { started: 3, answered: 2, failed: { no_answer: 1 } },
    }),
    summary({
      generator: 'dense',
      counters: { aida_calls: 4 },
      calls: { started: 4, answered: 4, failed: { no_answer: 2, overdue: 1 } },
    }),
  ]);
  expect(merged.counters).toEqual({ aida_calls: 7, aida_turns: 7 });
  expect(merged.calls).toMatchObject({ started: 7, answered: 6, failed: { no_answer: 3, overdue: 1 } });
  expect(merged).toMatchObject({ generator: 'k6 + dense', generators: ['k6', 'dense'], isExact: false });
});

test('one generator stays as it is', () => {
  const only = summary({ trends: { [name]: range(700, 40) } });
  expect(mergeSummaries([only])).toEqual({ ...only, generators: ['k6'], isExact: true });
});

test('merged times have the count, sum, least and greatest of all samples, and percentiles no smaller than the true ones and in the same bucket', () => {
  const samples = fc.array(fc.integer({ min: 1, max: 12_000 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(samples, samples, samples, (a, b, c) => {
      const whole = summarizeTrend(name, [...a, ...b, ...c]);
      const merged = mergeTrend(
        name,
        [a, b, c].map((one) => summarizeTrend(name, one)),
      );
      const { count, min, max, buckets } = whole;
      expect(merged).toMatchObject({ count, min, max, buckets });
      expect(merged.mean).toBeCloseTo(whole.mean, 6);
      const bounds = [0, ...trendBoundsMs[name], Infinity];
      for (const percentile of Object.keys(shares) as PercentileName[]) {
        const bucket = bounds.findIndex((bound) => whole[percentile] <= bound);
        expect(merged[percentile]).toBeGreaterThanOrEqual(whole[percentile]);
        expect(bounds.findIndex((bound) => merged[percentile] <= bound)).toBe(bucket);
      }
    }),
  );
});

test('a generator without samples changes nothing', () => {
  const some = summarizeTrend(name, range(700, 40));
  expect(mergeTrend(name, [summarizeTrend(name, []), some])).toEqual(some);
  expect(mergeTrend(name, [summarizeTrend(name, []), summarizeTrend(name, [])]).count).toBe(0);
});

test('different buckets are no sum', () => {
  const other = { ...summarizeTrend(name, [1]), buckets: [{ le: 7, count: 1 }] };
  expect(() => mergeTrend(name, [summarizeTrend(name, [1]), other])).toThrow('different buckets');
});

test('thresholds are judged on the sum: on counts, on rates by calls, on means', () => {
  const part = (failed: number, started: number, mean: number) =>
    summary({
      trends: { aida_webhook: [mean, mean] },
      counters: { aida_words_wrong: failed },
      calls: { started },
      thresholds: [
        { name: 'aida_words_wrong count<3', ok: failed < 3, value: failed, limit: 3 },
        { name: 'aida_ok rate>0.9', ok: true, value: 1 - failed / started, limit: 0.9 },
        { name: 'aida_webhook avg<20', ok: mean < 20, value: mean, limit: 20 },
      ],
    });
  expect(mergeSummaries([part(2, 10, 10), part(2, 90, 40)]).thresholds).toEqual([
    { name: 'aida_words_wrong count<3', ok: false, value: 4, limit: 3 },
    { name: 'aida_ok rate>0.9', ok: true, value: 0.96, limit: 0.9 },
    { name: 'aida_webhook avg<20', ok: false, value: 25, limit: 20 },
  ]);
});

test('a least count is asked of all together: of each generator by its share', () => {
  const part = (turns: number, limit: number) =>
    summary({
      counters: { aida_turns: turns },
      thresholds: [{ name: `aida_turns count>=${limit}`, ok: turns >= limit, value: turns, limit }],
    });
  expect(mergeSummaries([part(5, 3), part(1, 2)]).thresholds).toEqual([
    { name: 'aida_turns count>=5', ok: true, value: 6, limit: 5 },
  ]);
  expect(mergeSummaries([part(3, 3), part(1, 2)]).thresholds[0]?.ok).toBe(false);
});

test('a percentile that all generators kept is kept by the sum; where they differ the buckets tell', () => {
  const rule = 'aida_silence p(95)<1000';
  const part = (samples: number[]) => {
    const trend = summarizeTrend(name, samples);
    return summary({
      trends: { [name]: samples },
      thresholds: [{ name: rule, ok: trend.p95 < 1000, value: trend.p95, limit: 1000 }],
    });
  };
  const slow = Array.from({ length: 10 }, () => 1900);
  const okOf = (...parts: number[][]) => mergeSummaries(parts.map(part)).thresholds[0]?.ok;
  expect(okOf(range(900, 100), range(850, 100))).toBe(true);
  expect(okOf([...range(850, 90), ...slow], [...range(850, 100), ...range(850, 100)])).toBe(true);
  expect(okOf([...range(850, 90), ...slow], range(850, 60))).toBe(false);
  expect(okOf([], [])).toBe(false);
});

test('a percentile needs as many samples as it takes to have one beyond it', () => {
  expect(Object.values(shares).map(samplesNeeded)).toEqual([2, 10, 20, 100, 1000]);
});
