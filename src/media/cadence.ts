import { bytesPerMs } from './cutter.ts';
import { EnergyGate } from './energy-gate.ts';

/** `adaptive`: frame by frame where the caller may speak, several frames at once where not; `20ms`: always by frame. */
export type CadenceKind = 'adaptive' | '20ms';

/** What is sent at once while nobody speaks. An onset that the gate misses reaches the model so much later. */
export const batchMs = 100;
/** Frame by frame for so long after the model heard the end of a turn, or begins to hear at all. */
const afterSpeechMs = 1000;
/** The same after the last loud frame. The model's word about speech takes as long as its line both ways. */
const afterSoundMs = 1000;
/** A sound that the model has not called speech by then is noise. */
const doubtMs = 2500;

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

  constructor(listener: CadenceListener) {
    this.#listener = listener;
  }

  /** Hot. True: this frame and all before it go on at once. */
  hear(audio: Uint8Array): boolean {
    const isLoud = this.#gate.hear(audio, !this.#speaking);
    if (this.#speaking) return true;
    if (isLoud) {
      this.#doubtBytes ??= 0;
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

  /** Of noise that stopped by itself and of noise that goes on the latter is learned. */
  #doubt(bytes: number, sinceBytes: number): void {
    this.#doubtBytes = sinceBytes + bytes;
    const goesOn = this.#doubtBytes >= doubtMs * bytesPerMs;
    if (!goesOn && this.#quickBytes > 0) return;
    if (goesOn) this.#gate.wasNoise();
    this.#doubtBytes = null;
    this.#quickBytes = 0;
    this.#listener.onOnset('none');
  }
}
