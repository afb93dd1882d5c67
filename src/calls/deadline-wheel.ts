/** A deadline is fired at most this late, plus whatever the event loop is behind. */
const TICK_MS = 50;

/**
 * One timer for the deadlines of all calls. Each key has at most one deadline; setting it again moves it.
 * Times are those of the clock given.
 */
export class DeadlineWheel {
  private readonly now: () => number;
  private readonly fire: (key: string) => void;
  private readonly timer: NodeJS.Timeout;
  private readonly slots = new Map<number, Set<string>>();
  private readonly slotOf = new Map<string, number>();
  private lastTick: number;

  constructor(now: () => number, fire: (key: string) => void) {
    this.now = now;
    this.fire = fire;
    this.lastTick = Math.floor(now() / TICK_MS);
    this.timer = setInterval(() => this.advance(), TICK_MS);
    this.timer.unref();
  }

  get size(): number {
    return this.slotOf.size;
  }

  set(key: string, at: number): void {
    const slot = Math.max(Math.ceil(at / TICK_MS), this.lastTick + 1);
    if (this.slotOf.get(key) === slot) return;
    this.clear(key);
    const keys = this.slots.get(slot);
    if (keys) keys.add(key);
    else this.slots.set(slot, new Set([key]));
    this.slotOf.set(key, slot);
  }

  clear(key: string): void {
    const slot = this.slotOf.get(key);
    if (slot === undefined) return;
    this.slotOf.delete(key);
    const keys = this.slots.get(slot);
    keys?.delete(key);
    if (keys?.size === 0) this.slots.delete(slot);
  }

  close(): void {
    clearInterval(this.timer);
    this.slots.clear();
    this.slotOf.clear();
  }

  private advance(): void {
    const tick = Math.floor(this.now() / TICK_MS);
    for (const slot of [...this.slots.keys()].filter((due) => due <= tick).toSorted((a, b) => a - b)) {
      const keys = this.slots.get(slot) ?? [];
      this.slots.delete(slot);
      for (const key of keys) {
        this.slotOf.delete(key);
        this.fire(key);
      }
    }
    this.lastTick = Math.max(this.lastTick, tick);
  }
}
