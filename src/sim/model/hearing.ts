import { BYTES_PER_MS, FRAME_BYTES, VoiceReader, type VoiceFrame, type VoiceSpan } from '../voice/index.ts';
import type { AudioFormat, TurnDetection } from './schemas.ts';
import { bytesPerMs, fromPcm } from './speech.ts';
import { Vad, type VadEvent } from './vad.ts';

/** What was heard between two commits. */
export interface HeardTurn {
  readonly itemId: string;
  /** The words in the bits of the audio; empty for noise. */
  readonly text: string;
  /** On the clock of appended audio. */
  readonly startMs: number;
  readonly endMs: number;
}

/** The input buffer: appended bytes → words and turns. Keeps no audio, only what is left of a 20 ms frame. */
export class Hearing {
  /** Bytes appended, in ms of the format they were appended in. */
  appendedMs = 0;
  /** Where the buffer was last emptied. */
  committedMs = 0;
  readonly reader: VoiceReader;
  readonly #vad = new Vad();
  readonly #onFault: (complaint: string) => void;
  readonly #faulty = new WeakSet<VoiceSpan>();
  readonly #left = new Uint8Array(FRAME_BYTES);
  #leftBytes = 0;
  #words = '';
  #span: VoiceSpan | null = null;

  constructor(onFault: (complaint: string) => void) {
    this.#onFault = onFault;
    this.reader = new VoiceReader({ onFrame: (frame, span) => this.#hear(frame, span) });
  }

  get speaking(): boolean {
    return this.#vad.speaking;
  }

  /** Takes appended bytes; `onTurn` is called where the detector hears a turn begin or end. */
  append(
    bytes: Uint8Array,
    format: AudioFormat,
    detection: TurnDetection | null,
    onTurn: (event: VadEvent) => void,
  ): void {
    this.appendedMs += bytes.length / bytesPerMs(format);
    const mulaw = format.type === 'audio/pcm' ? fromPcm(bytes) : bytes;
    for (let at = 0; at < mulaw.length;) {
      const size = Math.min(FRAME_BYTES - this.#leftBytes, mulaw.length - at);
      this.#left.set(mulaw.subarray(at, at + size), this.#leftBytes);
      this.#leftBytes += size;
      at += size;
      if (this.#leftBytes < FRAME_BYTES) return;
      this.#leftBytes = 0;
      this.reader.push(this.#left);
      if (detection === null) {
        this.#vad.skip();
        continue;
      }
      const event = this.#vad.step(this.#left, detection);
      if (event !== null) onTurn(event);
    }
  }

  /** Milliseconds since the last commit or clear. */
  get bufferedMs(): number {
    return this.#vad.positionMs + this.#leftBytes / BYTES_PER_MS - this.committedMs;
  }

  /** Empties the buffer and returns its words. */
  take(): string {
    const words = this.#words.trim();
    this.#words = '';
    this.committedMs = this.#vad.positionMs;
    this.#vad.reset();
    return words;
  }

  #hear(frame: VoiceFrame, span: VoiceSpan): void {
    if (this.#span !== span && this.#words !== '') this.#words += ' ';
    this.#span = span;
    this.#words += frame.text;
    const faults = span.missing + span.repeated + span.outOfOrder + span.corrupt + span.partial;
    if (faults === 0 || this.#faulty.has(span)) return;
    this.#faulty.add(span);
    const { missing, repeated, outOfOrder, corrupt, partial } = span;
    const counts = `${missing} missing, ${repeated} repeated, ${outOfOrder} out of order, ${corrupt} corrupt, ${partial} cut`;
    this.#onFault(`audio: ${span.speaker} utterance ${span.utterance}, up to frame ${frame.frame}: ${counts}`);
  }
}
