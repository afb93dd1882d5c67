/** A stretch of values, and where it lies on the picture, in pixels. */
export interface Axis {
  ticks: readonly number[];
  at(value: number): number;
}

export interface AxisInput {
  values: readonly number[];
  /** Pixels of the lower and of the upper end. */
  from: number;
  to: number;
  ticksWanted: number;
  /** The axis begins at zero wherever that is not far off; `always` for what is compared by length. */
  zero: 'always' | 'near';
}

const steps = [1, 2, 5, 10];

/** Least step of the form 1, 2 or 5 × 10ⁿ by which `wanted` ticks reach as far. */
function stepFor(span: number, wanted: number): number {
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * (steps.find((step) => step * power >= rough * 0.999) ?? 10);
}

function rangeOf(values: readonly number[], zero: 'always' | 'near'): { low: number; high: number } {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return { low: 0, high: 1 };
  let low = finite.reduce((least, value) => Math.min(least, value));
  let high = finite.reduce((most, value) => Math.max(most, value));
  const isNear = zero === 'always' || low <= high / 2;
  if (isNear) low = Math.min(low, 0);
  if (isNear) high = Math.max(high, 0);
  if (low < high) return { low, high };
  return low === 0 ? { low: 0, high: 1 } : { low: low - Math.abs(low) / 2, high: high + Math.abs(high) / 2 };
}

/** Ticks at round numbers, the outermost of them beyond all values. Values that are no numbers do not count. */
export function axis({ values, from, to, ticksWanted, zero }: AxisInput): Axis {
  const { low, high } = rangeOf(values, zero);
  const span = high - low;
  const whole = values.every((value) => !Number.isFinite(value) || Number.isInteger(value));
  const step = whole ? Math.max(1, stepFor(span, ticksWanted)) : stepFor(span, ticksWanted);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  // Multiplied, not added up, and freed of what binary fractions add.
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  const scale = (to - from) / ((last - first) * step);
  return { ticks, at: (value) => from + (value - first * step) * scale };
}

/** Three digits that count, all of a whole number: 0.0213, 3.14, 48.2, 12,345. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return 'none';
  if (Number.isInteger(value) || Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** A value with its unit. */
export const withUnit = (value: number, unit: string): string =>
  Number.isFinite(value) ? `${numberText(value)} ${unit}`.trimEnd() : numberText(value);
