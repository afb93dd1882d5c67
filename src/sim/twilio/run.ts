/** Why a document ends before its own end. */
export type StopCause = 'hangup' | 'redirected';

/** Thrown inside a verb when its document was stopped from outside. */
export class Stopped extends Error {}

/** One document under way: verbs wait through it, so that a hang-up or a REST update ends them wherever they are. */
export class Run {
  private readonly controller = new AbortController();
  cause: StopCause | null = null;

  stop(cause: StopCause): void {
    if (this.cause) return;
    this.cause = cause;
    this.controller.abort();
  }

  /** Rejects with {@link Stopped}. */
  wait(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | null = null;
    const passed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    return this.until(passed).finally(() => timer && clearTimeout(timer));
  }

  /** The promise's value, unless the document is stopped first. */
  until<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.controller;
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => reject(new Stopped());
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  /** A part of this document that can be stopped alone. */
  child(): Run {
    const child = new Run();
    const { signal } = this.controller;
    if (this.cause) child.stop(this.cause);
    else signal.addEventListener('abort', () => child.stop(this.cause ?? 'redirected'), { once: true });
    return child;
  }

  check(): void {
    if (this.cause) throw new Stopped();
  }
}
