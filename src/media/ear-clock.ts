import type { TurnTimes } from '../calls/stream-port.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** A caller who waits hears something before, or the air is dead. */
const deadAirMs = 2_000;

export interface EarListener {
  /** The caller hears something for the first time, so long after the stream's start. */
  onFirstWord(ms: number): void;
  /** The carrier has played the first sound, since so long ago. */
  onFirstHeard(agoMs: number): void;
  /** The caller hears the answer, since so long ago. */
  onAnswered(times: TurnTimes, agoMs: number): void;
}

/** What the caller's ear has to wait for, in one call: told by events, nothing is done per frame. Times are monotonic ms. */
export class EarClock {
  readonly #metrics: Metrics;
  readonly #listener: EarListener;
  /** The call's trace, where one is kept. */
  #traceId: string | null = null;
  /** The call began, and nothing was heard yet. */
  #startedAt: number | null = null;
  /** When the caller's last turn ended, until its answer was heard. */
  #turnEndedAt: number | null = null;
  /** When the model said so. */
  #toldAt = 0;
  /** The first audio since then: come from the model, handed to the carrier. */
  #cameAt: number | null = null;
  #handedAt: number | null = null;
  /** Something was played. */
  #hasHeard = false;
  /** The call's stream is here. */
  #isOn = false;
  #hadDeadAir = false;
  /** Since when the caller has waited and heard nothing. */
  #waitsSince: number | null = null;
  /** The caller spoke into a sound that the carrier still has to say that it stopped. */
  #interruptedAt: number | null = null;

  constructor(metrics: Metrics, listener: EarListener) {
    this.#metrics = metrics;
    this.#listener = listener;
  }

  started(now: number, traceId: string | null): void {
    this.#traceId = traceId;
    this.#isOn = true;
    this.#startedAt = now;
    this.#waitsSince = now;
  }

  /** The first audio of something was handed over. */
  begun(now: number): void {
    if (this.#startedAt !== null) {
      const ms = now - this.#startedAt;
      this.#startedAt = null;
      this.#metrics.firstWordSeconds.observe(ms / 1000, this.#traceId);
      this.#listener.onFirstWord(ms);
    }
    this.#handedAt ??= now;
    this.#endWait(now);
  }

  /** True until the model's answer begins to come in. */
  get awaitsAnswer(): boolean {
    return this.#turnEndedAt !== null && this.#cameAt === null;
  }

  /** Audio of the model's answer has come. */
  came(now: number): void {
    this.#cameAt ??= now;
  }

  /** Audio was heard that began so many ms ago. */
  heard(playedMs: number, now: number): void {
    if (!this.#hasHeard) {
      this.#hasHeard = true;
      this.#listener.onFirstHeard(playedMs);
    }
    if (this.#turnEndedAt === null) return;
    const heardAt = now - playedMs;
    const silenceMs = Math.max(0, heardAt - this.#turnEndedAt);
    const vadMs = this.#toldAt - this.#turnEndedAt;
    const handedAt = Math.min(this.#handedAt ?? heardAt, heardAt);
    // A sentence of ours may have been first.
    const cameAt = this.#cameAt !== null && this.#cameAt <= handedAt ? this.#cameAt : null;
    this.#turnEndedAt = null;
    this.#metrics.silenceSeconds.observe(silenceMs / 1000, this.#traceId);
    this.#metrics.silenceHandedSeconds.observe(Math.max(0, silenceMs - (heardAt - handedAt)) / 1000, this.#traceId);
    if (cameAt !== null) this.#metrics.modelAnswerSeconds.observe((cameAt - this.#toldAt) / 1000, this.#traceId);
    this.#listener.onAnswered(
      {
        silenceMs,
        vadMs,
        modelMs: cameAt === null ? null : cameAt - this.#toldAt,
        bridgeMs: handedAt - (cameAt ?? this.#toldAt),
        playoutMs: heardAt - handedAt,
      },
      playedMs,
    );
  }

  speechStarted(now: number): void {
    this.#turnEndedAt = null;
    this.#endWait(now);
  }

  /** The news came now, the caller's last sound so many ms before. */
  speechStopped(now: number, agoMs: number): void {
    this.#turnEndedAt = now - agoMs;
    this.#toldAt = now;
    this.#cameAt = null;
    this.#handedAt = null;
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
    this.#metrics.bargeInSeconds.observe((now - this.#interruptedAt) / 1000, this.#traceId);
    this.#interruptedAt = null;
  }

  closed(now: number): void {
    this.#endWait(now);
    if (this.#isOn) this.#metrics.streamsEnded.inc({ dead_air: this.#hadDeadAir ? 'yes' : 'no' });
    this.#isOn = false;
  }

  #endWait(now: number): void {
    if (this.#waitsSince !== null && now - this.#waitsSince >= deadAirMs) {
      this.#hadDeadAir = true;
      this.#metrics.deadAirSeconds.observe((now - this.#waitsSince) / 1000, this.#traceId);
    }
    this.#waitsSince = null;
  }
}
