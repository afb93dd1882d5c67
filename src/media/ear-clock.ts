import type { Metrics } from '../telemetry/metrics.ts';

/** A caller who waits hears something before, or the air is dead. */
const deadAirMs = 2_000;

/** What the caller's ear has to wait for, in one call: told by events, nothing is done per frame. Times are monotonic ms. */
export class EarClock {
  readonly #metrics: Metrics;
  /** The call began, and nothing was heard yet. */
  #startedAt: number | null = null;
  /** When the caller's last turn ended, until its answer was heard. */
  #turnEndedAt: number | null = null;
  /** Since when the caller has waited and heard nothing. */
  #waitsSince: number | null = null;
  /** The caller spoke into a sound that the carrier still has to say that it stopped. */
  #interruptedAt: number | null = null;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  started(now: number): void {
    this.#startedAt = now;
    this.#waitsSince = now;
  }

  /** The first audio of something was handed over. */
  begun(now: number): void {
    if (this.#startedAt !== null) this.#metrics.firstWordSeconds.observe((now - this.#startedAt) / 1000);
    this.#startedAt = null;
    this.#endWait(now);
  }

  /** Audio was heard that began so many ms ago. */
  heard(playedMs: number, now: number): void {
    if (this.#turnEndedAt === null) return;
    const silenceMs = now - playedMs - this.#turnEndedAt;
    this.#turnEndedAt = null;
    this.#metrics.silenceSeconds.observe(Math.max(0, silenceMs) / 1000);
  }

  speechStarted(now: number): void {
    this.#turnEndedAt = null;
    this.#endWait(now);
  }

  /** The news came now, the caller's last sound so many ms before. */
  speechStopped(now: number, agoMs: number): void {
    this.#turnEndedAt = now - agoMs;
    this.waits(now);
  }

  /** The turn that ended was no words. */
  turnWasNone(): void {
    this.#turnEndedAt = null;
  }

  waits(now: number): void {
    this.#waitsSince ??= now;
  }

  /** What sounded was told to stop, because of a sound that began at `onsetAt`. */
  interrupted(onsetAt: number): void {
    this.#interruptedAt = onsetAt;
  }

  /** The carrier has stopped: it gave back a mark of what it threw away. */
  silenced(now: number): void {
    if (this.#interruptedAt === null) return;
    this.#metrics.bargeInSeconds.observe((now - this.#interruptedAt) / 1000);
    this.#interruptedAt = null;
  }

  closed(now: number): void {
    this.#endWait(now);
  }

  #endWait(now: number): void {
    if (this.#waitsSince !== null && now - this.#waitsSince >= deadAirMs) {
      this.#metrics.deadAirSeconds.observe((now - this.#waitsSince) / 1000);
    }
    this.#waitsSince = null;
  }
}
