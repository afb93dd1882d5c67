/**
 * Playback is at most so far beyond the last echo: one piece, and the way of an echo. What is beyond was sent to a
 * carrier that does not play.
 */
const beyondEchoMsMax = 1100;
/**
 * Audio plays in real time, and not before it was sent: an echo that is ahead of that by more than two clocks may
 * drift apart came from a flushed buffer.
 */
const earlyEchoMs = 40;

/**
 * Where the carrier's playback stands, in milliseconds of audio sent since the last clear. Audio plays in order and
 * in real time as long as there is any. All times are monotonic milliseconds.
 */
export class PlayoutClock {
  #sentMs = 0;
  #echoedMs = 0;
  #anchorMs = 0;
  #anchorAt = 0;
  /** Where playback stood when it last began, at the latest. */
  #runMs = 0;
  #runAt = 0;

  get sentMs(): number {
    return this.#sentMs;
  }

  /** Every mark behind the audio sent so far came back. */
  get drained(): boolean {
    return this.#echoedMs >= this.#sentMs;
  }

  /** The position of the last echo and the time since it, at most what was sent. */
  heardMs(now: number): number {
    const playingMs = Math.min(Math.max(0, now - this.#anchorAt), beyondEchoMsMax);
    return Math.min(this.#sentMs, this.#anchorMs + playingMs);
  }

  /** What was sent and not yet heard. */
  leadMs(now: number): number {
    return this.#sentMs - this.heardMs(now);
  }

  /** How long the last echo is overdue, 0 if none is. */
  overdueMs(now: number): number {
    return this.drained ? 0 : Math.max(0, this.#anchorMs + (now - this.#anchorAt) - this.#sentMs);
  }

  sent(ms: number, now: number): void {
    if (this.heardMs(now) >= this.#sentMs) {
      this.#anchorMs = this.#sentMs;
      this.#anchorAt = now;
      this.#runMs = this.#sentMs;
      this.#runAt = now;
    }
    this.#sentMs += ms;
  }

  /** False: this position cannot have been played yet. The carrier echoes what it drops, at the end of a call too. */
  echoed(positionMs: number, now: number): boolean {
    if (positionMs > this.#runMs + (now - this.#runAt) + earlyEchoMs) return false;
    if (positionMs < this.#echoedMs) return true;
    this.#echoedMs = positionMs;
    this.#anchorMs = positionMs;
    this.#anchorAt = now;
    return true;
  }

  clear(): void {
    this.#sentMs = 0;
    this.#echoedMs = 0;
    this.#anchorMs = 0;
    this.#runMs = 0;
  }
}
