import { energy, FRAME_BYTES } from '../../voice/index.ts';
import { loudEnergy, type PhraseBook } from '../voice/phrases.ts';
import { heard, PhraseReader } from '../voice/phrase-reader.ts';

const frameMs = 20;
/** So many loud frames in a row are speech. */
const loudFramesMin = 2;
/** Appends that hold no whole number of frames leave something for the next one. */
const carryBytesMax = FRAME_BYTES;

/** As the server detects turns. */
export interface Detection {
  silenceMs: number;
  prefixMs: number;
}

export interface TurnListener {
  /** ms of audio appended in this session. */
  onSpeechStarted(audioStartMs: number): void;
  onSpeechStopped(audioEndMs: number): void;
  /** A frame of a phrase in its place. */
  onFrame(reader: PhraseReader): void;
}

/** The caller's audio in one session: turns by energy, and the words. */
export class ModelEar {
  readonly reader: PhraseReader;
  readonly #listener: TurnListener;
  #carry: Buffer | null = null;
  #carried = 0;
  frames = 0;
  speaking = false;
  #loudFrames = 0;
  #quietMs = 0;
  #earliestMs = 0;

  constructor(book: PhraseBook, listener: TurnListener) {
    this.reader = new PhraseReader(book);
    this.#listener = listener;
  }

  /** Audio of any length. */
  take(audio: Buffer, bytes: number, detection: Detection | null): void {
    let at = 0;
    if (this.#carried > 0) at = this.#fill(audio, bytes, detection);
    for (; at + FRAME_BYTES <= bytes; at += FRAME_BYTES) this.#frame(audio, at, detection);
    if (at === bytes) return;
    this.#carry ??= Buffer.alloc(carryBytesMax);
    audio.copy(this.#carry, 0, at, bytes);
    this.#carried = bytes - at;
  }

  get positionMs(): number {
    return this.frames * frameMs;
  }

  /** A commit or clear ends the turn that is being heard. */
  reset(): void {
    this.speaking = false;
    this.#loudFrames = 0;
    this.#quietMs = 0;
    this.#earliestMs = this.positionMs;
  }

  #fill(audio: Buffer, bytes: number, detection: Detection | null): number {
    const carry = this.#carry as Buffer;
    const size = Math.min(bytes, FRAME_BYTES - this.#carried);
    audio.copy(carry, this.#carried, 0, size);
    this.#carried += size;
    if (this.#carried < FRAME_BYTES) return bytes;
    this.#carried = 0;
    this.#frame(carry, 0, detection);
    return size;
  }

  #frame(audio: Buffer, at: number, detection: Detection | null): void {
    this.frames++;
    const { reader } = this;
    const kind = reader.take(audio, at);
    if (kind === heard.speech || kind === heard.end) this.#listener.onFrame(reader);
    if (detection === null) return;
    if (this.#isLoud(kind, audio, at)) this.#loud(detection);
    else this.#quiet(detection);
  }

  #isLoud(kind: number, audio: Buffer, at: number): boolean {
    if (kind === heard.silence) return false;
    if (kind === heard.speech && this.reader.phrase) return this.reader.phrase.isLoud[this.reader.frame] === 1;
    return energy(audio, at, at + FRAME_BYTES) >= loudEnergy;
  }

  #loud(detection: Detection): void {
    this.#quietMs = 0;
    this.#loudFrames++;
    if (this.speaking || this.#loudFrames < loudFramesMin) return;
    this.speaking = true;
    const startMs = this.positionMs - loudFramesMin * frameMs - detection.prefixMs;
    this.#listener.onSpeechStarted(Math.max(startMs, this.#earliestMs));
  }

  #quiet(detection: Detection): void {
    this.#loudFrames = 0;
    this.#quietMs += frameMs;
    if (!this.speaking || this.#quietMs < detection.silenceMs) return;
    this.reset();
    this.#listener.onSpeechStopped(this.positionMs);
  }
}
