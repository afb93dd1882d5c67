import { z } from 'zod';
import type { JobLane } from '../directory/keys.ts';

/** How one kind of work is done. */
export interface JobKind {
  /** `soon`: somebody waits for it. `bulk`: it may take its time, and never keeps the others waiting. */
  lane: JobLane;
  /** Begun at most so often; then it is a dead letter. */
  triesMax: number;
  /** One try may take so long, ms. */
  timeoutMs: number;
  /** Wait before the second try, ms; doubled for each later one up to `backOffMaxMs`. */
  backOffMs: number;
  backOffMaxMs: number;
  /** What the handler is given; a payload that is not this is dead at once. */
  payload: z.ZodType;
}

/** Every kind of delayed and retried work. A payload may gain optional fields, and loses none: two releases run at once. */
export const jobKinds = {
  /** A recording goes from the carrier to where the store keeps it. About six hours of tries. */
  'recording.fetch': {
    lane: 'soon',
    triesMax: 50,
    timeoutMs: 45_000,
    backOffMs: 500,
    backOffMaxMs: 600_000,
    payload: z.object({ recordingSid: z.string() }),
  },
} satisfies Record<string, JobKind>;

export type JobName = keyof typeof jobKinds;
export type JobPayload<N extends JobName> = z.output<(typeof jobKinds)[N]['payload']>;

/** How long to wait after so many tries, ms. */
export function backOff({ backOffMs, backOffMaxMs }: JobKind, tries: number): number {
  return Math.min(backOffMs * 2 ** (tries - 1), backOffMaxMs);
}
