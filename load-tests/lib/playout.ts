/** What the caller's end of the line plays in 20 ms; null: a frame without words. */
export interface PlayoutListener<F> {
  /** A frame begins to be heard. */
  heard(frame: F, atMs: number): void;
  /** A mark was reached: played, or flushed by `clear` or the end. */
  reached(name: string, flushed: boolean): void;
}

interface Sound<F> {
  frames: readonly F[];
  next: number;
}

export const FRAME_MS = 20;
/** More than this waits, and the carrier drops what comes (31931). */
const FRAMES_MAX = (10 * 60 * 1_000) / FRAME_MS;

/**
 * The carrier's playout buffer, frame by frame: audio is played in order in real time whatever the pace at which it came; a
 * mark is reached when all that was pushed before it has been played. Times are ms of one clock, given by whoever calls.
 */
export class Playout<F> {
  readonly #listener: PlayoutListener<F>;
  #queue: (Sound<F> | string)[] = [];
  #nextMs = 0;
  #isRunning = false;
  waiting = 0;

  constructor(listener: PlayoutListener<F>) {
    this.#listener = listener;
  }

  /** False: more than ten minutes wait, nothing was taken. */
  push(frames: readonly F[], nowMs: number): boolean {
    this.advance(nowMs);
    if (frames.length === 0) return true;
    if (this.waiting + frames.length > FRAMES_MAX) return false;
    if (!this.#isRunning) {
      this.#isRunning = true;
      this.#nextMs = nowMs;
    }
    this.#queue.push({ frames, next: 0 });
    this.waiting += frames.length;
    return true;
  }

  mark(name: string, nowMs: number): void {
    this.advance(nowMs);
    if (this.#isRunning) this.#queue.push(name);
    else this.#listener.reached(name, false);
  }

  /** Drops what was not played, reaches all marks that wait; frames dropped. */
  clear(nowMs: number): number {
    this.advance(nowMs);
    const entries = this.#queue;
    const dropped = this.waiting;
    this.#queue = [];
    this.waiting = 0;
    this.#isRunning = false;
    for (const entry of entries) if (typeof entry === 'string') this.#listener.reached(entry, true);
    return dropped;
  }

  /** Something is being played, or its last frame is not yet over. */
  get isPlaying(): boolean {
    return this.#isRunning;
  }

  /** Plays what is due by now. */
  advance(nowMs: number): void {
    while (this.#isRunning && this.#nextMs <= nowMs) {
      const entry = this.#queue[0];
      if (entry === undefined) this.#isRunning = false;
      else if (typeof entry === 'string') {
        this.#queue.shift();
        this.#listener.reached(entry, false);
      } else this.#play(entry);
    }
  }

  #play(sound: Sound<F>): void {
    const frame = sound.frames[sound.next] as F;
    const atMs = this.#nextMs;
    sound.next += 1;
    this.waiting -= 1;
    this.#nextMs += FRAME_MS;
    if (sound.next === sound.frames.length) this.#queue.shift();
    this.#listener.heard(frame, atMs);
  }
}
