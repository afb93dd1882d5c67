import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Figure } from '../bench/figure.ts';
import type { LoadResult } from '../run/result.ts';
import type { Judgement } from '../run/verdict.ts';

interface Told {
  title: string;
  command: string;
  /** ISO 8601. */
  at: string;
  machine: { cpu: string; cores: number; node: string };
}

/** A value that was no number came through JSON as null. */
export type StoredFigure = Omit<Figure, 'value'> & { value: number | null };

/** What `npm run bench` wrote of one measure. */
export interface BenchResult extends Told {
  measure: string;
  figures: StoredFigure[];
  runs: { measured: number; quiet: number };
  details: unknown;
}

/** What `npm run load` wrote of one scenario. */
export type LoadRun = Told & Omit<LoadResult, 'judgement'> & Judgement;

export interface Results {
  bench: BenchResult[];
  load: LoadRun[];
}

const has = (value: unknown, ...names: string[]): boolean =>
  typeof value === 'object' && value !== null && names.every((name) => name in value);

/** Every JSON file of the folder that is a result, in the order of the names. @throws for one that is not JSON */
export async function readResults(folder: string): Promise<Results> {
  const results: Results = { bench: [], load: [] };
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).toSorted();
  for (const name of names) {
    const value: unknown = JSON.parse(await readFile(join(folder, name), 'utf8'));
    if (!has(value, 'title', 'command', 'at', 'machine')) continue;
    if (has(value, 'measure', 'figures', 'runs')) results.bench.push(value as BenchResult);
    else if (has(value, 'summary', 'rig', 'verdict', 'thresholds', 'timeline')) results.load.push(value as LoadRun);
  }
  return results;
}
