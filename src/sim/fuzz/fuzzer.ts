import { Random } from '../twilio/random.ts';

/** Tries one made-up input; a sentence where what came of it must not be. Whatever it throws is a fault too. */
export type Case = (random: Random) => string | null;

export interface Fuzzer {
  name: string;
  /** What cases of one run share. */
  begin(): Case;
}

export interface Fault {
  /** With these two the same input is made again. */
  seed: number;
  index: number;
  what: string;
}

const FAULTS_MAX = 5;
const SPREAD = 2_654_435_761;

/** Each case has a seed of its own, so that one can be tried again without those before it. */
export const randomOf = (seed: number, index: number): Random => new Random(Math.imul(seed, SPREAD) + index);

export function fuzz({ begin }: Fuzzer, seed: number, cases: number): Fault[] {
  const tryOne = begin();
  const faults: Fault[] = [];
  for (let index = 0; index < cases && faults.length < FAULTS_MAX; index += 1) {
    const what = attempt(() => tryOne(randomOf(seed, index)));
    if (what !== null) faults.push({ seed, index, what });
  }
  return faults;
}

function attempt(work: () => string | null): string | null {
  try {
    return work();
  } catch (error) {
    return `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}
