type Labels = Readonly<Record<string, readonly string[]>>;
type Kind = 'counter' | 'gauge' | 'histogram' | 'info';

/** What a metric is, before anything is counted. */
export interface MetricSpec<K extends Kind = Kind, L extends Labels = Labels, Hot extends boolean = boolean> {
  /** `info`: a gauge of 1 with one series, whose labels are what is told. */
  type: K;
  name: string;
  /** What one is: `seconds`, `bytes`, `ratio` (0 to 1), `dollars`, or what is counted. */
  unit: string;
  help: string;
  /** Every value of each label, none of an `info`; what is none of them is counted under `other`. */
  labels: L;
  /** Upper bounds, ascending, in the unit; of histograms alone. */
  buckets: readonly number[];
  /** Series appear with their first event: for labels with many values, most of which never occur. */
  isSparse: boolean;
  /** Observations may name the trace that they belong to. */
  hasExemplars: boolean;
  /** Counted for every frame: its one label is looked up beforehand. */
  isHot: Hot;
}

type Split<T extends string, Done extends string = never> = T extends `${infer A} | ${infer B}`
  ? Split<B, Done | A>
  : Done | T;

/** The values of a label, as one line: `'sent | lost'`. */
export function oneOf<const T extends string>(values: T): readonly Split<T>[] {
  return values.split(' | ') as Split<T>[];
}

function spec<K extends Kind, L extends Labels>(
  type: K,
  name: string,
  unit: string,
  help: string,
  labels: L,
  buckets: readonly number[] = [],
): MetricSpec<K, L, false> {
  return { type, name, unit, help, labels, buckets, isSparse: false, hasExemplars: false, isHot: false };
}

type None = Record<never, never>;

export function counter(name: string, unit: string, help: string): MetricSpec<'counter', None, false>;
export function counter<const L extends Labels>(
  name: string,
  unit: string,
  help: string,
  labels: L,
): MetricSpec<'counter', L, false>;
export function counter(name: string, unit: string, help: string, labels: Labels = {}): MetricSpec {
  return spec('counter', name, unit, help, labels);
}

export function gauge(name: string, unit: string, help: string): MetricSpec<'gauge', None, false>;
export function gauge<const L extends Labels>(
  name: string,
  unit: string,
  help: string,
  labels: L,
): MetricSpec<'gauge', L, false>;
export function gauge(name: string, unit: string, help: string, labels: Labels = {}): MetricSpec {
  return spec('gauge', name, unit, help, labels);
}

export function histogram(
  name: string,
  unit: string,
  help: string,
  buckets: readonly number[],
): MetricSpec<'histogram', None, false>;
export function histogram<const L extends Labels>(
  name: string,
  unit: string,
  help: string,
  buckets: readonly number[],
  labels: L,
): MetricSpec<'histogram', L, false>;
export function histogram(
  name: string,
  unit: string,
  help: string,
  buckets: readonly number[],
  labels: Labels = {},
): MetricSpec {
  return spec('histogram', name, unit, help, labels, buckets);
}

/** One series that says something in words; `labels` are their names. */
export function info<const N extends string>(
  name: string,
  help: string,
  labels: readonly N[],
): MetricSpec<'info', Record<N, readonly string[]>, false> {
  const none = Object.fromEntries(labels.map((label) => [label, []])) as unknown as Record<N, readonly string[]>;
  return spec('info', name, 'bool', help, none);
}

/** Its series appear with their first event. */
export function sparse<S extends MetricSpec>(of: S): S {
  return { ...of, isSparse: true };
}

/** Its observations may name their trace. */
export function traced<S extends MetricSpec<'histogram'>>(of: S): S {
  return { ...of, hasExemplars: true };
}

/** It is counted for every frame. */
export function hot<K extends 'counter' | 'histogram', L extends Labels>(
  of: MetricSpec<K, L, false>,
): MetricSpec<K, L, true> {
  return { ...of, isHot: true };
}
