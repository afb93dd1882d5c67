import { BYTES_PER_MS, CHARS_PER_SECOND, encodeUtterance, joinBytes, mulawToPcm, pcmToMulaw } from '../voice/index.ts';
import type { AudioFormat } from './schemas.ts';

const PCM_BYTES_PER_SAMPLE = 2;
/** 24 kHz over the voice's 8 kHz. */
const PCM_UPSAMPLING = 3;
export const PCM_BYTES_PER_MS = BYTES_PER_MS * PCM_BYTES_PER_SAMPLE * PCM_UPSAMPLING;

export function bytesPerMs(format: AudioFormat): number {
  return format.type === 'audio/pcm' ? PCM_BYTES_PER_MS : BYTES_PER_MS;
}

function toPcm(mulaw: Uint8Array): Uint8Array {
  const samples = mulawToPcm(mulaw);
  const bytes = new Uint8Array(samples.length * PCM_UPSAMPLING * PCM_BYTES_PER_SAMPLE);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < samples.length * PCM_UPSAMPLING; at += 1) {
    view.setInt16(at * PCM_BYTES_PER_SAMPLE, samples[Math.floor(at / PCM_UPSAMPLING)]!, true);
  }
  return bytes;
}

/** Every third sample of 24 kHz PCM as µ-law: what a PCM session hears of appended bytes. */
export function fromPcm(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Int16Array(Math.floor(bytes.length / PCM_BYTES_PER_SAMPLE / PCM_UPSAMPLING));
  for (let at = 0; at < samples.length; at += 1) {
    samples[at] = view.getInt16(at * PCM_UPSAMPLING * PCM_BYTES_PER_SAMPLE, true);
  }
  return pcmToMulaw(samples);
}

/** The words as far as `ms` of audio carry them, at the rate they were spoken. */
export function wordsWithin(text: string, ms: number, charsPerSecond: number | undefined): string {
  const rate = charsPerSecond ?? CHARS_PER_SECOND;
  return Array.from(text)
    .slice(0, Math.floor((ms * rate) / 1000))
    .join('');
}

export interface Delta {
  /** Base64 in the session's output format. */
  readonly audio: string;
  /** Milliseconds of this piece. */
  readonly ms: number;
  /** The words that go beside it; may be empty. */
  readonly words: string;
}

/** One spoken message, generated piece by piece. */
export class Speech {
  readonly text: string;
  generatedMs = 0;
  /** Words given out so far. */
  said = '';
  readonly #bytes: Uint8Array;
  readonly #bytesPerMs: number;
  #at = 0;

  constructor(text: string, utterance: number, charsPerSecond: number | undefined, format: AudioFormat) {
    this.text = text;
    const rate = charsPerSecond === undefined ? {} : { charsPerSecond };
    const mulaw = joinBytes(encodeUtterance(text, { utterance, speaker: 'assistant', ...rate }));
    this.#bytes = format.type === 'audio/pcm' ? toPcm(mulaw) : mulaw;
    this.#bytesPerMs = bytesPerMs(format);
  }

  get finished(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next piece of `bytes` bytes, the last one shorter; null when nothing is left. */
  next(bytes: number): Delta | null {
    if (this.finished) return null;
    const piece = this.#bytes.subarray(this.#at, this.#at + Math.max(1, bytes));
    this.#at += piece.length;
    const before = this.generatedMs;
    this.generatedMs = this.#at / this.#bytesPerMs;
    const audio = Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('base64');
    return { audio, ms: this.generatedMs - before, words: this.#wordsAhead() };
  }

  /** Transcripts run a little ahead of the audio, in whole words. */
  #wordsAhead(): string {
    if (this.finished) return this.#say(this.text.length);
    const share = Math.ceil((this.text.length * this.#at) / this.#bytes.length);
    const blank = this.text.indexOf(' ', share);
    return this.#say(blank < 0 ? this.text.length : blank);
  }

  #say(to: number): string {
    const words = this.text.slice(this.said.length, Math.max(to, this.said.length));
    this.said += words;
    return words;
  }
}
