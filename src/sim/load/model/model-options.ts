import type { FrameJourneys } from '../frame-journeys.ts';

/** How the model behaves; times in ms. */
export interface ModelOptions {
  /** 0 or left out: any free port. */
  port?: number;
  host?: string;
  /** From the upgrade request to its answer. */
  openLateMs?: number;
  /** From `response.created` to the first audio. */
  firstDeltaMs?: number;
  /** Audio is generated so many times faster than it is played. */
  speed?: number;
  /** From the end of a turn to its transcript. */
  transcriptionMs?: number;
  answerSeconds?: number;
  questionSeconds?: number;
  /** Files for TLS. */
  tls?: { keyFile: string; certFile: string };
  tokensPerMinute?: number;
  /** In a run that holds both ends: what arrives is looked up in the first, what leaves is noted in the second. */
  journeys?: { toModel: FrameJourneys; toCaller: FrameJourneys };
}

export type ModelSettings = Required<Omit<ModelOptions, 'tls' | 'journeys' | 'port' | 'host'>>;

export const modelDefaults: ModelSettings = {
  openLateMs: 0,
  firstDeltaMs: 250,
  speed: 8,
  transcriptionMs: 250,
  answerSeconds: 4,
  questionSeconds: 3,
  tokensPerMinute: 100_000_000,
};

/** Different things that one side says; callers go through them each from another one on. */
export const phrasesMax = 48;
