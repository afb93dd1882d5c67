import { expect, test } from 'vitest';
import { figure } from './figure.ts';
import { measureRuns, type RunsInput } from './measure-runs.ts';
import type { repeated } from './quiet.ts';

/** Every run but the second is a quiet one, whatever the machine does, and nothing waits for a better moment. */
const repeatedThrice: typeof repeated = async (_, measure) => {
  const all = [];
  for (let run = 1; run <= 3; run++) all.push({ ...(await measure(run)), isQuiet: run !== 2 });
  return { all, kept: all.filter(({ isQuiet }) => isQuiet), isTrusted: true, runs: { measured: 3, quiet: 2 } };
};

test('each run is told; figures are the median of those that count, with all of them in the details', async () => {
  const lines: string[] = [];
  const found = [10, 90, 30];
  const input: RunsInput<{ us: number }> = {
    runs: { wanted: 2, triesMax: 3 },
    pids: [process.pid],
    work: () => Promise.resolve({ us: found[lines.length] ?? 0 }),
    tell: ({ us }) => `${us} µs`,
    say: (line) => lines.push(line),
  };
  const measured = await measureRuns(input, repeatedThrice);
  expect(lines.map((line) => /^(\d+ µs); (?:quiet|NOISY): /.exec(line)?.[1])).toEqual(['10 µs', '90 µs', '30 µs']);
  expect(measured.kept).toEqual([{ us: 10 }, { us: 30 }]);
  const { runs, details, figures } = measured.outcome([
    figure({ name: 'a', value: measured.of(({ us }) => us), unit: 'µs' }, measured.isTrusted),
  ]);
  expect([figures[0]?.value, runs]).toEqual([30, { measured: 3, quiet: 2 }]);
  expect(details).toMatchObject({ runs: [{ us: 10, isQuiet: true }, { us: 90, isQuiet: false }, { us: 30 }] });
});
