import { type FigureInput, figure } from '../bench/figure.ts';
import type { BenchResult } from './results.ts';

export const machine = { cpu: 'a cpu', cores: 2, node: 'v24.0.0' };
export const at = '2026-11-23T01:00:00.000Z';

/** As `npm run bench` stores it. */
export function benchResult(
  measure: string,
  { figures = [], details = null }: { figures?: readonly FigureInput[]; details?: unknown },
): BenchResult {
  return {
    measure,
    title: `what ${measure} measures`,
    command: `npm run bench -- ${measure}`,
    at,
    machine,
    figures: figures.map((one) => figure(one, true)),
    runs: { measured: 3, quiet: 2 },
    details,
  };
}
