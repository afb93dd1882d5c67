import type { Bucket, CounterName, LoadSummary, TrendName, TrendSummary } from '../lib/summary.ts';
import { type PercentileName, samplesNeeded, shares } from './merge.ts';
import type { NodeCount, NodeFigures, NodeTrend } from './node-figures.ts';

/** Means may differ by so much of the nodes' … */
export const meanShareMax = 0.1;

export interface Agreement {
  /** What is compared: `frames from callers`, `aida_silence p95`. */
  name: string;
  /** As the callers and the nodes say it; percentiles of nodes are bounds of buckets. */
  callers: number;
  nodes: string;
  ok: boolean;
}

type Counts = LoadSummary['counters'];
const of = (counters: Counts, ...names: CounterName[]): number =>
  names.reduce((sum, name) => sum + (counters[name] ?? 0), 0);

const counted: readonly { name: string; callers: (summary: LoadSummary) => number; nodes: NodeCount }[] = [
  { name: 'calls', callers: ({ counters }) => of(counters, 'aida_calls'), nodes: 'calls_ended' },
  { name: 'streams', callers: ({ counters }) => of(counters, 'aida_answered', 'aida_resumed'), nodes: 'streams' },
  { name: 'callbacks', callers: ({ counters }) => of(counters, 'aida_callbacks'), nodes: 'callbacks' },
  {
    name: 'frames from callers',
    callers: ({ counters }) => of(counters, 'aida_frames_sent'),
    nodes: 'frames_from_caller',
  },
  {
    name: 'frames to callers',
    callers: ({ counters }) => of(counters, 'aida_frames_received'),
    nodes: 'frames_to_caller',
  },
  { name: 'marks echoed', callers: ({ counters }) => of(counters, 'aida_marks_echoed'), nodes: 'marks_echoed' },
];

/** Of a stream that the service closes, so many frames may be under way to it; nobody counts them there. */
const underWayMax = 25;

const compared: readonly TrendName[] = ['aida_first_word', 'aida_silence', 'aida_barge_in', 'aida_webhook'];

/**
 * What callers saw and heard beside what the nodes say of the same run: counts are equal (but for frames that were under way
 * when the service closed a stream), means within 10 %, percentiles within one bucket. Only what has enough samples on both sides is compared; a count that differs is said in any case.
 */
export function agreementsOf(summary: LoadSummary, nodes: NodeFigures): Agreement[] {
  const counts = counted.map(({ name, callers, nodes: count }): Agreement => {
    const [said, found] = [callers(summary), nodes.counts[count]];
    const spare = count === 'frames_from_caller' ? underWayMax * summary.calls.hungUpByUs : 0;
    return { name, callers: said, nodes: String(found), ok: said >= found && said <= found + spare };
  });
  const times = compared.flatMap((name) => {
    const [trend, node] = [summary.trends[name], nodes.trends[name]];
    return trend && node ? agreementsIn(name, trend, node) : [];
  });
  return [...counts, ...times];
}

function agreementsIn(name: TrendName, trend: TrendSummary, node: NodeTrend): Agreement[] {
  const samples: Agreement = {
    name: `${name} samples`,
    callers: trend.count,
    nodes: String(node.count),
    ok: trend.count === node.count,
  };
  if (trend.count === 0 || node.count === 0) return [samples];
  const mean = node.sumMs / node.count;
  const bounds = [0, ...node.buckets.map(({ le }) => le), Infinity];
  const percentiles = (Object.keys(shares) as PercentileName[]).filter(
    (one) => Math.min(trend.count, node.count) >= samplesNeeded(shares[one]),
  );
  return [
    samples,
    {
      name: `${name} mean`,
      callers: trend.mean,
      nodes: mean.toFixed(1),
      ok: Math.abs(trend.mean - mean) <= meanShareMax * mean,
    },
    ...percentiles.map((one): Agreement => {
      const at = bucketOf(node.buckets, node.count, shares[one]);
      const own = bounds.findIndex((bound) => trend[one] <= bound) - 1;
      return {
        name: `${name} ${one}`,
        callers: trend[one],
        nodes: `${bounds[at] ?? 0} to ${bounds[at + 1] ?? Infinity}`,
        ok: Math.abs(own - at) <= 1,
      };
    }),
  ];
}

/** Place of the bucket that holds this percentile. */
function bucketOf(buckets: readonly Bucket[], count: number, share: number): number {
  const at = buckets.findIndex((bucket) => bucket.count >= Math.ceil(count * share));
  return at < 0 ? buckets.length : at;
}
