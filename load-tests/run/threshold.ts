import type { LoadSummary, TrendName, TrendSummary } from '../lib/summary.ts';

export interface Threshold {
  metric: string;
  /** As k6 writes it: `p(95)`, `avg`, `min`, `med`, `max`, `count`, `rate`. */
  figure: string;
  /** 0.95 for `p(95)`; null for what is no percentile. */
  share: number | null;
  is: '<' | '<=' | '>' | '>=' | '==';
  limit: number;
  holds(value: number): boolean;
}

const comparisons: Record<Threshold['is'], (value: number, limit: number) => boolean> = {
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
  '==': (value, limit) => value === limit,
};

/** `aida_silence p(95)<1500`; null for what is not written so. */
export function parseThreshold(name: string): Threshold | null {
  const parts = /^(\S+) (avg|min|med|max|count|rate|p\((\d{1,2}(?:\.\d+)?)\))\s*(<=|>=|==|<|>)\s*(-?[\d.]+)$/.exec(
    name,
  );
  if (!parts) return null;
  const [, metric = '', figure = '', percent, is = '<', bound] = parts;
  const limit = Number(bound);
  const compare = comparisons[is as Threshold['is']];
  const share = figure === 'med' ? 0.5 : percent === undefined ? null : Number(percent) / 100;
  return { metric, figure, share, is: is as Threshold['is'], limit, holds: (value) => compare(value, limit) };
}

const ofTrend: Readonly<Record<string, (trend: TrendSummary) => number>> = {
  avg: ({ mean }) => mean,
  min: ({ min }) => min,
  med: ({ p50 }) => p50,
  max: ({ max }) => max,
  count: ({ count }) => count,
  'p(50)': ({ p50 }) => p50,
  'p(90)': ({ p90 }) => p90,
  'p(95)': ({ p95 }) => p95,
  'p(99)': ({ p99 }) => p99,
  'p(99.9)': ({ p999 }) => p999,
};

/** What the summary says of it; null where there was no sample, or it does not say. */
export function figureOf(
  summary: LoadSummary,
  { metric, figure }: Pick<Threshold, 'metric' | 'figure'>,
): number | null {
  const trend = summary.trends[metric as TrendName];
  if (trend) return trend.count === 0 && figure !== 'count' ? null : (ofTrend[figure]?.(trend) ?? null);
  if (figure !== 'count') return null;
  if (metric === 'aida_failed') return Object.values(summary.calls.failed).reduce((sum, count) => sum + count, 0);
  return (summary.counters as Readonly<Record<string, number>>)[metric] ?? null;
}
