import { metricsOf } from '../../src/sim/node-metrics.ts';
import type { Bucket, TrendName } from '../lib/summary.ts';

/** What the nodes say of a run, in the terms of the callers. */
export interface NodeFigures {
  /** Streams let in, documents and callbacks answered, frames each way, marks, calls ended. */
  counts: Record<NodeCount, number>;
  trends: Partial<Record<TrendName, NodeTrend>>;
}

export type NodeCount =
  | 'streams'
  | 'frames_from_caller'
  | 'frames_to_caller'
  | 'marks_sent'
  | 'marks_echoed'
  | 'calls_ended'
  | 'callbacks';

export interface NodeTrend {
  count: number;
  sumMs: number;
  /** Cumulative; what is above the last bound is in `count` alone. */
  buckets: Bucket[];
}

const counters: Readonly<Record<NodeCount, string>> = {
  streams: 'aida_streams_total',
  frames_from_caller: 'aida_frames_total{direction="from_caller"}',
  frames_to_caller: 'aida_frames_total{direction="to_caller"}',
  marks_sent: 'aida_marks_total{direction="sent"}',
  marks_echoed: 'aida_marks_total{direction="echoed"}',
  calls_ended: 'aida_calls_ended_total',
  callbacks: 'aida_callback_seconds_count',
};

const histograms: Readonly<Partial<Record<TrendName, string>>> = {
  aida_first_word: 'aida_first_word_seconds',
  aida_silence: 'aida_silence_seconds',
  aida_barge_in: 'aida_barge_in_seconds',
  aida_webhook: 'aida_webhook_seconds',
};

const names = Object.keys(counters) as NodeCount[];
const msPerS = 1_000;

/** Reads what one node told Prometheus. */
export function figuresIn(text: string): NodeFigures {
  const samples = text.split('\n').flatMap((line) => {
    const at = line.lastIndexOf(' ');
    return at < 0 || line.startsWith('#') ? [] : [[line.slice(0, at), Number(line.slice(at + 1))] as const];
  });
  const sumOf = (series: string): number =>
    samples.reduce((sum, [key, value]) => (key === series || key.startsWith(`${series}{`) ? sum + value : sum), 0);
  const trendOf = (name: string): NodeTrend => ({
    count: sumOf(`${name}_count`),
    sumMs: sumOf(`${name}_sum`) * msPerS,
    buckets: samples.flatMap(([key, count]) => {
      const bound = key.startsWith(`${name}_bucket`) ? /le="([\d.e-]+)"/.exec(key)?.[1] : undefined;
      return bound === undefined ? [] : [{ le: Number((Number(bound) * msPerS).toPrecision(6)), count }];
    }),
  });
  return {
    counts: Object.fromEntries(names.map((name) => [name, sumOf(counters[name])])) as Record<NodeCount, number>,
    trends: Object.fromEntries(Object.entries(histograms).map(([trend, name]) => [trend, trendOf(name)])),
  };
}

/** All nodes together; null where one of them does not answer. */
export async function figuresOf(opsPorts: readonly number[]): Promise<NodeFigures | null> {
  const texts = await Promise.all(opsPorts.map((port) => metricsOf(port).catch(() => null)));
  if (texts.length === 0 || texts.includes(null)) return null;
  return texts.map((text) => figuresIn(text ?? '')).reduce((sum, one) => combined(sum, one, 1));
}

/** What came between two readings. */
export const since = (before: NodeFigures, after: NodeFigures): NodeFigures => combined(after, before, -1);

function combined(a: NodeFigures, b: NodeFigures, sign: 1 | -1): NodeFigures {
  const counts = Object.fromEntries(names.map((name) => [name, a.counts[name] + sign * b.counts[name]]));
  const trends = Object.entries(a.trends).map(([name, one]) => {
    const other = b.trends[name as TrendName];
    if (!other) return [name, one];
    return [
      name,
      {
        count: one.count + sign * other.count,
        sumMs: one.sumMs + sign * other.sumMs,
        buckets: one.buckets.map(({ le, count }, index) => ({
          le,
          count: count + sign * (other.buckets[index]?.count ?? 0),
        })),
      },
    ];
  });
  return { counts: counts as Record<NodeCount, number>, trends: Object.fromEntries(trends) as NodeFigures['trends'] };
}
