import { expect, test } from 'vitest';
import { plotOf } from './plot.ts';

test('bars stand on the ground, the greatest below a round number that the lines across divide', () => {
  const { marks, bars, height } = plotOf(
    ['a', 'b', 'c'],
    [{ name: 'Calls', tone: 'a', kind: 'bars', values: [0, 37, 10] }],
  );
  expect(marks.map(({ text }) => text)).toEqual(['0', '10', '20', '30', '40']);
  expect(bars).toHaveLength(2);
  const ground = marks[0]?.y ?? 0;
  for (const bar of bars) expect(bar.y + bar.height).toBeCloseTo(ground, 0);
  expect(bars[0]?.height).toBeGreaterThan(bars[1]?.height ?? 0);
  expect(ground).toBeLessThan(height);
});

test('a line is broken where nothing was measured', () => {
  const { lines } = plotOf(
    ['a', 'b', 'c', 'd'],
    [{ name: 'Waiting', tone: 'c', kind: 'line', values: [1, 2, null, 4] }],
  );
  expect(lines.map(({ points }) => points.split(' ').length)).toEqual([2, 1]);
});

test('with many labels only some are written, and without any there is a frame', () => {
  const many = plotOf(
    Array.from({ length: 100 }, (_, index) => String(index)),
    [],
  );
  expect(many.labels.length).toBeLessThanOrEqual(8);
  const none = plotOf([], [{ name: 'Calls', tone: 'a', kind: 'bars', values: [] }]);
  expect([none.bars, none.labels, none.marks.length]).toEqual([[], [], 5]);
});
