/** After a stall of this process at most so much is caught up. */
const catchUpMs = 200;

/** Calls `turn` for each of `lines` once in `everyMs`, lines evenly spread over it: never all at once. */
export class Pacer {
  #timer: NodeJS.Timeout | null = null;

  start(lines: number, everyMs: number, turn: (line: number, dueAt: number) => void): void {
    const stepMs = everyMs / lines;
    const startedAt = performance.now();
    let done = 0;
    const run = (): void => {
      const due = Math.floor((performance.now() - startedAt) / stepMs);
      done = Math.max(done, due - Math.ceil(catchUpMs / stepMs));
      for (; done < due; done++) turn(done % lines, startedAt + (done + 1) * stepMs);
      this.#timer = setTimeout(run, 1);
    };
    this.#timer = setTimeout(run, 1);
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** Resolves when the condition holds; rejects after `boundMs`. */
export async function until(condition: () => boolean, boundMs: number, what: () => string): Promise<void> {
  const startedAt = performance.now();
  while (!condition()) {
    if (performance.now() - startedAt > boundMs) throw new Error(`not within ${boundMs} ms: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
