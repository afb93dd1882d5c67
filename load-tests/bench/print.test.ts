import { expect, test } from 'vitest';
import { figure, type Outcome } from './figure.ts';
import { printAll, table } from './print.ts';

const outcome = (quiet: number): Outcome => ({
  figures: [
    figure({ name: 'CPU beside a bare splice', value: 1.1, unit: '×', target: { is: '≤', value: 1.15 } }, true),
    figure({ name: 'to the model, p99.9', value: 7.25, unit: 'ms' }, true),
    figure({ name: 'collection pauses, longest', value: 3, unit: 'ms' }, true),
    figure({ name: 'of it the journal', value: 30, unit: 'KiB' }, true),
  ],
  runs: { measured: 3, quiet },
  details: null,
});

test('one table at the end: what was promised, ratios, percentiles and pauses of every measure', () => {
  const lines: string[] = [];
  printAll(
    [
      { measure: 'path', outcome: outcome(2) },
      { measure: 'other', outcome: outcome(0) },
    ],
    (line) => lines.push(line),
  );
  const cells = lines.filter(Boolean).map((line) => line.split(/ {2,}/));
  expect(cells.slice(1, 4)).toEqual([
    ['path', 'CPU beside a bare splice', '1.10 ×', '≤ 1.15 ×', 'ok'],
    ['path', 'to the model, p99.9', '7.25 ms'],
    ['path', 'collection pauses, longest', '3 ms'],
  ]);
  expect(cells[5]).toEqual(['other', 'to the model, p99.9', '7.25 ms', 'noisy']);
  expect(cells).toHaveLength(7);
});

test('columns are as wide as their longest word', () => {
  expect(
    table([
      ['a', 'bb'],
      ['ccc', 'd', 'e'],
    ]),
  ).toEqual(['a    bb', 'ccc  d   e']);
});
