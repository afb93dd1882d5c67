import type { Speaker, VoiceFrame } from '../../src/sim/voice/frame.ts';
import { FRAME_MS } from './playout.ts';

/** What was heard of one utterance; frames of 20 ms, times in ms. */
export interface HeardUtterance {
  readonly speaker: Speaker;
  readonly generation: number;
  readonly utterance: number;
  text: string;
  frames: number;
  /** Holes, and 1 for an end that never came. */
  lost: number;
  /** Heard before, or after a later one. */
  repeated: number;
  /** Its last frame was heard. */
  isWhole: boolean;
  /** The service cleared it, or the stream ended: nothing of its rest is missing. */
  isCut: boolean;
  startMs: number;
  /** End of the last frame heard. */
  endMs: number;
}

export interface EarListener {
  /** Nothing more of it will be heard. */
  over(heard: HeardUtterance): void;
  /** A hole of so many ms inside of an utterance. */
  gap(ms: number): void;
}

/** Follows the utterances that reach an ear frame by frame. */
export class Ear {
  readonly #listener: EarListener;
  #current: HeardUtterance | null = null;
  /** The last one that was cut: it may go on later. */
  #cut: HeardUtterance | null = null;
  #next = 0;

  constructor(listener: EarListener) {
    this.#listener = listener;
  }

  get current(): HeardUtterance | null {
    return this.#current;
  }

  hear(frame: VoiceFrame, atMs: number): void {
    const heard = this.#of(frame, atMs);
    if (heard.frames > 0 && !heard.isCut && atMs > heard.endMs) this.#listener.gap(atMs - heard.endMs);
    // An interrupted answer may go on from where it was heard, wherever that is.
    const goesOn = heard.isCut || (heard.frames === 0 && isOf(this.#cut, frame));
    if (goesOn) this.#next = frame.frame;
    heard.isCut = false;
    if (frame.frame >= this.#next) {
      heard.lost += frame.frame - this.#next;
      this.#next = frame.frame + 1;
    } else heard.repeated += 1;
    heard.frames += 1;
    heard.text += frame.text;
    heard.isWhole ||= frame.last;
    heard.endMs = atMs + FRAME_MS;
  }

  /** What was under way is not said to its end. */
  cut(): void {
    if (this.#current && !this.#current.isWhole) this.#current.isCut = true;
  }

  /** Nothing more is expected for now. */
  end(): void {
    const heard = this.#current;
    if (!heard) return;
    this.#current = null;
    if (heard.isCut) this.#cut = heard;
    if (!heard.isWhole && !heard.isCut) heard.lost += 1;
    this.#listener.over(heard);
  }

  #of(frame: VoiceFrame, atMs: number): HeardUtterance {
    const current = this.#current;
    // The same line said again begins anew.
    if (current && isOf(current, frame) && !(current.isWhole && frame.frame === 0)) return current;
    this.end();
    this.#next = 0;
    const { speaker, generation, utterance } = frame;
    const counts = { text: '', frames: 0, lost: 0, repeated: 0, isWhole: false, isCut: false };
    this.#current = { speaker, generation, utterance, ...counts, startMs: atMs, endMs: atMs };
    return this.#current;
  }
}

function isOf(heard: HeardUtterance | null, { speaker, generation, utterance }: VoiceFrame): boolean {
  return heard?.utterance === utterance && heard.speaker === speaker && heard.generation === generation;
}
