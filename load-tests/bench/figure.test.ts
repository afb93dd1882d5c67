import { expect, test } from 'vitest';
import { figure, judge } from './figure.ts';

test('a kept target is kept on a noisy machine too; a missed one is void there', () => {
  const target = { is: '<', value: 5 } as const;
  expect([judge(4.9, target, true), judge(4.9, target, false)]).toEqual(['ok', 'ok']);
  expect([judge(5, target, true), judge(5, target, false)]).toEqual(['missed', 'void']);
  expect(judge(Number.NaN, target, true)).toBe('void');
  expect(judge(4, { is: '≥', value: 4 }, true)).toBe('ok');
  expect(judge(180, { is: '≤', value: 180 }, true)).toBe('ok');
  expect(judge(1, { is: '=', value: 0 }, true)).toBe('missed');
});

test('without a target there is no verdict', () => {
  expect(figure({ name: 'a', value: 1, unit: 'ms' }, true)).toEqual({
    name: 'a',
    value: 1,
    unit: 'ms',
    target: null,
    verdict: null,
    beside: '',
  });
});
