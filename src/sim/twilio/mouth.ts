import { encodeUtterance, FRAME_BYTES, type Speaker, silence } from '../voice/index.ts';
import { TICK_MS } from './ticker.ts';

/** A frame as it goes over the line, and as it stands in a media message. */
export interface SpokenFrame {
  bytes: Uint8Array;
  base64: string;
}

/** Something said; times are ms since the call was placed, null while not yet there. */
export interface Speech {
  text: string;
  startMs: number | null;
  endMs: number | null;
}

const CACHE_MAX = 512;
const cache = new Map<string, SpokenFrame[]>();

export const SILENT_FRAME: SpokenFrame = frameOf(silence(TICK_MS));

/** One end of a line speaks: a queue of frames of which one leaves every 20 ms, silence in between. */
export class Mouth {
  readonly said: Speech[] = [];
  private readonly speaker: Speaker;
  private queue: { frame: SpokenFrame; speech: Speech; last: boolean }[] = [];
  private utterances = 0;

  constructor(speaker: Speaker) {
    this.speaker = speaker;
  }

  /** Says the words after what is still being said. */
  speak(text: string, charsPerSecond?: number): Speech {
    this.utterances += 1;
    return this.enqueue(text, spoken(text, this.speaker, this.utterances, charsPerSecond));
  }

  /** Plays any µ-law audio; the last frame is filled up with silence. */
  play(mulaw: Uint8Array, text: string): Speech {
    const frames: SpokenFrame[] = [];
    for (let at = 0; at < mulaw.length; at += FRAME_BYTES) {
      const bytes = silence(TICK_MS);
      bytes.set(mulaw.subarray(at, at + FRAME_BYTES));
      frames.push(frameOf(bytes));
    }
    return this.enqueue(text, frames);
  }

  /** Falls silent in mid-word. */
  stop(nowMs: number): void {
    for (const { speech } of this.queue) speech.endMs ??= nowMs;
    this.queue = [];
  }

  get speaking(): boolean {
    return this.queue.length > 0;
  }

  next(nowMs: number): SpokenFrame {
    const head = this.queue.shift();
    if (!head) return SILENT_FRAME;
    head.speech.startMs ??= nowMs;
    if (head.last) head.speech.endMs = nowMs + TICK_MS;
    return head.frame;
  }

  private enqueue(text: string, frames: SpokenFrame[]): Speech {
    const speech: Speech = { text, startMs: null, endMs: null };
    this.said.push(speech);
    frames.forEach((frame, index) => this.queue.push({ frame, speech, last: index === frames.length - 1 }));
    return speech;
  }
}

/** Frames of an utterance; the same words in the same place of many calls are encoded once. */
export function spoken(text: string, speaker: Speaker, utterance: number, charsPerSecond?: number): SpokenFrame[] {
  const key = `${speaker}.${utterance}.${charsPerSecond ?? ''}.${text}`;
  const known = cache.get(key);
  if (known) return known;
  const frames = encodeUtterance(text, { utterance, speaker, ...(charsPerSecond ? { charsPerSecond } : {}) }).map(
    frameOf,
  );
  if (cache.size >= CACHE_MAX) cache.delete(cache.keys().next().value ?? '');
  cache.set(key, frames);
  return frames;
}

function frameOf(bytes: Uint8Array): SpokenFrame {
  return { bytes, base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64') };
}
