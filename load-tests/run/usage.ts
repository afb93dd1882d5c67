import { readFile } from 'node:fs/promises';
import { cpuMsOf } from '../bench/cores.ts';

/** Of the fields of a core's line in /proc/stat: idle, and waiting for a disk. */
const idleFields = [4, 5];
/** user, nice, system, idle, iowait, irq, softirq, steal: guest time is in user time already. */
const fieldsOfAll = 8;

export interface CoreTime {
  busy: number;
  all: number;
}

/** Ticks of each core since the machine started, by number. */
export function coreTimes(stat: string): CoreTime[] {
  return stat
    .split('\n')
    .filter((line) => /^cpu\d/.test(line))
    .map((line) => {
      const fields = line.split(/\s+/).map(Number);
      const all = fields.slice(1, fieldsOfAll + 1).reduce((sum, ticks) => sum + ticks, 0);
      const idle = idleFields.reduce((sum, field) => sum + (fields[field] ?? 0), 0);
      return { busy: all - idle, all };
    });
}

/** Share of the time in which these cores were busy; null where the system does not say. */
export function busyShare(
  before: readonly CoreTime[],
  after: readonly CoreTime[],
  cores: readonly number[],
): number | null {
  let [busy, all] = [0, 0];
  for (const core of cores) {
    const [from, to] = [before[core], after[core]];
    if (!from || !to) return null;
    busy += to.busy - from.busy;
    all += to.all - from.all;
  }
  return all > 0 ? busy / all : null;
}

export type Parts = Readonly<Record<string, readonly number[]>>;

/** CPU of the processes of a run, by part. A process may come and go: what was last seen of it counts. */
export class UsageWatch {
  readonly #parts: () => Parts;
  readonly #first = new Map<number, number>();
  readonly #last = new Map<number, number>();
  readonly #part = new Map<number, string>();
  #coresBefore: CoreTime[] = [];
  #coresAfter: CoreTime[] = [];

  /** `parts`: process ids as they are at the moment. */
  constructor(parts: () => Parts) {
    this.#parts = parts;
  }

  /** What is there now is not counted; what starts later is counted from its beginning. */
  async begin(): Promise<void> {
    this.#coresBefore = coreTimes(await readFile('/proc/stat', 'latin1').catch(() => ''));
    for (const [part, pid, ms] of await this.#read()) {
      this.#part.set(pid, part);
      this.#first.set(pid, ms);
      this.#last.set(pid, ms);
    }
  }

  /** To be called every few seconds: a process that is gone tells nothing any more. */
  async sample(): Promise<void> {
    for (const [part, pid, ms] of await this.#read()) {
      this.#part.set(pid, part);
      this.#last.set(pid, ms);
    }
    this.#coresAfter = coreTimes(await readFile('/proc/stat', 'latin1').catch(() => ''));
  }

  /** Core-seconds by part. */
  get coreSeconds(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const [pid, ms] of this.#last) {
      const part = this.#part.get(pid) ?? '';
      sums[part] = (sums[part] ?? 0) + (ms - (this.#first.get(pid) ?? 0)) / 1000;
    }
    return sums;
  }

  /** Share of the time in which these cores were busy until the last sample. */
  busy(cores: readonly number[]): number | null {
    return busyShare(this.#coresBefore, this.#coresAfter, cores);
  }

  async #read(): Promise<[part: string, pid: number, ms: number][]> {
    const all = Object.entries(this.#parts()).flatMap(([part, pids]) => pids.map((pid) => [part, pid] as const));
    const read = await Promise.all(
      all.map(async ([part, pid]) => [part, pid, await cpuMsOf([pid])] as [string, number, number | null]),
    );
    return read.filter((one): one is [string, number, number] => one[2] !== null);
  }
}
