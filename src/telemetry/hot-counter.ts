import type { Counter, Registry } from 'prom-client';

export interface HotCounterOptions<V extends string> {
  name: string;
  help: string;
  label: string;
  /** Every value that the label can have. */
  values: readonly V[];
  registry: Registry;
}

/** One series. Counting is one addition: for what happens per frame. */
export class HotCount {
  total = 0;

  add(amount: number): void {
    this.total += amount;
  }
}

/** A counter whose series are all known; it is turned into prom-client's shape only when somebody scrapes. */
export function hotCounter<V extends string>(options: HotCounterOptions<V>): Readonly<Record<V, HotCount>> {
  const { name, help, label, values, registry } = options;
  const counts = Object.fromEntries(values.map((value) => [value, new HotCount()])) as Record<V, HotCount>;
  const get = () => {
    const samples = values.map((value) => ({ labels: { [label]: value }, value: counts[value].total }));
    return Promise.resolve({ name, help, type: 'counter', aggregator: 'sum', values: samples });
  };
  // The registry asks a metric for no more than name and get(); its type lists only its own classes.
  registry.registerMetric({ name, help, type: 'counter', aggregator: 'sum', get } as unknown as Counter);
  return counts;
}
