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
  /** Begins by itself so often, ms; its payload is empty. */
  everyMs?: number;
  /** What the handler is given; a payload that is not this is dead at once. */
  payload: z.ZodType;
}

const oneRecording = z.object({ recordingSid: z.string() });
/** About six hours of tries. */
const fetching = {
  triesMax: 50,
  timeoutMs: 45_000,
  backOffMs: 500,
  backOffMaxMs: 600_000,
  payload: oneRecording,
} as const;
const notice = {
  lane: 'soon',
  triesMax: 50,
  timeoutMs: 30_000,
  backOffMs: 2_000,
  backOffMaxMs: 600_000,
  payload: oneRecording,
} as const satisfies JobKind;

/** Every kind of delayed and retried work. A payload may gain optional fields, and loses none: two releases run at once. */
export const jobKinds = {
  /** A message goes from the carrier to where the store keeps it. */
  'message.fetch': { ...fetching, lane: 'soon' },
  /** So does the recording of a call. */
  'call.fetch': { ...fetching, lane: 'bulk' },
  /** A message is written down: whoever is told of it waits for that, but not for long. Some minutes of tries. */
  'message.transcribe': {
    lane: 'soon',
    triesMax: 8,
    timeoutMs: 15_000,
    backOffMs: 1_000,
    backOffMaxMs: 60_000,
    payload: oneRecording,
  },
  /** It is deleted wherever it is. About four days of tries. */
  'recording.delete': {
    lane: 'bulk',
    triesMax: 100,
    timeoutMs: 30_000,
    backOffMs: 1_000,
    backOffMaxMs: 3_600_000,
    payload: z.object({ of: z.enum(['voicemail', 'call']), recordingSid: z.string() }),
  },
  /** The store is told of a message. About six hours of tries. */
  'notice.mail': { ...notice },
  'notice.hook': { ...notice },
  /** What Aida says becomes sound, and what it no longer says is forgotten. */
  'lines.render': {
    lane: 'bulk',
    triesMax: 6,
    timeoutMs: 120_000,
    backOffMs: 5_000,
    backOffMaxMs: 120_000,
    everyMs: 3_600_000,
    payload: z.object({}),
  },
  /** Finds what is to be deleted. */
  retention: {
    lane: 'bulk',
    triesMax: 5,
    timeoutMs: 60_000,
    backOffMs: 10_000,
    backOffMaxMs: 60_000,
    everyMs: 3_600_000,
    payload: z.object({}),
  },
  /** Deletes rows that are older than the store keeps them. */
  'rows.retain': {
    lane: 'bulk',
    triesMax: 5,
    timeoutMs: 600_000,
    backOffMs: 10_000,
    backOffMaxMs: 60_000,
    everyMs: 3_600_000,
    payload: z.object({}),
  },
  /** What an erasure could not do at once. */
  'erasure.finish': {
    lane: 'bulk',
    triesMax: 3,
    timeoutMs: 120_000,
    backOffMs: 5_000,
    backOffMaxMs: 30_000,
    everyMs: 300_000,
    payload: z.object({}),
  },
} satisfies Record<string, JobKind>;

export type JobName = keyof typeof jobKinds;
export type JobPayload<N extends JobName> = z.output<(typeof jobKinds)[N]['payload']>;

/** Kinds of a lane that begin by themselves, and how often, ms. */
export function recurringOf(lane: JobLane): { kind: string; everyMs: number }[] {
  const kinds: [string, JobKind][] = Object.entries(jobKinds);
  return kinds.flatMap(([kind, { lane: own, everyMs }]) => (own === lane && everyMs ? [{ kind, everyMs }] : []));
}

/** How long to wait after so many tries, ms. */
export function backOff({ backOffMs, backOffMaxMs }: JobKind, tries: number): number {
  return Math.min(backOffMs * 2 ** (tries - 1), backOffMaxMs);
}
