const POLL_MS = 50;
const BOUND_MS = 20_000;

/** Says of itself that the same may work later: Redis that was slow to answer on a busy machine. */
const isPassing = (error: unknown): boolean =>
  error instanceof Error && 'retryable' in error && error.retryable === true;

/** Asks again and again until `settled` holds of the answer; gives the last answer, or throws as it, when it never does. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  settled: (answer: T) => boolean,
  boundMs = BOUND_MS,
): Promise<T> {
  const untilMs = performance.now() + boundMs;
  for (;;) {
    try {
      const answer = await ask();
      if (settled(answer) || performance.now() > untilMs) return answer;
    } catch (error) {
      if (!isPassing(error) || performance.now() > untilMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
