import type { Hosts } from '../../twilio/hosts.ts';
import type { Journeys } from '../frame-journeys.ts';

/** Who is called, and what is needed to be taken for the carrier. */
export interface CallerTarget {
  /** `https://…`, as it is signed, without a path. */
  publicUrl: string;
  /** Public names → addresses, media names (`wss://…`) too. */
  hosts: Hosts;
  accountSid: string;
  authToken: string;
}

/** How callers behave; times in ms. */
export interface CallerOptions {
  target: CallerTarget;
  /** What a caller says before the assistant's turn. Must be the model's `questionSeconds`. */
  questionSeconds?: number;
  answerSeconds?: number;
  pauseMs?: number;
  /** Of turns in which the caller speaks into the answer. */
  bargeInShare?: number;
  /** So much of an answer is heard before that, at most. */
  bargeInAfterMsMax?: number;
  /** Frames are held back by up to so many frames and then leave together. */
  jitterFramesMax?: number;
  /** Of frames, lost on the way to the service. */
  lossShare?: number;
  /** Of the media socket. */
  connectMsMax?: number;
  firstWordMsMax?: number;
  answerMsMax?: number;
  /** How long a caller stays in the waiting room before giving up. */
  patienceMs?: number;
  seed?: number;
  /** Number of the first line, where several parties call one model. */
  firstLine?: number;
  journeys?: Journeys;
  /** What the carrier would complain about. */
  onComplaint?: (complaint: string) => void;
}

export type CallerSettings = Required<Omit<CallerOptions, 'target' | 'journeys' | 'onComplaint'>>;

export const callerDefaults: CallerSettings = {
  questionSeconds: 3,
  answerSeconds: 4,
  pauseMs: 1_000,
  bargeInShare: 0,
  bargeInAfterMsMax: 2_400,
  jitterFramesMax: 0,
  lossShare: 0,
  connectMsMax: 5_000,
  firstWordMsMax: 10_000,
  answerMsMax: 10_000,
  patienceMs: 600_000,
  seed: 1,
  firstLine: 0,
};
