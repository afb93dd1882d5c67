const frameMs = 20;

/** The carrier's playout buffer as arithmetic: audio is played in order and in real time, whatever its pace. ms. */
export class Playout {
  /** When all audio that came so far will have been played. */
  endMs = 0;
  /** Frames that came; those that a clear dropped are taken off. */
  frames = 0;

  /** Returns when the first of these frames is heard. */
  push(frames: number, now: number): number {
    const startMs = Math.max(this.endMs, now);
    this.endMs = startMs + frames * frameMs;
    this.frames += frames;
    return startMs;
  }

  isPlaying(now: number): boolean {
    return this.endMs > now;
  }

  /** Silence. Returns the frames that were not heard at all. */
  clear(now: number): number {
    const dropped = Math.max(0, Math.floor((this.endMs - now) / frameMs));
    this.endMs = Math.min(this.endMs, now);
    this.frames -= dropped;
    return dropped;
  }
}
