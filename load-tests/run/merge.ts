import type { LoadSummary, ThresholdResult, TrendName, TrendSummary } from '../lib/summary.ts';
import { figureOf, parseThreshold, type Threshold } from './threshold.ts';

export type PercentileName = 'p50' | 'p90' | 'p95' | 'p99' | 'p999';

export const shares: Readonly<Record<PercentileName, number>> = {
  p50: 0.5,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
  p999: 0.999,
};

/** Several generators' summaries as one. */
export interface MergedSummary extends LoadSummary {
  /** Names of those that it was made of. */
  generators: string[];
  /** False: percentiles are the upper bounds of their buckets, as the samples themselves are no longer there. */
  isExact: boolean;
}

/** So many samples a percentile needs to be one: with fewer it is the greatest sample, or a guess. */
export function samplesNeeded(share: number): number {
  return Math.round(1 / (1 - share));
}

/**
 * Counts are sums, buckets add up, means are weighted. Percentiles of one generator are its own; of several they are the
 * upper bound of the bucket that they fall in, at most the greatest sample. Thresholds are judged anew on the sum.
 */
export function mergeSummaries(parts: readonly LoadSummary[]): MergedSummary {
  const [first] = parts;
  if (!first) throw new RangeError('there is no summary to merge');
  const generators = parts.map(({ generator }) => generator);
  if (parts.length === 1) return { ...first, generators, isExact: true };
  const merged: MergedSummary = {
    generator: generators.join(' + '),
    generators,
    isExact: false,
    scenario: first.scenario,
    startedAt: parts.map(({ startedAt }) => startedAt).toSorted()[0] ?? first.startedAt,
    seconds: Math.max(...parts.map(({ seconds }) => seconds)),
    calls: mergeCalls(parts),
    trends: mergeTrends(parts),
    counters: sumRecords(parts.map(({ counters }) => counters)),
    cpu: sumRecords(parts.map(({ cpu }) => cpu)),
    thresholds: [],
  };
  merged.thresholds = mergeThresholds(parts, merged);
  return merged;
}

function mergeCalls(parts: readonly LoadSummary[]): LoadSummary['calls'] {
  const sum = (name: Exclude<keyof LoadSummary['calls'], 'failed'>): number =>
    parts.reduce((total, { calls }) => total + calls[name], 0);
  return {
    started: sum('started'),
    answered: sum('answered'),
    refused: sum('refused'),
    waited: sum('waited'),
    completed: sum('completed'),
    failed: sumRecords(parts.map(({ calls }) => calls.failed)),
    hungUpByUs: sum('hungUpByUs'),
  };
}

function sumRecords<K extends string>(records: readonly Partial<Record<K, number>>[]): Record<K, number> {
  const sums: Partial<Record<K, number>> = {};
  for (const one of records)
    for (const [key, value] of Object.entries(one) as [K, number][]) sums[key] = (sums[key] ?? 0) + value;
  return sums as Record<K, number>;
}

function mergeTrends(parts: readonly LoadSummary[]): LoadSummary['trends'] {
  const names = new Set(parts.flatMap(({ trends }) => Object.keys(trends) as TrendName[]));
  const merged: LoadSummary['trends'] = {};
  for (const name of names) {
    const trends = parts.flatMap(({ trends }) => trends[name] ?? []);
    merged[name] = mergeTrend(name, trends);
  }
  return merged;
}

export function mergeTrend(name: string, trends: readonly TrendSummary[]): TrendSummary {
  const withSamples = trends.filter(({ count }) => count > 0);
  const [only] = withSamples;
  if (!only) return { ...(trends[0] as TrendSummary) };
  if (withSamples.length === 1) return { ...only };
  const bounds = only.buckets.map(({ le }) => le);
  if (withSamples.some(({ buckets }) => buckets.map(({ le }) => le).join() !== bounds.join()))
    throw new RangeError(`${name}: generators count in different buckets`);
  const count = withSamples.reduce((sum, trend) => sum + trend.count, 0);
  const buckets = bounds.map((le, index) => ({
    le,
    count: withSamples.reduce((sum, trend) => sum + (trend.buckets[index]?.count ?? 0), 0),
  }));
  const max = Math.max(...withSamples.map((trend) => trend.max));
  const of = (share: number): number => {
    const rank = Math.ceil(count * share);
    return Math.min(max, buckets.find((bucket) => bucket.count >= rank)?.le ?? max);
  };
  return {
    count,
    min: Math.min(...withSamples.map((trend) => trend.min)),
    mean: withSamples.reduce((sum, trend) => sum + trend.mean * trend.count, 0) / count,
    max,
    p50: of(shares.p50),
    p90: of(shares.p90),
    p95: of(shares.p95),
    p99: of(shares.p99),
    p999: of(shares.p999),
    buckets,
  };
}

function mergeThresholds(parts: readonly LoadSummary[], merged: LoadSummary): ThresholdResult[] {
  const groups = Map.groupBy(
    parts.flatMap(({ thresholds }) => thresholds),
    ({ name }) => sharedName(name) ?? name,
  );
  return [...groups].flatMap(([group, results]) => {
    const [only] = results;
    if (!only) return [];
    const shared = sharedName(only.name);
    const limit = shared === null ? only.limit : results.reduce((sum, one) => sum + one.limit, 0);
    const name = shared === null ? group : `${shared}${limit}`;
    const threshold = parseThreshold(name);
    if (!threshold) return [{ ...only, ok: results.every(({ ok }) => ok) }];
    const value = threshold.figure === 'rate' ? rateOf(parts, name) : figureOf(merged, threshold);
    return [{ name, limit, value, ok: value !== null && holds(threshold, value, merged, results) }];
  });
}

/** A least count is asked of each generator by its share of the calls: `aida_turns count>=`, all together must reach the sum. */
function sharedName(name: string): string | null {
  return /^\S+ count>=(?=\d)/.exec(name)?.[0] ?? null;
}

/** A rate is of calls: each generator's counts as much as its calls. */
function rateOf(parts: readonly LoadSummary[], name: string): number | null {
  let [sum, calls] = [0, 0];
  for (const { thresholds, calls: of } of parts) {
    const value = thresholds.find((one) => one.name === name)?.value ?? null;
    if (value === null) continue;
    sum += value * of.started;
    calls += of.started;
  }
  return calls === 0 ? null : sum / calls;
}

/** Where all generators kept a percentile, so did the sum of them; where they differ, the buckets tell. */
function holds(threshold: Threshold, value: number, merged: LoadSummary, results: readonly ThresholdResult[]): boolean {
  if (threshold.share === null || threshold.is.startsWith('>')) return threshold.holds(value);
  const known = results.filter((result) => result.value !== null);
  if (known.every(({ ok }) => ok)) return true;
  if (known.every(({ ok }) => !ok)) return false;
  const trend = merged.trends[threshold.metric as TrendName];
  const within = trend?.buckets.findLast(({ le }) => le <= threshold.limit)?.count ?? 0;
  return trend !== undefined && within >= Math.ceil(trend.count * threshold.share);
}
