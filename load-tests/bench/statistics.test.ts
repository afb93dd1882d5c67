import { expect, test } from 'vitest';
import { median, percentiles, slope } from './statistics.ts';

test('percentiles are samples, by nearest rank', () => {
  const samples = Array.from({ length: 1000 }, (_, i) => 1000 - i);
  expect(percentiles(samples)).toEqual({ samples: 1000, p50: 500, p99: 990, p999: 999, max: 1000 });
  expect(percentiles([7])).toEqual({ samples: 1, p50: 7, p99: 7, p999: 7, max: 7 });
  expect(percentiles([]).p99).toBeNaN();
});

test('the median leaves its input alone', () => {
  const values = [3, 1, 2];
  expect([median(values), median([4, 1]), median([])]).toEqual([2, 4, Number.NaN]);
  expect(values).toEqual([3, 1, 2]);
});

test('the slope is that of the closest line', () => {
  expect(
    slope([
      [0, 5],
      [10, 25],
      [20, 45],
    ]),
  ).toBe(2);
  // One reading that is off moves it by its share.
  expect(
    slope([
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 4],
    ]),
  ).toBeCloseTo(1.2);
  expect(slope([[1, 1]])).toBeNaN();
});
