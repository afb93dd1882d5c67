import { FRAME_MS } from './playout.ts';

type Tick = (nowMs: number) => void;

/** Lines are not in step: each has one of these places within 20 ms. */
const phases = 4;
export const phaseMs = FRAME_MS / phases;
/** After a stall of our own so much is caught up at most. */
const catchUpMsMax = 1_000;

/** Calls each line that has a stream once every 20 ms, late ones as often as they missed it. */
export class Lines {
  readonly #phases: Set<Tick>[] = Array.from({ length: phases }, () => new Set<Tick>());
  #startedMs: number | null = null;
  #next = 0;
  #step = 0;

  /** What it returns takes the line off. */
  add(tick: Tick): () => void {
    const phase = this.#phases[this.#next % phases] as Set<Tick>;
    this.#next += 1;
    phase.add(tick);
    return () => phase.delete(tick);
  }

  /** To be called every {@link phaseMs} or so. */
  run(nowMs: number): void {
    this.#startedMs ??= nowMs;
    const due = Math.floor((nowMs - this.#startedMs) / phaseMs);
    this.#step = Math.max(this.#step, due - catchUpMsMax / phaseMs);
    for (; this.#step < due; this.#step += 1) {
      for (const tick of this.#phases[this.#step % phases] ?? []) tick(nowMs);
    }
  }
}
