import { appendOf, payloadOf } from '../model/append.ts';
import { bytesPerMs, frameBytes } from './cutter.ts';

/** Kept while no session is ready: ten seconds, the newest. */
export const earlyBytesMax = 80_000;
/** One append of joined early audio. */
const joinedBytesMax = 12_000;
/** A longer gap is not filled whole: the server's ears only need to hear that it was quiet. */
const gapMsMax = 10_000;
/** No frame for so long while the caller speaks: silence stands in for the missing ones. */
const stallMs = 750;
const frameMs = frameBytes / bytesPerMs;
/** So many frames in a row from the past: the carrier's clock was set back, and is followed. */
const oldFramesMax = 50;
const silenceByte = 0xff;

/** Where the caller's audio goes, as append events. */
export interface Ear {
  append(event: string): void;
}

/**
 * The caller's audio on its way to the model: repeated frames are left out, missing spans become silence, early
 * frames wait.
 */
export class CallerAudio {
  readonly #onDropped: (frames: number) => void;
  #ear: Ear | null = null;
  #early: string[] = [];
  #earlyBytes = 0;
  #lastMs = -1;
  #nextMs = -1;
  #oldFrames = 0;
  #stalledSince: number | null = null;
  #paddedTo = 0;

  constructor(onDropped: (frames: number) => void) {
    this.#onDropped = onDropped;
  }

  /** Hot: an append event of so many bytes of audio. False: the frame is from the past and left out. */
  frame(event: string, bytes: number, timestampMs: number): boolean {
    if (timestampMs <= this.#lastMs && ++this.#oldFrames <= oldFramesMax) return false;
    if (this.#oldFrames > 0) this.#oldFrames = 0;
    if (timestampMs <= this.#lastMs) this.#nextMs = timestampMs;
    const gapMs = this.#nextMs < 0 ? 0 : timestampMs - this.#nextMs;
    if (gapMs >= frameMs) this.#pad(Math.min(gapMs, gapMsMax));
    this.#lastMs = timestampMs;
    const endMs = timestampMs + bytes / bytesPerMs;
    if (endMs > this.#nextMs) this.#nextMs = endMs;
    this.#emit(event, bytes);
    return true;
  }

  /** `arrived`: a frame came since the last tick. */
  tick(now: number, arrived: boolean, speaking: boolean): void {
    if (arrived || this.#nextMs < 0) {
      this.#stalledSince = null;
      return;
    }
    if (this.#stalledSince === null) {
      this.#stalledSince = now;
      this.#paddedTo = now;
    }
    if (!speaking || now - this.#stalledSince < stallMs) return;
    const paddedMs = this.#pad(Math.min(now - this.#paddedTo, gapMsMax));
    this.#nextMs += paddedMs;
    this.#paddedTo += paddedMs;
  }

  /** A session is ready: what waited goes first. */
  connect(ear: Ear): void {
    this.#ear = ear;
    const early = this.#early;
    this.#early = [];
    this.#earlyBytes = 0;
    if (early.length === 0) return;
    const audio = Buffer.concat(early.map((event) => Buffer.from(payloadOf(event), 'base64')));
    for (let at = 0; at < audio.length; at += joinedBytesMax) {
      ear.append(appendOf(audio.toString('base64', at, at + joinedBytesMax)));
    }
  }

  disconnect(): void {
    this.#ear = null;
  }

  /** Whole frames of silence; returns their milliseconds. */
  #pad(ms: number): number {
    const frames = Math.floor(ms / frameMs);
    if (frames === 0) return 0;
    const bytes = frames * frameBytes;
    this.#emit(appendOf(Buffer.alloc(bytes, silenceByte).toString('base64')), bytes);
    return frames * frameMs;
  }

  #emit(event: string, bytes: number): void {
    if (this.#ear !== null) return this.#ear.append(event);
    this.#early.push(event);
    this.#earlyBytes += bytes;
    let dropped = 0;
    while (this.#earlyBytes > earlyBytesMax) {
      const oldest = this.#early.shift() ?? '';
      this.#earlyBytes -= Buffer.byteLength(payloadOf(oldest), 'base64');
      dropped++;
    }
    if (dropped > 0) this.#onDropped(dropped);
  }
}
