import { readFile } from 'node:fs/promises';
import { cpuMsOf } from '../bench/cores.ts';

export type Parts = Readonly<Record<string, readonly number[]>>;

interface Reading {
  part: string;
  pid: number;
  cpuMs: number;
  waitedMs: number;
}

interface Seen extends Reading {
  cpuFromMs: number;
  waitedFromMs: number;
}

const nsPerMs = 1e6;

/**
 * Milliseconds in which the main thread of a process had something to do and its core was taken, since it began: the second
 * figure of its schedstat. 0 where the system does not say.
 */
export function waitedMsIn(schedstat: string): number {
  const waited = Number(schedstat.trim().split(' ')[1]);
  return Number.isFinite(waited) ? waited / nsPerMs : 0;
}

/** CPU of the processes of a run, by part. A process may come and go: what was last seen of it counts. */
export class UsageWatch {
  readonly #parts: () => Parts;
  readonly #seen = new Map<number, Seen>();

  /** `parts`: process ids as they are at the moment. */
  constructor(parts: () => Parts) {
    this.#parts = parts;
  }

  /** What is there now is not counted; what starts later is counted from its beginning. */
  async begin(): Promise<void> {
    for (const one of await this.#read())
      this.#seen.set(one.pid, { ...one, cpuFromMs: one.cpuMs, waitedFromMs: one.waitedMs });
  }

  /** To be called every few seconds: a process that is gone tells nothing any more. */
  async sample(): Promise<void> {
    for (const one of await this.#read()) {
      const { cpuFromMs, waitedFromMs } = this.#seen.get(one.pid) ?? { cpuFromMs: 0, waitedFromMs: 0 };
      this.#seen.set(one.pid, { ...one, cpuFromMs, waitedFromMs });
    }
  }

  /** Core-seconds by part. */
  get coreSeconds(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { part, cpuMs, cpuFromMs } of this.#seen.values())
      sums[part] = (sums[part] ?? 0) + (cpuMs - cpuFromMs) / 1000;
    return sums;
  }

  /** Seconds in which the processes of a part waited for a core, all together. */
  waited(wanted: string): number {
    let seconds = 0;
    for (const { part, waitedMs, waitedFromMs } of this.#seen.values())
      if (part === wanted) seconds += (waitedMs - waitedFromMs) / 1000;
    return seconds;
  }

  async #read(): Promise<Reading[]> {
    const all = Object.entries(this.#parts()).flatMap(([part, pids]) => pids.map((pid) => ({ part, pid })));
    const read = await Promise.all(
      all.map(async ({ part, pid }) => {
        const [cpuMs, schedstat] = await Promise.all([
          cpuMsOf([pid]),
          readFile(`/proc/${pid}/schedstat`, 'latin1').catch(() => ''),
        ]);
        return cpuMs === null ? [] : [{ part, pid, cpuMs, waitedMs: waitedMsIn(schedstat) }];
      }),
    );
    return read.flat();
  }
}
