import {
  type CounterName,
  type FailureReason,
  type LoadSummary,
  summarizeTrend,
  trendNames,
  type TrendName,
} from '../../../../load-tests/lib/summary.ts';

/** Samples of one trend; what comes later is counted as a sample and not kept. */
const samplesMax = 2_000_000;

/** What callers see and hear, under the names that k6 uses too. Times in ms. */
export class Recorder {
  readonly #trends = new Map<TrendName, number[]>();
  readonly #counters = new Map<CounterName, number>();
  readonly #failed = new Map<FailureReason, number>();
  #startedAt = new Date();
  #startedMs = performance.now();

  trend(name: TrendName, ms: number): void {
    let samples = this.#trends.get(name);
    if (!samples) this.#trends.set(name, (samples = []));
    if (samples.length < samplesMax) samples.push(Math.max(0, ms));
  }

  count(name: CounterName, by = 1): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + by);
  }

  fail(why: FailureReason): void {
    this.#failed.set(why, (this.#failed.get(why) ?? 0) + 1);
  }

  counted(name: CounterName): number {
    return this.#counters.get(name) ?? 0;
  }

  get failed(): number {
    let sum = 0;
    for (const count of this.#failed.values()) sum += count;
    return sum;
  }

  /** From now on a window of its own is recorded. */
  reset(): void {
    this.#trends.clear();
    this.#counters.clear();
    this.#failed.clear();
    this.#startedAt = new Date();
    this.#startedMs = performance.now();
  }

  summary(scenario: string): LoadSummary {
    const counted = (name: CounterName): number => this.counted(name);
    const trends = trendNames.flatMap((name) => {
      const samples = this.#trends.get(name);
      return samples ? [[name, summarizeTrend(name, samples)] as const] : [];
    });
    return {
      generator: 'dense',
      scenario,
      startedAt: this.#startedAt.toISOString(),
      seconds: (performance.now() - this.#startedMs) / 1000,
      calls: {
        started: counted('aida_calls'),
        answered: counted('aida_answered'),
        refused: counted('aida_refused'),
        waited: counted('aida_waited'),
        completed: counted('aida_completed'),
        failed: Object.fromEntries(this.#failed),
        hungUpByUs: counted('aida_hung_up_by_us'),
      },
      trends: Object.fromEntries(trends),
      counters: Object.fromEntries(this.#counters),
      cpu: {},
      thresholds: [],
    };
  }
}
