import type { Callbacks } from './callbacks.ts';
import type { Places } from './hosts.ts';
import type { Leg } from './leg.ts';
import type { Random } from './random.ts';
import type { RestRecord } from './rest-answer.ts';
import type { PhoneNumber } from './rest-numbers.ts';
import type { Recordings } from './recordings.ts';
import type { Ticker } from './ticker.ts';
import type { Web } from './web.ts';

/** What the fake does wrong on purpose, or where Twilio's own behaviour is not known. May be changed while calls run. */
export interface TwilioFaults {
  /** Shares (0–1) of REST requests answered 429/20429, answered 500, never answered. */
  restBusy: number;
  restBroken: number;
  restSilent: number;
  /** Share of TwiML requests sent twice at the same time, with the same idempotency token. */
  webhookTwice: number;
  /** Share of status callbacks sent twice. */
  callbackTwice: number;
  /** Status callbacks are held back by a random time up to this, which shuffles them. */
  callbackDelayMsMax: number;
  /** How the upgrade is signed: the URL as in the TwiML, or other spellings of it; `forged` with another key. */
  streamSignature: 'exact' | 'slash' | 'port' | 'forged';
  /** From the TwiML to the media socket: name, TCP, TLS and upgrade take a real carrier some hundred ms. */
  streamDelayMs: number;
  /** What follows when the media socket breaks without a closing handshake. */
  brokenStream: 'action' | 'silence' | 'callEnds';
  /** Calls by REST that begin in a second; what is asked beyond that is queued. */
  outboundPerS: number;
  /** The action of Connect, Dial and Record is asked although the caller hung up. */
  actionAfterHangUp: boolean;
  /** DialCallStatus when staff did not take the call after the whisper. */
  refusedWhisper: 'completed' | 'no-answer';
  /** A recording can be fetched only so long after it ended. */
  recordingDelayMs: number;
}

export const NO_FAULTS: TwilioFaults = {
  restBusy: 0,
  restBroken: 0,
  restSilent: 0,
  webhookTwice: 0,
  callbackTwice: 0,
  callbackDelayMsMax: 0,
  streamSignature: 'exact',
  streamDelayMs: 0,
  brokenStream: 'action',
  outboundPerS: 1,
  actionAfterHangUp: true,
  refusedWhisper: 'completed',
  recordingDelayMs: 300,
};

/**
 * How a phone that `<Dial>` rings behaves. Times in seconds after the ringing began, or after the answer. A phone has one
 * line: who is on a call is busy for every other one, and to ring it then is a breach of the service's.
 */
export interface Staff {
  result: 'answers' | 'busy' | 'no-answer' | 'failed';
  /** Ringing time until the result; a `no-answer` without it rings until Dial's timeout. */
  afterS?: number;
  /** Keys pressed while the whisper runs; without any a machine might as well have answered. */
  presses?: string;
  /** Said while the whisper runs: a machine's greeting. */
  greets?: string;
  /** Hangs up so long after the whisper began. */
  declinesAfterS?: number;
  /** What staff says when bridged, one line after another. */
  says?: string[];
  /** Bridged time after which staff hangs up; without it the caller must. */
  hangsUpAfterS?: number;
}

/** A phone, or how it behaves for the caller with this number. */
export type StaffPhone = Staff | ((from: string) => Staff);

/** How the number is configured at Twilio. URLs are public ones. */
export interface NumberSettings {
  voiceUrl: string;
  voiceMethod?: 'GET' | 'POST';
  voiceFallbackUrl?: string;
  statusCallback?: string;
  /** Of initiated, ringing, answered, completed; real numbers send the last alone, as when this is left out. */
  statusCallbackEvents?: readonly string[];
}

/** What all calls of one fake share. */
export interface World {
  accountSid: string;
  authToken: string;
  number: NumberSettings;
  places: Places;
  staff: Record<string, StaffPhone>;
  faults: TwilioFaults;
  random: Random;
  ticker: Ticker;
  web: Web;
  callbacks: Callbacks;
  recordings: Recordings;
  legs: Map<string, Leg>;
  /** Numbers of the account, as its console shows them. */
  phoneNumbers: PhoneNumber[];
  /** What was asked by REST, oldest first. */
  requests: RestRecord[];
  /** When the next call by REST may begin, by performance.now(). */
  outbound: { freeMs: number };
  /** A call that REST placed; `flow` is its course. */
  adopt(leg: Leg, flow: Promise<void>): void;
  /** Base of the REST interface, as RecordingUrl gives it. */
  apiUrl(): string;
  /** A breach of the protocol, or of the project's own rules, by the service under test. */
  complain(text: string): void;
  /** What the debugger would show and a broken network explains: Twilio's code and words. */
  warn(code: number, text: string): void;
}
