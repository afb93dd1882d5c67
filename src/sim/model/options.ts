import type { Script } from './plan.ts';
import type { FakeSession } from './session.ts';

export interface FakeModelOptions {
  /** A free port when left out. */
  readonly port?: number;
  /** Where it listens, 127.0.0.1 when left out. */
  readonly host?: string;
  /** The only bearer token that is let in; any when left out. */
  readonly apiKey?: string;
  /** Decides before the rules; null leaves a turn to them. */
  readonly script?: Script;
  /** Called for each session before anything is sent: the place to order its faults. */
  readonly onSession?: (session: FakeSession) => void;
  /** Length of deltas and first utterance follow from it. 1 when left out. */
  readonly seed?: number;
  /** The assistant's speaking rate, 16 when left out. */
  readonly charsPerSecond?: number;
  /** Milliseconds of audio generated in one millisecond, 8 when left out. */
  readonly speed?: number;
  /** From a connection to the answer to its upgrade, 0 when left out. */
  readonly openMs?: number;
  /** What is said is on its way so long, in either direction; 0 when left out. */
  readonly wayMs?: number;
  /** From the start of a response to its first delta, 120 when left out. */
  readonly firstDeltaMs?: number;
  /** Length of every audio delta; odd lengths between 801 and 8001 when left out. */
  readonly deltaBytes?: number;
  /** From `committed` to the transcription, 250 when left out: after the answer has begun. */
  readonly transcriptionMs?: number;
  /** Life of a session, 3600 s when left out. */
  readonly sessionSeconds?: number;
  /** A call older than this and unanswered at the end of its session is a complaint; 5000 when left out. */
  readonly unansweredMs?: number;
  /** What the account may use per minute; 20,000 and 15,000,000 when left out. */
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  /** What is no complaint in this test. */
  readonly tolerates?: (complaint: string) => boolean;
}

/** The options with every default filled in. */
export interface ModelSettings {
  readonly charsPerSecond: number | undefined;
  readonly speed: number;
  readonly firstDeltaMs: number;
  readonly transcriptionMs: number;
  readonly sessionSeconds: number;
  readonly unansweredMs: number;
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
  readonly script: Script;
}

export const DEFAULT_SETTINGS: ModelSettings = {
  charsPerSecond: undefined,
  speed: 8,
  firstDeltaMs: 120,
  transcriptionMs: 250,
  sessionSeconds: 3600,
  unansweredMs: 5000,
  requestsPerMinute: 20_000,
  tokensPerMinute: 15_000_000,
  script: () => null,
};

/** Models that can be connected to. */
export const MODELS: ReadonlySet<string> = new Set([
  'gpt-realtime',
  'gpt-realtime-2025-08-28',
  'gpt-realtime-1.5',
  'gpt-realtime-2',
  'gpt-realtime-2.1',
  'gpt-realtime-2.1-mini',
  'gpt-realtime-mini',
  'gpt-realtime-mini-2025-10-06',
  'gpt-realtime-mini-2025-12-15',
]);

/** Numbers in [0, 1) that follow from the seed alone. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
