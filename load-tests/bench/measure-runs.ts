import type { Figure, Outcome } from './figure.ts';
import { describe, repeated, watched } from './quiet.ts';
import { median } from './statistics.ts';

export interface RunsInput<T> {
  /** Quiet runs that are wanted, and runs at most. */
  runs: { wanted: number; triesMax: number };
  /** The processes that belong to the measurement. */
  pids: readonly number[];
  work(): Promise<T>;
  /** What one run found, in a few words. */
  tell(result: T): string;
  say(line: string): void;
}

/** What several runs found, of the quiet ones where there are any. */
export interface Runs<T> {
  kept: readonly T[];
  isTrusted: boolean;
  /** The median over the runs. */
  of(pick: (result: T) => number): number;
  outcome(figures: Figure[]): Outcome;
}

/** Does the work until enough runs were quiet, and says how each of them was. */
export async function measureRuns<T extends object>(
  { runs, pids, work, tell, say }: RunsInput<T>,
  repeat = repeated,
): Promise<Runs<T>> {
  const measured = await repeat(runs, async () => {
    const one = await watched(pids, work);
    say(`${tell(one.result)}; ${describe(one)}`);
    return one;
  });
  const kept = measured.kept.map(({ result }) => result);
  return {
    kept,
    isTrusted: measured.isTrusted,
    of: (pick) => median(kept.map(pick)),
    outcome: (figures) => ({
      figures,
      runs: measured.runs,
      details: { runs: measured.all.map(({ result, noise, isQuiet }) => ({ ...result, noise, isQuiet })) },
    }),
  };
}
