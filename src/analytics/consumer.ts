import { isTransient } from './faults.ts';
import type { StoredFact } from './stored-fact.ts';

/** What a consumer group does with facts. */
export interface Consumer {
  group: string;
  /**
   * Takes them in, all or none, and may see any of them again. Resolves with those that are to come again later.
   * Rejects when none was taken in.
   */
  take(facts: readonly StoredFact[]): Promise<readonly StoredFact[]>;
  /** True if a rejection cannot be due to what `take` writes to being away. */
  isHealthy(): Promise<boolean>;
}

export interface Taken<F> {
  /** Taken in for good. */
  done: F[];
  later: F[];
  /** Refused by themselves alone, with why. */
  poison: { fact: F; error: unknown }[];
}

/** Thrown when what a consumer writes to is away: nothing is known of the facts. */
export class ConsumerAway extends Error {
  override readonly name = 'ConsumerAway';
}

/**
 * Has facts taken in together; when that fails for their own sake, halves them until those that fail alone are found.
 * Order is kept within each call.
 * @throws ConsumerAway with what went wrong as its cause
 */
export async function takeApart<F extends StoredFact>(consumer: Consumer, facts: readonly F[]): Promise<Taken<F>> {
  const taken: Taken<F> = { done: [], later: [], poison: [] };
  const waiting: (readonly F[])[] = facts.length > 0 ? [facts] : [];
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    try {
      const later = new Set<StoredFact>(await consumer.take(next));
      for (const fact of next) (later.has(fact) ? taken.later : taken.done).push(fact);
    } catch (error) {
      if (isTransient(error) || !(await consumer.isHealthy())) throw new ConsumerAway(consumer.group, { cause: error });
      const [only, ...others] = next;
      if (only && others.length === 0) taken.poison.push({ fact: only, error });
      else waiting.unshift(next.slice(0, next.length >> 1), next.slice(next.length >> 1));
    }
  }
  return taken;
}
