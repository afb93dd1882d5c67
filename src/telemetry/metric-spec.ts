/** What a metric is, before anything is counted. */
export interface MetricSpec {
  type: 'counter' | 'gauge' | 'histogram';
  name: string;
  /** What one is: `seconds`, `bytes`, `ratio` (0 to 1), `dollars`, or what is counted. */
  unit: string;
  help: string;
  /** Every value of each label; what is none of them is counted under `other`. */
  labels: Readonly<Record<string, readonly string[]>>;
  /** Upper bounds, ascending, in the unit; of histograms alone. */
  buckets: readonly number[];
  /** Series appear with their first event: for labels with many values, most of which never occur. */
  isSparse: boolean;
  /** Its slowest observations carry the trace that they belong to. */
  hasExemplars: boolean;
}

type Labels = Readonly<Record<string, readonly string[]>>;
type Split<T extends string> = T extends `${infer A} | ${infer B}` ? A | Split<B> : T;

/** The values of a label, as one line: `'sent | lost'`. */
export function oneOf<const T extends string>(values: T): readonly Split<T>[] {
  return values.split(' | ') as Split<T>[];
}

const plain = { labels: {}, buckets: [], isSparse: false, hasExemplars: false };

export function counter(name: string, unit: string, help: string): MetricSpec & { labels: Record<never, never> };
export function counter<const L extends Labels>(
  name: string,
  unit: string,
  help: string,
  labels: L,
): MetricSpec & { labels: L };
export function counter(name: string, unit: string, help: string, labels: Labels = {}): MetricSpec {
  return { ...plain, type: 'counter', name, unit, help, labels };
}

export function gauge(name: string, unit: string, help: string): MetricSpec & { labels: Record<never, never> };
export function gauge<const L extends Labels>(
  name: string,
  unit: string,
  help: string,
  labels: L,
): MetricSpec & { labels: L };
export function gauge(name: string, unit: string, help: string, labels: Labels = {}): MetricSpec {
  return { ...plain, type: 'gauge', name, unit, help, labels };
}

export function histogram(
  name: string,
  unit: string,
  help: string,
  buckets: readonly number[],
): MetricSpec & { labels: Record<never, never> };
export function histogram<const L extends Labels>(
  name: string,
  unit: string,
  help: string,
  buckets: readonly number[],
  labels: L,
): MetricSpec & { labels: L };
export function histogram(
  name: string,
  unit: string,
  help: string,
  buckets: readonly number[],
  labels: Labels = {},
): MetricSpec {
  return { ...plain, type: 'histogram', name, unit, help, buckets, labels };
}

/** Its series appear with their first event. */
export function sparse<S extends MetricSpec>(spec: S): S {
  return { ...spec, isSparse: true };
}

/** Its observations may name their trace. */
export function traced<S extends MetricSpec>(spec: S): S {
  return { ...spec, hasExemplars: true };
}
