import { median } from './statistics.ts';

/** What two ways of doing something cost, measured in turns: both meet the same machine. */
export interface Beside {
  /** Nanoseconds for one; the median of the rounds. */
  oursNs: number;
  referenceNs: number;
  /** oursNs / referenceNs of the same round; the median. */
  ratio: number;
}

/** Gives the nanoseconds that one took. */
type Timed = () => number | Promise<number>;

/** So many rounds, and one before them that does not count: the compiler's. */
export async function inTurns(rounds: number, ours: Timed, reference: Timed): Promise<Beside> {
  const samples: { oursNs: number; referenceNs: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const sample = { oursNs: await ours(), referenceNs: await reference() };
    if (round > 0) samples.push(sample);
  }
  return {
    oursNs: median(samples.map(({ oursNs }) => oursNs)),
    referenceNs: median(samples.map(({ referenceNs }) => referenceNs)),
    ratio: median(samples.map(({ oursNs, referenceNs }) => oursNs / referenceNs)),
  };
}

/** Nanoseconds for one of so many. The sum of what they give is looked at, so that none of them is left out. */
export function nsEach(times: number, work: (index: number) => number): number {
  const startedAt = process.hrtime.bigint();
  let sum = 0;
  for (let i = 0; i < times; i++) sum += work(i);
  const tookNs = Number(process.hrtime.bigint() - startedAt);
  if (Number.isNaN(sum)) throw new Error('the work gave no number');
  return tookNs / times;
}

/** The same for work that is waited for, one after the other. */
export async function nsEachAwaited(times: number, work: (index: number) => Promise<unknown>): Promise<number> {
  const startedAt = process.hrtime.bigint();
  for (let i = 0; i < times; i++) await work(i);
  return Number(process.hrtime.bigint() - startedAt) / times;
}
