import { type Consumer, takeApart } from './consumer.ts';
import type { StoredFact } from './stored-fact.ts';

const limits = {
  /** Facts taken in together. */
  batchMax: 1_000,
  /** What comes first waits so long for the rest. */
  gatherMs: 20,
} as const;

/** Facts of one partition that came together, and what is to be done once they are taken in, or cannot be now. */
export interface Parcel<F extends StoredFact> {
  facts: readonly F[];
  /** Those that were refused by themselves alone, with why. */
  done(poison: { fact: F; error: unknown }[]): void;
  failed(error: unknown): void;
}

/**
 * Has what several partitions brought taken in together: a transaction costs the same for one fact as for a hundred.
 * One batch at a time; what comes meanwhile makes the next one.
 */
export class Gatherer<F extends StoredFact> {
  private readonly consumer: Consumer;
  private waiting: Parcel<F>[] = [];
  private isBusy = false;

  constructor(consumer: Consumer) {
    this.consumer = consumer;
  }

  /** Rejects when nothing is known of the facts: what takes them in is away. */
  take(facts: readonly F[]): Promise<{ fact: F; error: unknown }[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ facts, done: resolve, failed: reject });
      if (this.isBusy) return;
      this.isBusy = true;
      setTimeout(() => void this.drain(), limits.gatherMs);
    });
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) await this.takeTogether(this.next());
    this.isBusy = false;
  }

  /** As many parcels as make one batch, one at least. */
  private next(): Parcel<F>[] {
    let count = 0;
    const fits = this.waiting.findIndex(({ facts }, index) => (count += facts.length) > limits.batchMax && index > 0);
    return this.waiting.splice(0, fits === -1 ? this.waiting.length : fits);
  }

  private async takeTogether(parcels: readonly Parcel<F>[]): Promise<void> {
    try {
      const { poison } = await takeApart(
        this.consumer,
        parcels.flatMap(({ facts }) => facts),
      );
      const refused = new Set(poison.map(({ fact }) => fact));
      for (const { facts, done } of parcels)
        done(refused.size === 0 ? [] : poison.filter(({ fact }) => facts.includes(fact)));
    } catch (error) {
      for (const { failed } of parcels) failed(error);
    }
  }
}
