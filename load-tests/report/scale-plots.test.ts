import { expect, test } from 'vitest';
import { benchResult } from './result.fixture.ts';
import type { BenchResult } from './results.ts';
import { scaleTables } from './scale-details.ts';
import { scalePlots } from './scale-plots.ts';

const result = (details: unknown): BenchResult => benchResult('scale', { details });

const row = (calls: number, cores: number) => {
  const times = { p50: 1, p99: calls === 0 ? null : calls / 100, p999: null };
  return { calls, cores, rssMiB: 100 + calls, commandsPerSecond: 10 * calls, toModelMs: times, toCallerMs: times };
};
const wordsOf = (plot?: { svg: string }): string => /<desc[^>]*>(.*)<\/desc>/.exec(plot?.svg ?? '')?.[1] ?? '';

test('CPU for each call with and without what an idle node uses, p99, memory and requests over calls', () => {
  const plots = scalePlots(result({ levels: [row(0, 0.02), row(50, 0.12), row(100, 0.22)], fleet: [] }));
  expect(plots.map(({ file }) => file)).toEqual([1, 2, 3, 4].map((number) => `scale-${number}.svg`));
  const [cpu, latency, memory, requests] = plots.map(wordsOf);
  expect(cpu).toContain('all of it: 2.4 ms at 50, 2.2 ms at 100.');
  expect(cpu).toContain('without what an idle node uses: 2 ms at 50, 2 ms at 100.');
  expect(latency).toContain('to the model: 0.5 ms at 50, 1 ms at 100.');
  expect(memory).toContain('100 MiB at 0, 150 MiB at 50, 200 MiB at 100');
  expect(requests).toContain('0 /s at 0, 500 /s at 50, 1,000 /s at 100');
});

test('the same for each call over nodes', () => {
  const fleet = [1, 2].map((size) => ({ ...row(100 * size, 0.2 * size), size }));
  const [cpu, requests, ...rest] = scalePlots(result({ levels: [], fleet })).map(wordsOf);
  expect([cpu, requests, rest]).toEqual([
    'CPU, ms over nodes of a fleet. CPU: 2 ms at 1, 2 ms at 2.',
    'requests, /s over nodes of a fleet. requests: 10 /s at 1, 10 /s at 2.',
    [],
  ]);
});

test('details of another shape give no picture', () => {
  for (const details of [null, 7, {}, { levels: 1, fleet: [] }]) {
    expect(scalePlots(result(details))).toEqual([]);
    expect(scaleTables(result(details))).toEqual([]);
  }
});

test('a table with a row for each number of calls, and one for each size of a fleet', () => {
  const fleet = [{ ...row(200, 0.4), size: 2, isQuiet: true }];
  const lines = scaleTables(result({ levels: [row(0, 0.02), row(50, 0.12)], fleet })).filter((line) =>
    /^\| \d/.test(line),
  );
  expect(lines).toEqual(['| 50 | 2.4 | 0.5 | 0.5 | 150 | 10 | noisy |', '| 2 | 200 | 2 | 2 | 2 | 300 | 10 |  |']);
});
