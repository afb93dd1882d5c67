/** Digits that were pressed and not heard yet; more are forgotten. */
const WAITING_MAX = 64;

/** The keys of the page, for verbs that listen to them. */
export class Keypad {
  private waiting: string[] = [];
  private pressed: (() => void) | null = null;

  /** From now on keys count; `onKey` is told of each. */
  listen(onKey: () => void): void {
    this.waiting = [];
    this.pressed = onKey;
  }

  deafen(): void {
    this.pressed = null;
    this.waiting = [];
  }

  press(digit: string): void {
    if (this.pressed === null || this.waiting.length >= WAITING_MAX) return;
    this.waiting.push(digit);
    this.pressed();
  }

  /** The next digit, null where none comes in time. Rejects with what aborts `signal`. */
  async next(timeoutMs: number, signal: AbortSignal): Promise<string | null> {
    signal.throwIfAborted();
    const told = this.pressed;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    const aborted = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    this.pressed = resolve;
    try {
      if (this.waiting.length === 0) await promise;
      return this.waiting.shift() ?? null;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      this.pressed = told;
    }
  }
}
