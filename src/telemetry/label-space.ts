const OTHER = 'other';

export type LabelValues = Readonly<Record<string, string | number>>;

/** Every combination of a metric's label values as a number, and as the text that stands for it. */
export class LabelSpace {
  /** Combinations, those with `other` among them. */
  readonly size: number;
  private readonly labels: readonly {
    name: string;
    values: readonly string[];
    places: ReadonlyMap<string, number>;
    known: number;
  }[];
  private readonly texts: (string | undefined)[];

  /** Every value of each label. */
  constructor(labels: Readonly<Record<string, readonly string[]>>) {
    this.labels = Object.entries(labels).map(([name, known]) => {
      const values = known.includes(OTHER) ? known : [...known, OTHER];
      return { name, values, places: new Map(values.map((value, place) => [value, place])), known: known.length };
    });
    this.size = this.labels.reduce((product, { values }) => product * values.length, 1);
    this.texts = Array.from({ length: this.size });
  }

  /** A value that no label has stands under `other`. */
  indexOf(given: LabelValues): number {
    let index = 0;
    for (const { name, values, places } of this.labels) {
      const place = places.get(String(given[name])) ?? places.get(OTHER) ?? 0;
      index = index * values.length + place;
    }
    return index;
  }

  at(index: number): Record<string, string> {
    const found: [string, string][] = [];
    let rest = index;
    for (const { name, values } of this.labels.toReversed()) {
      found.unshift([name, values[rest % values.length] ?? OTHER]);
      rest = Math.floor(rest / values.length);
    }
    return Object.fromEntries(found);
  }

  /** `a="b",c="d"`; made once. */
  textAt(index: number): string {
    return (this.texts[index] ??= labelText(this.at(index)));
  }

  /** Whether the combination names something that is known beforehand; `other` may be known as well. */
  isDeclared(index: number): boolean {
    let rest = index;
    for (const { values, known } of this.labels.toReversed()) {
      if (rest % values.length >= known) return false;
      rest = Math.floor(rest / values.length);
    }
    return true;
  }
}

/** As both formats of Prometheus write it. */
export function labelText(labels: LabelValues): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeText(String(value)).replaceAll('"', '\\"')}"`)
    .join(',');
}

export function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
