import { Family, type FamilyOptions, type Sample } from './family.ts';
import { LabelSpace, labelText, type LabelValues } from './label-space.ts';

export interface SeriesOptions extends FamilyOptions {
  /** Every value of each label. */
  labels: Readonly<Record<string, readonly string[]>>;
}

/** The series of a counter or gauge: numbers in one array, each with a text that is made once. */
abstract class SeriesFamily<L extends string> extends Family {
  protected readonly space: LabelSpace;
  protected readonly values: Float64Array;
  /** 1 for a series that is told of. */
  protected readonly isThere: Uint8Array;
  private readonly prefix: string;

  constructor(options: SeriesOptions, type: 'counter' | 'gauge') {
    super(options, type);
    this.space = new LabelSpace(options.labels);
    this.values = new Float64Array(this.space.size);
    this.isThere = new Uint8Array(this.space.size);
    this.prefix = options.name;
  }

  protected add(labels: Record<L, string | number> | number, amount: number): void {
    const isPlain = typeof labels === 'number';
    const index = isPlain ? 0 : this.space.indexOf(labels);
    this.values[index] = (this.values[index] ?? 0) + (isPlain ? labels : amount);
    this.isThere[index] = 1;
  }

  protected all(): Sample[] {
    const samples: Sample[] = [];
    for (let index = 0; index < this.values.length; index += 1)
      if (this.isThere[index]) samples.push(this.sample(index));
    return samples;
  }

  protected moved(): Sample[] {
    return this.all();
  }

  protected lines(): string {
    let text = '';
    for (let index = 0; index < this.values.length; index += 1) {
      if (!this.isThere[index]) continue;
      const labels = this.space.textAt(index);
      text += labels === '' ? `${this.prefix} ` : `${this.prefix}{${labels}} `;
      text += `${numberText(this.values[index] ?? 0)}\n`;
    }
    return text;
  }

  private sample(index: number): Sample {
    return { labels: this.space.at(index), value: this.values[index] ?? 0 };
  }
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

/** Counts up. Series are there from the start, so that the first event is a change; sparse ones from their first event on. */
export class Counter<L extends string = never> extends SeriesFamily<L> {
  constructor(options: SeriesOptions & { isSparse?: boolean }) {
    super(options, 'counter');
    if (options.isSparse) return;
    for (let index = 0; index < this.space.size; index += 1) this.isThere[index] = this.space.isDeclared(index) ? 1 : 0;
  }

  inc(amount?: number): void;
  inc(labels: Record<L, string | number>, amount?: number): void;
  inc(labels: Record<L, string | number> | number = 1, amount = 1): void {
    this.add(labels, amount);
  }

  /** For what is counted elsewhere, and only read here. */
  reach(labels: Record<L, string | number>, total: number): void {
    const index = this.space.indexOf(labels);
    this.values[index] = Math.max(this.values[index] ?? 0, total);
    this.isThere[index] = 1;
  }

  /** One series, for what happens per frame. */
  at(labels: LabelValues): HotCount {
    return new HotCount(this.values, this.space.indexOf(labels));
  }

  protected override moved(): Sample[] {
    return this.all().filter(({ value }) => value !== 0);
  }
}

/** One series of a counter: counting is one addition. */
export class HotCount {
  private readonly values: Float64Array;
  private readonly index: number;

  constructor(values: Float64Array, index: number) {
    this.values = values;
    this.index = index;
  }

  add(amount: number): void {
    this.values[this.index] = (this.values[this.index] ?? 0) + amount;
  }

  get total(): number {
    return this.values[this.index] ?? 0;
  }
}

/** Goes up and down. Without labels it begins at 0; with them a series is there from the first time that it is set. */
export class Gauge<L extends string = never> extends SeriesFamily<L> {
  constructor(options: SeriesOptions) {
    super(options, 'gauge');
    if (this.space.size === 1) this.isThere[0] = 1;
  }

  set(value: number): void;
  set(labels: Record<L, string | number>, value: number): void;
  set(labels: Record<L, string | number> | number, value = 0): void {
    const isPlain = typeof labels === 'number';
    const index = isPlain ? 0 : this.space.indexOf(labels);
    this.values[index] = isPlain ? labels : value;
    this.isThere[index] = 1;
  }

  inc(labels: Record<L, string | number>, amount = 1): void {
    this.add(labels, amount);
  }

  /** Nothing is known any more of what has labels. */
  reset(): void {
    this.values.fill(0);
    if (this.space.size > 1) this.isThere.fill(0);
  }
}

/** One series of 1, whose labels tell something. */
export class Info<L extends string> extends Family {
  private labels: Record<L, string> | null = null;

  constructor(options: FamilyOptions) {
    super(options, 'gauge');
  }

  tell(labels: Record<L, string>): void {
    this.labels = labels;
  }

  protected all(): Sample[] {
    return this.labels ? [{ labels: this.labels, value: 1 }] : [];
  }

  protected moved(): Sample[] {
    return this.all();
  }

  protected lines(): string {
    return this.labels ? `${this.name}{${labelText(this.labels)}} 1\n` : '';
  }
}
