/** What callers saw and heard in one run: written by k6 and by the dense generator alike, merged and judged in Node. */

/**
 * Names of what is timed at the caller's ear, with the upper bounds of their buckets in ms. Where the node counts the same,
 * the bounds are the node's own, so that their percentiles can be compared by bucket.
 * - `aida_first_word`: `start` sent → first frame of the service heard
 * - `aida_silence`: end of the caller's last frame with speech → first frame of the answer heard
 * - `aida_barge_in`: first frame of an interruption sent → what it interrupts is heard no more: cleared, or at its end
 * - `aida_dead_air`: the longest time of a call in which neither end spoke though the caller waited; one sample a call
 * - `aida_gap`: a hole inside of one utterance, where it is longer than a frame
 * - `aida_webhook`: a signed request sent → its whole answer, tries included; connections are made before
 */
export const trendBoundsMs = {
  aida_first_word: [20, 50, 100, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 8_000],
  aida_silence: [200, 400, 600, 800, 1_000, 1_250, 1_500, 1_750, 2_000, 2_500, 3_000, 5_000, 8_000],
  aida_barge_in: [20, 50, 100, 150, 200, 300, 400, 500, 750, 1_000, 2_000],
  aida_dead_air: [500, 1_000, 1_500, 2_000, 2_500, 3_000, 4_000, 5_000, 8_000, 12_000, 20_000],
  aida_gap: [20, 40, 60, 80, 100, 200, 400, 1_000, 2_000],
  aida_webhook: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 15_000],
} as const satisfies Record<string, readonly number[]>;

export type TrendName = keyof typeof trendBoundsMs;
export const trendNames = Object.keys(trendBoundsMs) as TrendName[];

/**
 * - `aida_calls`: begun · `aida_answered`: had a media stream · `aida_refused`: ended without one, as the TwiML said
 * - `aida_waited`: were in the waiting room · `aida_hung_up_by_us`: the service ended it after a stream
 * - `aida_left`: the caller lost patience or had enough · `aida_redials`: begun by somebody who had left or was refused
 * - `aida_words_wrong`: heard, but not what should have been said · `aida_words_missing`: should have been heard
 * - `aida_frames_received`: handed over by the service, whether or not they were played
 * - `aida_frames_sent`, `aida_frames_heard`, `aida_frames_lost`, `aida_frames_repeated`: frames of 20 ms with speech heard
 * - `aida_resumed`: streams of a call after its first
 * - `aida_callbacks`: requests whose answer no call waits for
 * - `aida_failed`: calls that came to a bad end, by why
 */
export const counterNames = [
  'aida_calls',
  'aida_answered',
  'aida_refused',
  'aida_waited',
  'aida_completed',
  'aida_hung_up_by_us',
  'aida_left',
  'aida_redials',
  'aida_resumed',
  'aida_turns',
  'aida_words_heard',
  'aida_words_wrong',
  'aida_words_missing',
  'aida_frames_sent',
  'aida_frames_received',
  'aida_frames_heard',
  'aida_frames_lost',
  'aida_frames_repeated',
  'aida_marks_echoed',
  'aida_clears',
  'aida_callbacks',
  'aida_callbacks_failed',
  'aida_sounds_failed',
] as const;

export type CounterName = (typeof counterNames)[number];

/** Why a call failed. One call fails once, for the first reason. */
export const failureReasons = [
  /** `/voice` or a later document: no connection, no answer in time, a broken one; status beyond 2xx; no TwiML. */
  'webhook_unreachable',
  'webhook_late',
  'webhook_status',
  'webhook_twiml',
  /** The same documents again and again. */
  'webhook_loop',
  /** The media socket: no connection or no upgrade in time, an upgrade that was refused. */
  'stream_unreachable',
  'stream_refused',
  /** Messages that the carrier would not take: 31950, 31951, 31931. */
  'stream_protocol',
  /** It broke, and what followed had no stream either. */
  'stream_broken',
  /** Nothing was heard after the stream began, or after a question, within the bound. */
  'no_first_word',
  'no_answer',
  /** The service ended a conversation that was not over. */
  'cut_off',
  /** Still there at its bound. */
  'overdue',
] as const;

export type FailureReason = (typeof failureReasons)[number];

/** Samples at or below `le` ms: cumulative, as in Prometheus; what is above the last bound is in `count` of the trend alone. */
export interface Bucket {
  le: number;
  count: number;
}

/** Times in ms; percentiles are 0 where `count` is 0. */
export interface TrendSummary {
  count: number;
  min: number;
  mean: number;
  max: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  p999: number;
  buckets: Bucket[];
}

export interface ThresholdResult {
  /** Metric and rule: `aida_silence p(95)<1500`. */
  name: string;
  ok: boolean;
  /** What was found; null where there was no sample. */
  value: number | null;
  limit: number;
}

export interface LoadSummary {
  /** `k6`, `dense` or a name of one of several. */
  generator: string;
  scenario: string;
  /** ISO 8601. */
  startedAt: string;
  seconds: number;
  calls: {
    started: number;
    answered: number;
    refused: number;
    waited: number;
    completed: number;
    failed: Record<string, number>;
    hungUpByUs: number;
  };
  trends: Partial<Record<TrendName, TrendSummary>>;
  counters: Partial<Record<CounterName, number>>;
  /** Core-seconds by part; filled in by who started the parts. */
  cpu: Record<string, number>;
  thresholds: ThresholdResult[];
}

/** Nearest rank over all samples: the least that so many do not exceed; 0 without samples. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

export function summarizeTrend(name: TrendName, samples: readonly number[]): TrendSummary {
  const sorted = Float64Array.from(samples).sort();
  let sum = 0;
  for (const sample of sorted) sum += sample;
  return {
    count: sorted.length,
    min: sorted[0] ?? 0,
    mean: sorted.length === 0 ? 0 : sum / sorted.length,
    max: sorted[sorted.length - 1] ?? 0,
    p50: percentile(sorted, 0.5),
    p90: percentile(sorted, 0.9),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999),
    buckets: trendBoundsMs[name].map((le) => ({ le, count: sorted.filter((sample) => sample <= le).length })),
  };
}
