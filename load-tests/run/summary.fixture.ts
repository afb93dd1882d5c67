import { type LoadSummary, summarizeTrend, type ThresholdResult, type TrendName } from '../lib/summary.ts';

export interface SummaryInput {
  generator?: string;
  trends?: Partial<Record<TrendName, readonly number[]>>;
  counters?: LoadSummary['counters'];
  calls?: Partial<LoadSummary['calls']>;
  thresholds?: readonly ThresholdResult[];
}

/** A summary as a generator writes it, from the samples themselves. */
export function summary({
  generator = 'k6',
  trends = {},
  counters = {},
  calls,
  thresholds = [],
}: SummaryInput): LoadSummary {
  return {
    generator,
    scenario: 'smoke',
    startedAt: '2026-11-23T02:00:00.000Z',
    seconds: 20,
    calls: { started: 0, answered: 0, refused: 0, waited: 0, completed: 0, failed: {}, hungUpByUs: 0, ...calls },
    trends: Object.fromEntries(
      Object.entries(trends).map(([name, samples]) => [name, summarizeTrend(name as TrendName, samples)]),
    ),
    counters,
    cpu: {},
    thresholds: [...thresholds],
  };
}

/** The numbers from `from` on, `count` of them. */
export const range = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index);
