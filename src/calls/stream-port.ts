import type { CallEvent, Line, Opening, Turn } from '../../machines/call-events.ts';

/** What a call asks of the process that holds its stream. Implemented by the media bridge; no method throws or waits. */
export interface StreamPort {
  /** Opens and configures a model session seeded with what was said before, then lets it speak its opening. */
  openModel(opening: Opening, seed: Turn[]): void;
  /** Hands a tool's output to the model; with `respond` the model speaks once all outputs are in. */
  deliverTool(toolCallId: string, output: string, respond: boolean): void;
  /** A sentence that is ready, in this language; `moment` only where the caller hears nothing. */
  play(line: Line, language: string): void;
  /** Makes another model session ready beside the one that talks, which it follows in a pause: tells `model.rotated`. */
  rotate(seed: Turn[]): void;
  /** Lets the model know what a supervisor noted, at once or as soon as there is a session. */
  note(noteId: string, text: string): void;
  /** Asks the model once more to speak, where the caller hears nothing. */
  nudge(): void;
  /** Gives the model session up, where the caller hears nothing: tells `model.lost`. */
  dropModel(): void;
  /** Resolves when the transcript of the last words is in, or after 500 ms. */
  lastWords(): Promise<void>;
  /** Has the model say one sentence of this kind; resolves when it was heard, after some seconds, or where there is no model. */
  say(line: SpokenLine): Promise<void>;
  /** Ms since the carrier was last heard on this line; Infinity once it has ended. */
  heardMs(): number;
  /** Ends the media socket with code 1000, which brings `/voice/next`; gives the model session back. */
  end(reason: 'left' | 'failed' | 'superseded'): void;
}

/** `holding`: the caller waits for what was announced; `withdrawn`: it cannot be done. */
export type SpokenLine = 'holding' | 'withdrawn';

/** A fact before the host gives it its time. */
export type Told<E extends CallEvent = CallEvent> = E extends CallEvent ? Omit<E, 'at'> : never;

/** What the silence between a caller's last sound and the answer was made of, ms. */
export interface TurnTimes {
  silenceMs: number;
  /** From the last sound to the model's word that the turn is over. */
  vadMs: number;
  /** To the first audio of the model's answer, tools included; null where a sentence of ours was the answer. */
  modelMs: number | null;
  /** To the first audio handed to the carrier. */
  bridgeMs: number;
  /** To the caller's ear, by the carrier's word. */
  playoutMs: number;
}

/** The resident call, as its stream sees it. */
export interface ResidentCall {
  readonly callSid: string;
  /** 32 hex digits; null where none is kept of this call. */
  readonly traceId: string | null;
  readonly epoch: number;
  /** ISO 639-1 of what is spoken now. */
  readonly language: string;
  /** The stream is ready for what the call asks of it: tells that it started. Once, after `attach`. */
  begin(): void;
  /** Adds a fact: journals it and gives it to the actor. Never throws, returns at once. */
  tell(fact: Told): void;
  /** The caller heard something for the first time, so long after the stream's start. Never throws. */
  spoke(ms: number): void;
  /** The carrier has played the first sound of the stream, since so long ago. Never throws. */
  heardFirst(agoMs: number): void;
  /** The caller hears an answer, since so long ago. Never throws. */
  answered(times: TurnTimes, agoMs: number): void;
}

export interface AttachRequest {
  callSid: string;
  /** Epoch of the caller's token. */
  epoch: number;
  streamSid: string;
  port: StreamPort;
}

/** How the media bridge reaches the calls of this node. */
export interface CallDesk {
  /** Claims the call for this stream. `refused`: the token was used or is not of this epoch → end(1008). */
  attach(request: AttachRequest): Promise<ResidentCall | 'refused' | 'unavailable'>;
}
