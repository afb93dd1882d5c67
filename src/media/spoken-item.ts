import { bytesPerMs } from './cutter.ts';

/** Something that the model says, from its first sign to its last echo. */
export interface SpokenItem {
  readonly id: string;
  readonly responseId: string;
  /** Stands for the item in the names of marks. */
  readonly ordinal: number;
  /** No item of a server that could be told what was heard: its session is gone, or the audio was ours. */
  orphan: boolean;
  /** Played to its end whatever the caller says. */
  shielded: boolean;
  words: string;
  generatedBytes: number;
  /** Playout position of its first sample, -1 before any was sent. */
  startMs: number;
  sentMs: number;
  echoedMs: number;
  queuedPieces: number;
  /** The model will add nothing. */
  ended: boolean;
  /** Ended without being all that the model meant to say. */
  partial: boolean;
  /** What the caller had heard when the rest was thrown away. */
  cutMs: number | null;
  /** The server was told of the cut. */
  truncated: boolean;
}

export function spokenItem(itemId: string, responseId: string, ordinal: number): SpokenItem {
  return {
    id: detached(itemId),
    responseId: detached(responseId),
    ordinal,
    orphan: false,
    shielded: false,
    words: '',
    generatedBytes: 0,
    startMs: -1,
    sentMs: 0,
    echoedMs: 0,
    queuedPieces: 0,
    ended: false,
    partial: false,
    cutMs: null,
    truncated: false,
  };
}

/** An item of ours: complete from the first. */
export function ownItem(itemId: string, ordinal: number, words: string, bytes: number, shielded: boolean): SpokenItem {
  return { ...spokenItem(itemId, '', ordinal), orphan: true, shielded, words, generatedBytes: bytes, ended: true };
}

export function totalMsOf(item: SpokenItem): number {
  return Math.floor(item.generatedBytes / bytesPerMs);
}

/** Whole milliseconds within what the model generated: the last frame may be filled up with silence of ours. */
export function playedMsOf(item: SpokenItem, ms: number): number {
  return Math.floor(Math.min(ms, totalMsOf(item)));
}

/** Fixes where the caller's ear was, in playout position, unless all of the item was heard. */
export function cutAt(item: SpokenItem, heardMs: number): void {
  const ms = item.startMs < 0 ? 0 : Math.min(item.sentMs, Math.max(0, heardMs - item.startMs));
  const playedMs = playedMsOf(item, ms);
  const whole = item.ended && !item.partial && item.queuedPieces === 0 && playedMs >= totalMsOf(item);
  if (!whole) item.cutMs = playedMs;
}

/** A copy that does not keep the message alive of which it was cut. */
function detached(text: string): string {
  return Buffer.from(text).toString();
}
