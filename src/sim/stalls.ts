const TICK_MS = 5;
const KEPT_MAX = 10_000;

/**
 * When this process did nothing for a while. The fakes live in it: their clocks are late by as much, and what is
 * measured by them is uncertain by as much.
 */
export class Stalls {
  private readonly timer: NodeJS.Timeout;
  private readonly kept: { fromMs: number; toMs: number }[] = [];
  private lastMs = performance.now();

  constructor() {
    this.timer = setInterval(() => {
      const now = performance.now();
      if (now - this.lastMs > 2 * TICK_MS) this.kept.push({ fromMs: this.lastMs, toMs: now });
      if (this.kept.length > KEPT_MAX) this.kept.shift();
      this.lastMs = now;
    }, TICK_MS);
    this.timer.unref();
  }

  /** The longest hold-up that touches this span of `performance.now()`, ms. */
  longest(fromMs: number, toMs: number): number {
    const touching = this.kept.filter((stall) => stall.toMs >= fromMs && stall.fromMs <= toMs);
    return Math.max(0, ...touching.map((stall) => stall.toMs - stall.fromMs));
  }

  /** Every hold-up that is kept. */
  all(): { fromMs: number; toMs: number }[] {
    return [...this.kept];
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
