import { trendBoundsMs, type TrendName } from './summary.ts';

/** Above the last bound. */
export const beyond = '+Inf';

/** The bucket that a sample is counted in, by its bound: each sample in one alone. */
export function bucketOf(name: TrendName, ms: number): string {
  const bound = trendBoundsMs[name].find((le) => ms <= le);
  return bound === undefined ? beyond : String(bound);
}
