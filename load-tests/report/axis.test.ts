import { describe, expect, test } from 'vitest';
import { axis, numberText, withUnit } from './axis.ts';

const ticksOf = (values: number[], zero: 'always' | 'near' = 'near'): readonly number[] =>
  axis({ values, from: 0, to: 100, ticksWanted: 6, zero }).ticks;

describe('an axis', () => {
  test('has round ticks that reach beyond every value', () => {
    expect(ticksOf([50, 400])).toEqual([0, 100, 200, 300, 400]);
    expect(ticksOf([0.213, 1.37])).toEqual([0, 0.5, 1, 1.5]);
    expect(ticksOf([1, 2, 4])).toEqual([0, 1, 2, 3, 4]);
    expect(ticksOf([-16, 10])).toEqual([-20, -15, -10, -5, 0, 5, 10]);
  });

  test('leaves zero out only where it is far off and may', () => {
    expect(ticksOf([80, 120])[0]).toBe(80);
    expect(ticksOf([80, 120], 'always')[0]).toBe(0);
  });

  test('of no value and of one has somewhere to draw', () => {
    expect(ticksOf([])).toEqual([0, 1]);
    expect(ticksOf([Number.NaN, Number.POSITIVE_INFINITY])).toEqual([0, 1]);
    const one = axis({ values: [5], from: 0, to: 100, ticksWanted: 6, zero: 'near' });
    expect([one.ticks[0], one.ticks.at(-1), one.at(5)]).toEqual([2, 8, 50]);
    expect(ticksOf([0])).toEqual([0, 1]);
  });

  test('places values in proportion, upside down too', () => {
    const up = axis({ values: [0, 400], from: 300, to: 100, ticksWanted: 4, zero: 'near' });
    expect([0, 100, 400].map((value) => up.at(value))).toEqual([300, 250, 100]);
  });
});

test('numbers keep three digits that count, and every digit of a whole number', () => {
  expect([0.02134, 3.14159, 48.25, 12_345, 12_345.6, -16.19, Number.NaN].map(numberText)).toEqual([
    ...['0.0213', '3.14', '48.3', '12,345', '12,346', '-16.2', 'none'],
  ]);
  expect([withUnit(4, ''), withUnit(4, 'ms'), withUnit(Number.NaN, 'ms')]).toEqual(['4', '4 ms', 'none']);
});
