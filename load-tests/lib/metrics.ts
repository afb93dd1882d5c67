import { Counter, Rate, Trend } from 'k6/metrics';
import { bucketOf } from './buckets.ts';
import type { Figures } from './figures.ts';
import { type CounterName, counterNames, type FailureReason, trendNames } from './summary.ts';

const byName = <K extends string, V>(names: readonly K[], make: (name: K) => V): Record<K, V> =>
  Object.fromEntries(names.map((name) => [name, make(name)])) as Record<K, V>;

const trends = byName(trendNames, (name) => new Trend(name, true));
/** k6 keeps no buckets: each is a counter of its own, told apart by `le`. */
const buckets = byName(trendNames, (name) => new Counter(`${name}_bucket`));
const counters = byName(counterNames, (name) => new Counter(name));
const failed = new Counter('aida_failed');
const ok = new Rate('aida_ok');

export const k6Figures: Figures = {
  time(name, ms) {
    trends[name].add(ms);
    buckets[name].add(1, { le: bucketOf(name, ms) });
  },
  count(name: CounterName, by = 1) {
    if (by > 0) counters[name].add(by);
  },
  note: (text) => console.warn(text),
};

export function countEnd(why: FailureReason | null): void {
  ok.add(why === null);
  if (why !== null) failed.add(1, { why });
}
