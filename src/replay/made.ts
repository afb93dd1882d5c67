import { isDeepStrictEqual } from 'node:util';
import type { CallEffect } from '../../machines/call-events.ts';
import type { Deadlines, Ending, Replayed, Step } from './replayed.ts';

/** What somebody else has made of a fact, as far as it was written down. */
export interface MadeStep {
  place?: string;
  effects?: CallEffect[];
  deadlines?: Deadlines;
}

/** What somebody else has made of a journal: an older release, or the nodes and consumers that lived the call. */
export interface Made {
  /** Who that was, in words. */
  by: string;
  /** By the place of the fact in the journal, `epoch-seq`. */
  steps: ReadonlyMap<string, MadeStep>;
  end: Partial<Ending>;
}

export interface Difference {
  /** `epoch-seq` of the fact, null for the end. */
  id: string | null;
  /** Type of the fact, `end`. */
  at: string;
  what: string;
  was: unknown;
  is: unknown;
}

export const idOf = ({ epoch, seq }: Pick<Step, 'epoch' | 'seq'>): string => `${epoch}-${seq}`;

/** Where this code comes to something else; what was not written down is not compared. */
export function differences(now: Replayed, made: Made): Difference[] {
  const found: Difference[] = [];
  for (const step of now.steps) {
    const was = made.steps.get(idOf(step));
    if (!was) continue;
    const where = { id: idOf(step), at: step.fact.type };
    for (const what of ['place', 'effects', 'deadlines'] as const)
      if (was[what] !== undefined && !isSame(was[what], step[what]))
        found.push({ ...where, what, was: was[what], is: step[what] });
  }
  for (const [what, was] of Object.entries(made.end))
    if (was !== undefined) found.push(...endDifferences(what, was, now.end[what as keyof Ending]));
  return found;
}

/** Of lists each entry by itself. */
function endDifferences(what: string, was: unknown, is: unknown): Difference[] {
  const end = { id: null, at: 'end' } as const;
  if (!Array.isArray(was) || !Array.isArray(is)) return isSame(was, is) ? [] : [{ ...end, what, was, is }];
  const [before, after]: [unknown[], unknown[]] = [was, is];
  return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index).flatMap((index) =>
    isSame(before[index], after[index])
      ? []
      : [{ ...end, what: `${what}[${index}]`, was: before[index] ?? null, is: after[index] ?? null }],
  );
}

/** As JSON tells them apart: what was written down has been through it. */
const isSame = (was: unknown, is: unknown): boolean => isDeepStrictEqual(plain(was), plain(is));
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));
