import { turnSilenceMs } from '../model/session-update.ts';
import { bytesPerMs } from './cutter.ts';
import { EnergyGate } from './energy-gate.ts';

/** `adaptive`: frame by frame where the caller may speak, several frames at once where not; `20ms`: always by frame. */
export type CadenceKind = 'adaptive' | '20ms';

/** What is sent at once while nobody speaks. An onset that the gate misses reaches the model so much later. */
export const batchMs = 100;
/** Frame by frame for so long after the model heard the end of a turn, or begins to hear at all. */
const afterSpeechMs = 1000;
/** The same after the last loud frame: the model hears a turn end on time even where its word that one began is late. */
const afterSoundMs = turnSilenceMs + 200;
/** A sound that the model has not called speech by then is noise, and so is what ended before. */
const doubtMs = 2500;
/** Noise as long as this comes again: the gate learns it. A click or a cough is over. */
const learntMs = 500;

export interface CadenceListener {
  /** An onset was heard: `model` where the gate had not opened; `none`: the model never called it speech. */
  onOnset(heardBy: 'gate' | 'model' | 'none'): void;
}

/** Decides for each frame of the caller whether it goes on at once. Its time is that of the audio. */
export class Cadence {
  readonly #listener: CadenceListener;
  readonly #gate = new EnergyGate();
  #speaking = false;
  /** Audio that still goes on at once. */
  #quickBytes = afterSpeechMs * bytesPerMs;
  /** Since the gate opened without a word of the model; null: it has not opened. */
  #doubtBytes: number | null = null;
  /** The loud part of it. */
  #loudBytes = 0;

  constructor(listener: CadenceListener) {
    this.#listener = listener;
  }

  /** Hot. True: this frame and all before it go on at once. */
  hear(audio: Uint8Array): boolean {
    const isLoud = this.#gate.hear(audio, !this.#speaking);
    if (this.#speaking) return true;
    if (isLoud) {
      if (this.#doubtBytes === null) this.#open();
      this.#loudBytes += audio.length;
      if (this.#quickBytes < afterSoundMs * bytesPerMs) this.#quickBytes = afterSoundMs * bytesPerMs;
    }
    if (this.#quickBytes <= 0) return false;
    this.#quickBytes -= audio.length;
    if (this.#doubtBytes !== null) this.#doubt(audio.length, this.#doubtBytes);
    return true;
  }

  /** A session begins to hear. */
  connected(): void {
    this.#speaking = false;
    this.#doubtBytes = null;
    this.#quickBytes = afterSpeechMs * bytesPerMs;
  }

  speechStarted(): void {
    if (!this.#speaking) this.#listener.onOnset(this.#quickBytes > 0 ? 'gate' : 'model');
    this.#speaking = true;
    this.#doubtBytes = null;
  }

  speechStopped(): void {
    this.#speaking = false;
    this.#quickBytes = afterSpeechMs * bytesPerMs;
  }

  #open(): void {
    this.#gate.opened();
    this.#doubtBytes = 0;
    this.#loudBytes = 0;
  }

  #doubt(bytes: number, sinceBytes: number): void {
    this.#doubtBytes = sinceBytes + bytes;
    if (this.#doubtBytes < doubtMs * bytesPerMs && this.#quickBytes > 0) return;
    if (this.#loudBytes >= learntMs * bytesPerMs) this.#gate.wasNoise();
    this.#doubtBytes = null;
    this.#quickBytes = 0;
    this.#listener.onOnset('none');
  }
}
