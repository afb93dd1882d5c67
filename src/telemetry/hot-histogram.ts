import type { Histogram, Registry } from 'prom-client';

export interface HotHistogramOptions {
  name: string;
  help: string;
  /** Upper bounds, ascending, in the unit of the name. */
  buckets: readonly number[];
  registry: Registry;
}

interface Sample {
  metricName: string;
  labels: Record<string, string | number>;
  value: number;
}

/**
 * A histogram without labels whose `observe` is one typed-array increment (3 ns): for what happens per frame.
 * It is turned into prom-client's shape only when somebody scrapes.
 */
export class HotHistogram {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  private readonly bounds: Float64Array;
  private readonly counts: Float64Array;
  private sum = 0;

  constructor(options: HotHistogramOptions) {
    this.name = options.name;
    this.help = options.help;
    this.bounds = Float64Array.from(options.buckets);
    this.counts = new Float64Array(options.buckets.length + 1);
    // The registry asks a metric for no more than name and get(); its type lists only its own classes.
    options.registry.registerMetric(this as unknown as Histogram);
  }

  observe(value: number): void {
    let index = 0;
    while (index < this.bounds.length && value > (this.bounds[index] ?? Infinity)) index += 1;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
  }

  get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: Sample[] }> {
    const values: Sample[] = [];
    let total = 0;
    for (let index = 0; index < this.counts.length; index += 1) {
      total += this.counts[index] ?? 0;
      values.push({ metricName: `${this.name}_bucket`, labels: { le: this.bounds[index] ?? '+Inf' }, value: total });
    }
    values.push({ metricName: `${this.name}_sum`, labels: {}, value: this.sum });
    values.push({ metricName: `${this.name}_count`, labels: {}, value: total });
    return Promise.resolve({ name: this.name, help: this.help, type: this.type, aggregator: this.aggregator, values });
  }
}
