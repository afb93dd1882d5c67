import { expect, test } from 'vitest';
import { runNemesis } from './nemesis.ts';
import { rendered, reportOf } from './report.ts';

const SEEDS = 10;
const MINUTES = 3;

test.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
  'seed %i violates nothing',
  async (seed) => {
    const report = reportOf(await runNemesis({ seed, minutes: MINUTES }));
    process.stdout.write(`${rendered(report)}\n`);
    expect(report.violations, rendered(report)).toEqual([]);
  },
  900_000,
);
