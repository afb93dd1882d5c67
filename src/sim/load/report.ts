import type { LoadSummary, TrendSummary } from '../../../load-tests/lib/summary.ts';
import { isEnough } from './log-histogram.ts';

const told = [
  ['p50', 'p50', 0.5],
  ['p95', 'p95', 0.95],
  ['p99', 'p99', 0.99],
  ['p99.9', 'p999', 0.999],
] as const;

/** A run in some lines. Percentiles of too few samples are not told. */
export function linesOf(summary: LoadSummary): string[] {
  const { calls, seconds, trends, counters } = summary;
  const failed = Object.entries(calls.failed);
  return [
    `${calls.started} calls in ${seconds.toFixed(0)} s: ${calls.answered} answered, ${calls.refused} refused, ${calls.waited} waited, ` +
      `${calls.completed} completed, ${calls.hungUpByUs} ended by the service`,
    failed.length === 0 ? 'none failed' : `failed: ${failed.map(([why, count]) => `${why} ${count}`).join(', ')}`,
    ...Object.entries(trends).map(([name, trend]) => `${name} ${trendText(trend)}`),
    Object.entries(counters)
      .map(([name, count]) => `${name} ${count}`)
      .join(', '),
    ...Object.entries(summary.cpu).map(
      ([part, coreSeconds]) => `CPU of ${part}: ${coreSeconds.toFixed(1)} core-seconds`,
    ),
  ];
}

/** `p50 734, p95 737 ms of 529`; what too few samples cannot say is left out. */
export function trendText(trend: TrendSummary): string {
  const words = told
    .filter(([, , share]) => isEnough(trend.count, share))
    .map(([label, name]) => `${label} ${trend[name].toFixed(0)}`);
  return words.length === 0 ? `too few samples: ${trend.count}` : `${words.join(', ')} ms of ${trend.count}`;
}
