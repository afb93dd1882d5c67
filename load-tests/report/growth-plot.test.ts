import { expect, test } from 'vitest';
import { growthPlots } from './growth-plot.ts';
import { benchResult } from './result.fixture.ts';
import type { BenchResult } from './results.ts';

const mib = 1024 * 1024;
const result = (details: unknown): BenchResult => benchResult('growth', { details });

test('what is held over calls that have ended; nothing without two readings', () => {
  const held = { rss: 150 * mib, heapUsed: 40 * mib, external: 10 * mib };
  const [plot] = growthPlots(result({ readings: [1_000, 2_000].map((calls) => ({ calls, held })) }));
  expect(plot?.file).toBe('growth.svg');
  expect(plot?.svg).toContain('resident: 150 MiB at 1,000, 150 MiB at 2,000. objects that live: 40 MiB at 1,000');
  for (const details of [null, {}, { readings: [] }, { readings: [{ calls: 1, held }] }])
    expect(growthPlots(result(details))).toEqual([]);
});
