import { type Exemplar, Exemplars } from './exemplars.ts';
import { Family, type FamilyOptions, type Sample, type TextFormat } from './family.ts';
import { LabelSpace } from './label-space.ts';

interface BucketSample extends Sample {
  metricName: string;
}

export interface HotHistogramOptions extends FamilyOptions {
  /** Upper bounds, ascending, in the unit of the name. */
  buckets: readonly number[];
}

/** Observations in buckets: `observe` is one typed-array increment (3 ns), for what happens per frame. */
export class Buckets {
  readonly counts: Float64Array;
  sum = 0;
  /** Null until an observation names its trace. */
  exemplars: Exemplars | null = null;
  private readonly bounds: Float64Array;

  constructor(bounds: Float64Array) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** `traceId`: of what was observed, 32 hex digits; null where no trace is kept. */
  observe(value: number, traceId: string | null = null): void {
    let index = 0;
    while (index < this.bounds.length && value > (this.bounds[index] ?? Infinity)) index += 1;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
    if (traceId === null) return;
    this.exemplars ??= new Exemplars(this.counts.length);
    this.exemplars.note(index, value, traceId);
  }
}

/** Buckets as lines and as samples; `labels` is the text of the labels that they have besides `le`. */
class BucketLines {
  private readonly prefixes: readonly string[];
  private readonly sumPrefix: string;
  private readonly countPrefix: string;

  constructor(name: string, bounds: Float64Array, labels: string) {
    const own = labels === '' ? '' : `,${labels}`;
    const alone = labels === '' ? '' : `{${labels}}`;
    this.prefixes = [...bounds, '+Inf'].map((bound) => `${name}_bucket{le="${bound}"${own}} `);
    this.sumPrefix = `${name}_sum${alone} `;
    this.countPrefix = `${name}_count${alone} `;
  }

  write({ counts, sum, exemplars }: Buckets, format: TextFormat): string {
    let text = '';
    let total = 0;
    for (let index = 0; index < counts.length; index += 1) {
      total += counts[index] ?? 0;
      text += `${this.prefixes[index]}${total}`;
      const exemplar = format === 'openmetrics' && exemplars ? exemplars.at(index) : undefined;
      text += exemplar ? exemplarText(exemplar) : '\n';
    }
    return `${text}${this.sumPrefix}${sum}\n${this.countPrefix}${total}\n`;
  }
}

function exemplarText({ labelSet, value, timestamp }: Exemplar): string {
  return ` # {trace_id="${labelSet.trace_id}"} ${value} ${timestamp}\n`;
}

function samplesOf(
  name: string,
  bounds: Float64Array,
  buckets: Buckets,
  labels: Record<string, string>,
): BucketSample[] {
  const values: BucketSample[] = [];
  let total = 0;
  for (let index = 0; index < buckets.counts.length; index += 1) {
    total += buckets.counts[index] ?? 0;
    const exemplar = buckets.exemplars?.at(index);
    const le = bounds[index] ?? '+Inf';
    values.push({
      metricName: `${name}_bucket`,
      labels: { le, ...labels },
      value: total,
      ...(exemplar && { exemplar }),
    });
  }
  values.push({ metricName: `${name}_sum`, labels, value: buckets.sum });
  values.push({ metricName: `${name}_count`, labels, value: total });
  return values;
}

/** A histogram without labels. */
export class HotHistogram extends Family<BucketSample> {
  private readonly bounds: Float64Array;
  private readonly buckets: Buckets;
  private readonly text: BucketLines;

  constructor(options: HotHistogramOptions) {
    super(options, 'histogram');
    this.bounds = Float64Array.from(options.buckets);
    this.buckets = new Buckets(this.bounds);
    this.text = new BucketLines(options.name, this.bounds, '');
  }

  observe(value: number, traceId: string | null = null): void {
    this.buckets.observe(value, traceId);
  }

  protected all(): BucketSample[] {
    return samplesOf(this.name, this.bounds, this.buckets, {});
  }

  protected moved(): BucketSample[] {
    return this.all();
  }

  protected lines(format: TextFormat): string {
    return this.text.write(this.buckets, format);
  }
}

/** A histogram for each combination of label values; one appears with its first observation. */
export class LabelledHistogram extends Family<BucketSample> {
  private readonly bounds: Float64Array;
  private readonly space: LabelSpace;
  private readonly buckets: (Buckets | undefined)[];
  private readonly texts: (BucketLines | undefined)[];

  constructor(options: HotHistogramOptions & { labels: Readonly<Record<string, readonly string[]>> }) {
    super(options, 'histogram');
    this.bounds = Float64Array.from(options.buckets);
    this.space = new LabelSpace(options.labels);
    this.buckets = Array.from({ length: this.space.size });
    this.texts = Array.from({ length: this.space.size });
  }

  /** For what happens per frame it is looked up beforehand. */
  of(labels: Readonly<Record<string, string>>): Pick<Buckets, 'observe'> {
    const index = this.space.indexOf(labels);
    return (this.buckets[index] ??= new Buckets(this.bounds));
  }

  protected all(): BucketSample[] {
    return this.buckets.flatMap((buckets, index) =>
      buckets ? samplesOf(this.name, this.bounds, buckets, this.space.at(index)) : [],
    );
  }

  protected moved(): BucketSample[] {
    return this.all();
  }

  protected lines(format: TextFormat): string {
    let text = '';
    for (let index = 0; index < this.buckets.length; index += 1) {
      const buckets = this.buckets[index];
      if (!buckets) continue;
      this.texts[index] ??= new BucketLines(this.name, this.bounds, this.space.textAt(index));
      text += this.texts[index]?.write(buckets, format) ?? '';
    }
    return text;
  }
}
