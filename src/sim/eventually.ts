const POLL_MS = 50;
const BOUND_MS = 20_000;

/** Asks again and again until `settled` holds of the answer; gives the last answer when it never does. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  settled: (answer: T) => boolean,
  boundMs = BOUND_MS,
): Promise<T> {
  const untilMs = performance.now() + boundMs;
  for (;;) {
    const answer = await ask();
    if (settled(answer) || performance.now() > untilMs) return answer;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
