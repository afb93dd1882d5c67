import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Knee } from './knee.ts';
import type { LoadSummary, TrendName, TrendSummary } from '../lib/summary.ts';
import type { Agreement } from './agreement.ts';
import { junitOf } from './junit.ts';
import { type MergedSummary, type PercentileName, samplesNeeded, shares } from './merge.ts';
import type { Happening } from './operator.ts';
import { pageOf } from './page.ts';
import type { Moment } from './progress.ts';
import type { Judgement, RigReport } from './verdict.ts';

/** Everything that is known of a run when it is over. */
export interface LoadResult {
  title: string;
  /** As it was asked for. */
  command: string;
  summary: MergedSummary;
  judgement: Judgement;
  rig: RigReport;
  /** Seconds from the beginning, and how many calls there were. */
  timeline: readonly Moment[];
  /** What was done to nodes. */
  happenings: readonly Happening[];
  /** Of the scenario that looks for it. */
  knee: Knee | null;
  /** What callers and nodes say of the same run; null where nodes are elsewhere, or came and went. */
  agreements: readonly Agreement[] | null;
}

export interface Written {
  json: string;
  junit: string;
  page: string;
}

/** Writes `load-<scenario>.json`, `.xml` and `.html`. */
export async function writeResult(folder: string, result: LoadResult): Promise<Written> {
  const { summary, judgement, rig, ...rest } = result;
  const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, node: process.version };
  const told = { ...summary, trends: honest(summary.trends) };
  const json = { ...rest, at: new Date().toISOString(), machine, ...judgement, summary: told, rig };
  await mkdir(folder, { recursive: true });
  const path = (ending: string): string => join(folder, `load-${summary.scenario}.${ending}`);
  const written = { json: path('json'), junit: path('xml'), page: path('html') };
  await writeFile(written.json, `${JSON.stringify(json, rounded, 2)}\n`);
  await writeFile(written.junit, junitOf(summary, judgement));
  await writeFile(written.page, pageOf(result));
  return written;
}

/** A percentile that too few samples say nothing of is null. */
function honest(trends: LoadSummary['trends']): object {
  const told = (Object.entries(trends) as [TrendName, TrendSummary][]).map(([name, trend]) => {
    const unknown = (Object.keys(shares) as PercentileName[])
      .filter((one) => trend.count < samplesNeeded(shares[one]))
      .map((one) => [one, null] as const);
    return [name, { ...trend, ...Object.fromEntries(unknown) }];
  });
  return Object.fromEntries(told);
}

/** Five digits say all that such a measurement knows. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}
