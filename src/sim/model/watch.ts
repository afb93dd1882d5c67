interface Waiter {
  readonly predicate: () => boolean;
  readonly resolve: () => void;
}

/** Lets tests wait for something observable, looked at again after every change. */
export class Watch {
  readonly #waiters = new Set<Waiter>();

  changed(): void {
    for (const waiter of this.#waiters) {
      if (waiter.predicate()) waiter.resolve();
    }
  }

  /** Resolves when `predicate` is true; rejects with `what` after `boundMs`. A predicate that throws rejects at once. */
  waitFor(predicate: () => boolean, boundMs: number, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        if (error === undefined) resolve();
        else reject(error);
      };
      const safely = (): boolean => {
        try {
          return predicate();
        } catch (error) {
          settle(error);
          return false;
        }
      };
      const timer = setTimeout(() => settle(new Error(`not within ${boundMs} ms: ${what}`)), boundMs);
      const waiter: Waiter = { predicate: safely, resolve: settle };
      this.#waiters.add(waiter);
      if (safely()) settle();
    });
  }
}
