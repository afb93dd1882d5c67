import type { Metric, Registry } from 'prom-client';
import type { Exemplar } from './exemplars.ts';
import { escapeText, type LabelValues } from './label-space.ts';

/** As prom-client's registry asks for it. */
export interface Sample {
  metricName?: string;
  labels: LabelValues;
  value: number;
  exemplar?: Exemplar;
}

export interface Told<S extends Sample = Sample> {
  name: string;
  help: string;
  type: string;
  aggregator: string;
  values: S[];
}

export type TextFormat = 'prometheus' | 'openmetrics';

/** One metric with all its series. */
export abstract class Family<S extends Sample = Sample> {
  /** The registry takes `_total` off it when it writes OpenMetrics. */
  name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly aggregator = 'sum';
  private readonly heads: Readonly<Record<TextFormat, string>>;

  constructor({ name, help, registry }: FamilyOptions, type: Family['type']) {
    this.name = name;
    this.help = help;
    this.type = type;
    const family = type === 'counter' ? name.replace(/_total$/, '') : name;
    const head = (of: string) => `# HELP ${of} ${escapeText(help)}\n# TYPE ${of} ${type}\n`;
    this.heads = { prometheus: head(name), openmetrics: head(family) };
    // The registry asks a metric for no more than this; its type lists only its own classes.
    registry.registerMetric(this as unknown as Metric);
  }

  /** The series that something has happened to. */
  get(): Promise<Told<S>> {
    return Promise.resolve(this.told(this.moved()));
  }

  /** Every series, for the registry's text. */
  getForPromString(): Promise<Told<S>> {
    return Promise.resolve(this.told(this.all()));
  }

  /** The registry's text, without its cost: what does not change is made once. Ends with a line feed. */
  expose(format: TextFormat): string {
    return this.heads[format] + this.lines(format);
  }

  protected abstract all(): S[];
  protected abstract moved(): S[];
  protected abstract lines(format: TextFormat): string;

  private told(values: S[]): Told<S> {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values };
  }
}

export interface FamilyOptions {
  name: string;
  help: string;
  registry: Registry;
}
