/** The length of one audio frame. */
export const TICK_MS = 20;

const PHASES = 4;
/** After a stall of our own process at most so much is caught up: a second of frames. */
const CATCH_UP_TICKS_MAX = 50;

type Listener = () => void;

/**
 * One timer for all calls: each listener is called once every 20 ms on average, late ticks are caught up.
 * Listeners are spread over four phases of 5 ms, as real lines are not in step either.
 */
export class Ticker {
  private readonly phases: Set<Listener>[] = Array.from({ length: PHASES }, () => new Set<Listener>());
  private nextPhase = 0;
  private step = 0;
  private startedMs = 0;
  private timer: NodeJS.Timeout | null = null;

  /** Returns what ends it. */
  add(listener: Listener): () => void {
    const phase = this.phases[this.nextPhase % PHASES] as Set<Listener>;
    this.nextPhase += 1;
    phase.add(listener);
    if (!this.timer) this.begin();
    return () => {
      phase.delete(listener);
      if (this.phases.some((set) => set.size > 0)) return;
      if (this.timer) clearTimeout(this.timer);
      this.timer = null;
    };
  }

  private begin(): void {
    this.startedMs = performance.now();
    this.step = 0;
    this.timer = setTimeout(this.run, TICK_MS / PHASES);
  }

  private readonly run = (): void => {
    const stepMs = TICK_MS / PHASES;
    const due = Math.floor((performance.now() - this.startedMs) / stepMs);
    this.step = Math.max(this.step, due - CATCH_UP_TICKS_MAX * PHASES);
    while (this.step < due && this.timer) {
      const phase = this.phases[this.step % PHASES] as Set<Listener>;
      this.step += 1;
      for (const listener of phase) listener();
    }
    if (this.timer)
      this.timer = setTimeout(this.run, Math.max(0, this.startedMs + (this.step + 1) * stepMs - performance.now()));
  };
}
