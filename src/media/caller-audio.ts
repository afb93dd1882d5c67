import { appendOf, payloadOf } from '../model/append.ts';
import { bytesPerMs, frameBytes } from './cutter.ts';

/** Kept for the next session, while none is ready and while the caller's turn is not in words yet: ten seconds, the newest. */
export const keptBytesMax = 80_000;
/**
 * Frames that another session hears again in any case: 400 ms. A turn whose beginning was not told of yet is whole with
 * them, and the last word of the turn before lies further back: a turn ends only with a longer silence.
 */
const recentMax = 20;
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
 * The caller's audio on its way to the model: repeated frames are left out, missing spans become silence, and what
 * another session would have to hear is kept.
 */
export class CallerAudio {
  readonly #onDropped: (frames: number) => void;
  #ear: Ear | null = null;
  /** Null while what was said is in words. */
  #kept: string[] | null = [];
  #keptBytes = 0;
  /** The last frames, in a ring. */
  readonly #recent: string[] = Array.from({ length: recentMax }, () => '');
  #recentAt = 0;
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

  /** The caller's words until `settled` may be needed again. */
  keep(): void {
    if (this.#kept !== null) return;
    this.#kept = this.#inRing();
    this.#keptBytes = this.#kept.reduce((sum, event) => sum + bytesOf(event), 0);
  }

  /** What the caller said is in words. */
  settled(): void {
    if (this.#ear !== null) this.#kept = null;
  }

  /** A session is ready, in place of another one or of none: what it would have to hear goes first. */
  connect(ear: Ear): void {
    const kept = this.#kept ?? this.#inRing();
    this.#ear = ear;
    this.#kept = null;
    this.#recent.fill('');
    if (kept.length === 0) return;
    const audio = Buffer.concat(kept.map((event) => Buffer.from(payloadOf(event), 'base64')));
    for (let at = 0; at < audio.length; at += joinedBytesMax) {
      ear.append(appendOf(audio.toString('base64', at, at + joinedBytesMax)));
    }
  }

  disconnect(): void {
    this.#ear = null;
    this.keep();
  }

  #inRing(): string[] {
    const { length } = this.#recent;
    const inOrder = this.#recent.map((_, i) => this.#recent[(this.#recentAt + i) % length] ?? '');
    return inOrder.filter((event) => event !== '');
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
    if (this.#ear !== null) this.#ear.append(event);
    this.#recent[this.#recentAt] = event;
    this.#recentAt = (this.#recentAt + 1) % recentMax;
    if (this.#kept !== null) this.#keepMore(this.#kept, event, bytes);
  }

  #keepMore(kept: string[], event: string, bytes: number): void {
    kept.push(event);
    this.#keptBytes += bytes;
    let dropped = 0;
    while (this.#keptBytes > keptBytesMax) {
      this.#keptBytes -= bytesOf(kept.shift() ?? '');
      dropped++;
    }
    if (dropped > 0 && this.#ear === null) this.#onDropped(dropped);
  }
}

function bytesOf(event: string): number {
  return Buffer.byteLength(payloadOf(event), 'base64');
}
