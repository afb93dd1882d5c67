import { Registry } from 'prom-client';
import type { Family } from './family.ts';
import { type Buckets, HotHistogram, LabelledHistogram } from './hot-histogram.ts';
import { nodeMetrics } from './metric-names.ts';
import type { MetricSpec } from './metric-spec.ts';
import { scrape, type Scraped } from './scrape.ts';
import { Counter, Gauge, type HotCount, Info } from './series.ts';

type LabelOf<S> = S extends { labels: infer L } ? Extract<keyof L, string> : never;
type ValueOf<S> = S extends { labels: Readonly<Record<string, readonly (infer V)[]>> } ? Extract<V, string> : never;
type HotOf<S, Each> = Readonly<Record<ValueOf<S>, Each>>;

/** What counts, by what is to be counted. */
type MetricOf<S extends MetricSpec> =
  S extends MetricSpec<'counter', infer _, true>
    ? HotOf<S, HotCount>
    : S extends MetricSpec<'histogram', infer _, true>
      ? HotOf<S, Pick<Buckets, 'observe'>>
      : S extends MetricSpec<'counter'>
        ? Counter<LabelOf<S>>
        : S extends MetricSpec<'gauge'>
          ? Gauge<LabelOf<S>>
          : S extends MetricSpec<'info'>
            ? Info<LabelOf<S>>
            : LabelOf<S> extends never
              ? HotHistogram
              : LabelledHistogram;

type MetricsOf<T extends Record<string, MetricSpec>> = { readonly [K in keyof T]: MetricOf<T[K]> };

/** A registry and what counts into it. */
export interface Book {
  registry: Registry;
  /** Called before each scrape, for figures that nobody counts while they change. Cheap: nothing else runs meanwhile. */
  onScrape(listener: () => void): void;
  /** `accept`: the header of who asks. */
  expose(accept: string): Promise<Scraped>;
  /** The text of Prometheus' own format. */
  scrape(): Promise<string>;
}

/** Makes every metric of a table. */
export function createBook<T extends Record<string, MetricSpec>>(table: T): Book & MetricsOf<T> {
  const registry = new Registry();
  const listeners: (() => void)[] = [];
  const families: Family[] = [];
  const made = Object.entries(table).map(([key, spec]) => {
    const [family, metric] = make(spec, registry);
    families.push(family);
    return [key, metric];
  });
  const expose = (accept: string) => scrape({ families, listeners, accept });
  return {
    ...(Object.fromEntries(made) as MetricsOf<T>),
    registry,
    onScrape: (listener) => void listeners.push(listener),
    expose,
    scrape: async () => (await expose('')).text,
  };
}

function make(spec: MetricSpec, registry: Registry): [Family, unknown] {
  const { type, name, help, labels, buckets, isSparse, isHot } = spec;
  const options = { name, help, registry, labels };
  if (type === 'info') return alone(new Info(options));
  if (type === 'gauge') return alone(new Gauge(options));
  if (type === 'counter') {
    const counter = new Counter({ ...options, isSparse });
    return isHot ? [counter, eachOf(labels, (given) => counter.at(given))] : alone(counter);
  }
  if (Object.keys(labels).length === 0) return alone(new HotHistogram({ ...options, buckets }));
  const histogram = new LabelledHistogram({ ...options, buckets });
  return isHot ? [histogram, eachOf(labels, (given) => histogram.of(given))] : alone(histogram);
}

function alone(family: Family): [Family, Family] {
  return [family, family];
}

/** By the values of the one label. */
function eachOf<T>(labels: MetricSpec['labels'], at: (given: Record<string, string>) => T): Record<string, T> {
  const [[name, values] = ['', []]] = Object.entries(labels);
  return Object.fromEntries(values.map((value) => [value, at({ [name]: value })]));
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Each process (in tests: each node) has a book of its own. No call ids in labels. */
export function createMetrics() {
  return createBook(nodeMetrics);
}
