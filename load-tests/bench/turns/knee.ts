import type { Contestant } from './contestants.ts';
import { type Measured, type Rig, rigShareMax } from './rig.ts';

/** A contestant carries a load while its frames arrive within so many ms, p99, both ways. */
export const kneeP99Ms = 20;
/** Loads that are tried, in calls. */
const levels = [25, 50, 75, 100, 150, 200, 300, 400, 600, 800] as const;
export const levelMax = levels.at(-1) as number;
const warmMs = 2_500;
const windowMs = 4_000;

export interface Knee {
  /** The most calls that it carried. */
  calls: number;
  /** It carries more than callers and model can give. */
  isOpen: boolean;
  /** Not numbers where it did not take so many. */
  tried: { calls: number; toModelMs: number; toCallerMs: number; cores: number; rigCores: number; carried: boolean }[];
}

/** Adds calls, from `start` on, until the contestant or the rig is at its end; goes down where the first is too much. */
export async function findKnee(
  rig: Pick<Rig, 'grow' | 'measure' | 'end'>,
  contestant: Contestant,
  { start, withSilence }: { start: number; withSilence: boolean },
): Promise<Knee> {
  const tried: Knee['tried'] = [];
  let best = 0;
  let isOpen = false;
  const attempt = async (calls: number): Promise<'carried' | 'not' | 'rig'> => {
    const isTaken = await rig.grow(contestant, calls).then(
      () => true,
      () => false,
    );
    if (!isTaken) {
      tried.push({ calls, toModelMs: NaN, toCallerMs: NaN, cores: NaN, rigCores: NaN, carried: false });
      return 'not';
    }
    let measured = await rig.measure(contestant, warmMs, windowMs, withSilence);
    // Somebody else's stall is no knee.
    if (!isCarried(measured)) measured = await rig.measure(contestant, 0, windowMs, withSilence);
    const carried = isCarried(measured);
    const { toModel, toCaller } = measured.result;
    const { contestant: cores, rig: rigCores } = measured.cores;
    tried.push({ calls, toModelMs: toModel.p99, toCallerMs: toCaller.p99, cores, rigCores, carried });
    if (carried) best = Math.max(best, calls);
    // A stall makes frames late as well: the rig is at its end when its core is full.
    if (rigCores > rigShareMax && (carried || cores < rigCores)) return 'rig';
    return carried ? 'carried' : 'not';
  };
  try {
    for (const calls of levels.filter((level) => level >= start)) {
      const outcome = await attempt(calls);
      isOpen = outcome === 'rig' || (outcome === 'carried' && calls === levelMax);
      if (outcome !== 'carried') break;
    }
  } finally {
    await rig.end(contestant);
  }
  for (const calls of levels.filter((level) => level < start).toReversed()) {
    if (best > 0) break;
    try {
      await attempt(calls);
    } finally {
      await rig.end(contestant);
    }
  }
  return { calls: best, isOpen, tried };
}

function isCarried({ result: { toModel, toCaller } }: Measured): boolean {
  return toModel.p99 < kneeP99Ms && toCaller.p99 < kneeP99Ms;
}
