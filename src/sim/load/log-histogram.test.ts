import { expect, test } from 'vitest';
import { isEnough, LogHistogram } from './log-histogram.ts';

test('percentiles are within one percent of the samples, from microseconds to minutes', () => {
  for (const scale of [0.01, 1, 50]) {
    const histogram = new LogHistogram();
    for (let i = 1; i <= 10_000; i++) histogram.add(i * scale);
    for (const share of [0.5, 0.9, 0.99, 0.999]) {
      const found = histogram.percentile(share) ?? Number.NaN;
      expect(Math.abs(found / (10_000 * share * scale) - 1)).toBeLessThan(0.01);
    }
    expect([histogram.min, histogram.max]).toEqual([scale, 10_000 * scale]);
    expect(histogram.mean).toBeCloseTo(5_000.5 * scale, 5);
  }
});

test('too few samples have no percentile', () => {
  const histogram = new LogHistogram();
  expect(histogram.percentile(0.5)).toBeNull();
  for (let i = 0; i < 99; i++) histogram.add(i);
  expect(histogram.percentile(0.99)).toBeNull();
  expect(histogram.percentile(0.95)).not.toBeNull();
  histogram.add(1);
  expect(histogram.percentile(0.99)).not.toBeNull();
  expect([isEnough(999, 0.999), isEnough(1_000, 0.999)]).toEqual([false, true]);
});

test('a reset one is empty', () => {
  const histogram = new LogHistogram();
  histogram.add(5);
  histogram.reset();
  expect([histogram.count, histogram.sum, histogram.max, histogram.percentile(0.5)]).toEqual([0, 0, 0, null]);
});
