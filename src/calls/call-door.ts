import type { Turn } from '../../machines/call-events.ts';
import type { CallPlace } from '../telemetry/tracing.ts';
import type { Told } from './stream-port.ts';

/** Where a call stands, as far as its next TwiML needs to know. Names of the machine's states. */
export type CallState =
  | 'ringing'
  | 'waiting'
  | 'conversation'
  | 'detached'
  | 'dialing'
  | 'recording'
  | 'reviewing'
  | 'menu'
  | 'hangingUp'
  | 'ended';

export interface CallView {
  callSid: string;
  /** The epoch of the claim just made: it goes into the stream's token. */
  epoch: number;
  state: CallState;
  from: string;
  to: string;
  /** Topic or reason of the intent that brought the call here, '' without one. */
  about: string;
  /** Voicemail: messages left so far. */
  recordings: number;
  /** Who of the staff is rung, E.164; null where nobody is kept free for the call. */
  ringing: string | null;
  /** The supervisor who takes the call over, at the phone `ringing`; null for none. */
  supervisor: string | null;
  turns: readonly Turn[];
  /** What is spoken, ISO 639-1. */
  language: string;
}

/** A webhook whose answer is TwiML. */
export interface TwimlRequest {
  callSid: string;
  /** `I-Twilio-Idempotency-Token`: a retry with the same token gets the same bytes. */
  idempotencyToken: string | null;
  kind: 'arrive' | 'next' | 'wait' | 'dialResult' | 'voicemail' | 'menu';
  /** What the request says, as a fact; `breaks`, `node` and `intent` are filled in by the door. */
  fact: Told;
  /** The request's span. */
  trace?: CallPlace | null;
  /** No node has room for a stream until another process is there: a call that needs one is refused as `draining`. */
  waitsForNode?: boolean;
  /** Redis is away: the call is answered from memory, its stream comes here. */
  alone?: boolean;
  /** `next` that the carrier was told to send: the epoch in its `?move=`. */
  move?: number | null;
  /** What the document needs from elsewhere is sought before it is made; not without Redis. Never rejects, and not late. */
  prepare?(view: CallView): Promise<void>;
  /** Pure: TwiML for where the call stands after the fact. */
  render(view: CallView): string;
}

/**
 * `unknown`: no such call here; `unavailable`: Redis did not answer in time; `ended`: the call is over; `draining`: it
 * was left as it stands for the process that comes after this one.
 */
export type DoorRefusal = 'unknown' | 'unavailable' | 'ended' | 'draining';

/** How webhooks reach calls. Implemented by `calls/`; never throws. */
export interface CallDoor {
  /** Claims, folds, steps, appends, answers. */
  answer(request: TwimlRequest): Promise<{ twiml: string } | { refused: DoorRefusal }>;
  /** One-way facts (status, recording and stream callbacks): handed to the resident actor or folded here. */
  tell(callSid: string, fact: Told, trace?: CallPlace | null): Promise<'taken' | DoorRefusal>;
  /** The node that may still have a warm model session for the call, for its next stream; null for none that lives. */
  preferredNode(callSid: string): Promise<string | null>;
  /** How a call stands, without taking it; null where that is not known. Never rejects. */
  look(callSid: string): Promise<CallView | null>;
  /** The carrier reports that a stream broke: the call goes on, if need be without the carrier's own question. */
  streamFailed(callSid: string, streamSid: string): void;
}
