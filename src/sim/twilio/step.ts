import type { Leg } from './leg.ts';
import type { Run } from './run.ts';
import type { XmlElement } from './xml.ts';

export type Params = [string, string][];

/** Where control goes: the next document. */
export interface Jump {
  url: string;
  method: 'GET' | 'POST';
  params: Params;
}

export const END = 'end';
/** What a verb leaves behind: a jump, the end of the call, or null for the next verb. */
export type Step = Jump | typeof END | null;

/** `<Leave>`: thrown through the wait document of a queue. */
export class Left extends Error {}

/** What verbs need of the flow of documents that they stand in. */
export interface FlowPort {
  /** URL of the document under way, null for one given by REST. */
  readonly baseUrl: string | null;
  resolve(url: string): string;
  /** The verb's action, null without one. */
  jump(verb: XmlElement, params: Params): Jump | null;
  /** Asks the action of a verb whose caller hung up; what it answers runs nowhere. */
  afterHangUp(verb: XmlElement, params: Params): void;
  /** Runs a document inside a verb, on the same leg. */
  nested(jump: Jump, run: Run): Promise<Step>;
  /** Runs documents on another leg, from `jump` on; resolves when they are through. The leg is not ended by it. */
  whisper(leg: Leg, jump: Jump): Promise<void>;
}
