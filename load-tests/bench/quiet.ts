import { hash } from 'node:crypto';
import { busyMs, coreCount, cpuMsOf } from './cores.ts';
import { median } from './statistics.ts';

/** A run counts only while the machine is at most so much slower than at its best, before and after it. */
const slowdownMax = 0.15;
/** … and while processes that are none of ours, or other machines on the same iron, take so much of all cores at most. */
const foreignShareMax = 0.05;
const loopInput = new Uint8Array(2 * 1024 * 1024);
const loopsPerCheck = 15;

/** Milliseconds of wall time for a fixed amount of work: native code, which no compiler changes meanwhile. */
function loopMs(): number {
  const startedAt = performance.now();
  hash('sha256', loopInput);
  return performance.now() - startedAt;
}

const loops = (count: number): number[] => Array.from({ length: count }, loopMs);

let bestMs = Number.POSITIVE_INFINITY;

/** How much slower than at its best this process runs at present: 0.1 is a tenth. */
function slowdown(): number {
  const measured = loops(loopsPerCheck);
  bestMs = Math.min(bestMs, ...measured);
  return median(measured) / bestMs - 1;
}

/** Before a run a better moment is waited for, so long at most. */
const calmMsMax = 5_000;
const calmPollMs = 500;

async function calm(): Promise<void> {
  const from = performance.now();
  while (slowdown() > slowdownMax && performance.now() - from < calmMsMax) {
    await new Promise((resolve) => setTimeout(resolve, calmPollMs));
  }
}

export interface Noise {
  slowdownBefore: number;
  slowdownAfter: number;
  /** Share of all cores that others used meanwhile; null where the system does not say. */
  foreignShare: number | null;
}

export interface Watched<T> {
  result: T;
  noise: Noise;
  isQuiet: boolean;
  /** Milliseconds of CPU by process id. */
  cpuMs: Map<number, number>;
  elapsedMs: number;
}

export function isQuiet({ slowdownBefore, slowdownAfter, foreignShare }: Noise): boolean {
  return Math.max(slowdownBefore, slowdownAfter) <= slowdownMax && (foreignShare ?? 0) <= foreignShareMax;
}

/** Runs `work` and tells how quiet the machine was. `pids`: the processes that belong to the measurement. */
export async function watched<T>(pids: readonly number[], work: () => Promise<T>): Promise<Watched<T>> {
  const slowdownBefore = slowdown();
  const before = await Promise.all(pids.map((pid) => cpuMsOf([pid])));
  const busyBefore = await busyMs();
  const startedAt = performance.now();
  const result = await work();
  const elapsedMs = performance.now() - startedAt;
  const busy = (await busyMs()) - busyBefore;
  const after = await Promise.all(pids.map((pid) => cpuMsOf([pid])));
  const cpuMs = new Map<number, number>();
  for (const [i, pid] of pids.entries()) {
    const [from, to] = [before[i] ?? null, after[i] ?? null];
    if (from !== null && to !== null) cpuMs.set(pid, to - from);
  }
  const own = cpuMs.values().reduce((sum, ms) => sum + ms, 0);
  const foreignShare = cpuMs.size === pids.length ? Math.max(0, busy - own) / (elapsedMs * coreCount) : null;
  const noise = { slowdownBefore, slowdownAfter: slowdown(), foreignShare };
  return { result, noise, isQuiet: isQuiet(noise), cpuMs, elapsedMs };
}

export interface Repeated<T> {
  all: Watched<T>[];
  /** The quiet ones; all where there is none. */
  kept: Watched<T>[];
  isTrusted: boolean;
  runs: { measured: number; quiet: number };
}

/** Measures until `wanted` runs were quiet, at most `triesMax` times. */
export async function repeated<T>(
  { wanted, triesMax }: { wanted: number; triesMax: number },
  measure: (run: number) => Promise<Watched<T>>,
): Promise<Repeated<T>> {
  const all: Watched<T>[] = [];
  for (let run = 1; run <= triesMax && all.filter((one) => one.isQuiet).length < wanted; run++) {
    await calm();
    all.push(await measure(run));
  }
  const quiet = all.filter((one) => one.isQuiet);
  // Without one quiet run there are figures all the same, but nothing is held against the node.
  const runs = { measured: all.length, quiet: quiet.length };
  return { all, kept: quiet.length > 0 ? quiet : all, isTrusted: quiet.length > 0, runs };
}

export function describe({ noise, isQuiet: quiet }: Pick<Watched<unknown>, 'noise' | 'isQuiet'>): string {
  const percent = (share: number | null): string => (share === null ? 'unknown' : `${Math.round(share * 100)} %`);
  const slower = percent(Math.max(noise.slowdownBefore, noise.slowdownAfter));
  return `${quiet ? 'quiet' : 'NOISY'}: machine ${slower} slower than at its best, others used ${percent(noise.foreignShare)}`;
}
