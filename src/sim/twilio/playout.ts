import { BYTES_PER_MS } from '../voice/index.ts';

interface Sound {
  bytes: Uint8Array;
  at: number;
}

type Entry = Sound | { reached: () => void };

/** What `clear` found. Bytes count from the playout's beginning. */
export interface Cleared {
  playedBytes: number;
  droppedBytes: number;
}

/**
 * Twilio's playout buffer: audio is played in order at 8 bytes a millisecond, whatever the pace at which it came;
 * a mark is reached when all that was pushed before it has been played. Times are milliseconds of one clock, given by the caller.
 */
export class Playout {
  private queue: Entry[] = [];
  private runStartMs = 0;
  private runBytes = 0;
  private running = false;
  private readonly hear: (bytes: Uint8Array, atMs: number) => void;
  queuedBytes = 0;
  pushedBytes = 0;
  playedBytes = 0;

  constructor(hear: (bytes: Uint8Array, atMs: number) => void) {
    this.hear = hear;
  }

  push(bytes: Uint8Array, nowMs: number): void {
    this.advance(nowMs);
    if (bytes.length === 0) return;
    if (!this.running) {
      this.running = true;
      this.runStartMs = nowMs;
      this.runBytes = 0;
    }
    this.queue.push({ bytes, at: 0 });
    this.queuedBytes += bytes.length;
    this.pushedBytes += bytes.length;
  }

  /** Calls `reached` as soon as everything pushed so far was played, at once when nothing waits. */
  mark(reached: () => void, nowMs: number): void {
    this.advance(nowMs);
    if (this.queue.length === 0) reached();
    else this.queue.push({ reached });
  }

  /** Drops what was not played and reaches all pending marks. */
  clear(nowMs: number): Cleared {
    this.advance(nowMs);
    const dropped = this.queuedBytes;
    const entries = this.queue;
    this.queue = [];
    this.queuedBytes = 0;
    this.running = false;
    for (const entry of entries) if ('reached' in entry) entry.reached();
    return { playedBytes: this.playedBytes, droppedBytes: dropped };
  }

  /** Plays what is due by now. */
  advance(nowMs: number): void {
    if (!this.running) return;
    const due = Math.floor((nowMs - this.runStartMs) * BYTES_PER_MS) - this.runBytes;
    let left = Math.max(0, due);
    for (let entry = this.queue[0]; entry !== undefined; entry = this.queue[0]) {
      if ('reached' in entry) {
        this.queue.shift();
        entry.reached();
        continue;
      }
      if (left === 0) return;
      left -= this.play(entry, left);
      if (entry.at === entry.bytes.length) this.queue.shift();
    }
    this.running = false;
  }

  private play(sound: Sound, bytesMax: number): number {
    const size = Math.min(bytesMax, sound.bytes.length - sound.at);
    const atMs = this.runStartMs + this.runBytes / BYTES_PER_MS;
    this.runBytes += size;
    this.playedBytes += size;
    this.queuedBytes -= size;
    this.hear(sound.bytes.subarray(sound.at, sound.at + size), atMs);
    sound.at += size;
    return size;
  }
}
