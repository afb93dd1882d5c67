import type { XmlElement } from '../../src/sim/twilio/xml.ts';
import type { CallWorld } from './call-world.ts';
import type { Parameters } from './sign.ts';
import type { MediaStream } from './stream.ts';
import type { FailureReason } from './summary.ts';
import type { Talker } from './talker.ts';

/** Where control goes: the next document. */
export interface Jump {
  url: string;
  method: 'GET' | 'POST';
  params: Parameters;
}
export const END = 'end';
/** What a verb leaves behind; null: the next verb. */
export type Step = Jump | typeof END | null;

export type CallStatus = 'ringing' | 'in-progress' | 'completed' | 'no-answer' | 'busy';
export type EndedBy = 'caller' | 'service';

/** What verbs need of the call that they stand in. */
export interface VerbCall {
  readonly sid: string;
  readonly world: CallWorld;
  readonly talker: Talker;
  readonly isOver: boolean;
  /** URL of the document under way. */
  readonly baseUrl: string;
  /** Being connected, or open. */
  stream: MediaStream | null;
  /** What went wrong so far and may still turn out well. */
  trouble: FailureReason | null;
  resolve(url: string): string;
  /** The verb's action; null without one. */
  jump(verb: XmlElement, params: Parameters): Jump | null;
  /** The parameters that every request about this call carries. */
  params(): [string, string][];
  /** The promise's value; null where the call ended first. */
  until<T>(promise: Promise<T>): Promise<T | null>;
  /** False: the call ended meanwhile. */
  wait(ms: number): Promise<boolean>;
  /** Somebody can be spoken with. */
  streamOpened(): void;
  streamClosed(): void;
  end(status: CallStatus, by: EndedBy): void;
}
