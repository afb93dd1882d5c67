import { setTimeout as wait } from 'node:timers/promises';
import { DirectoryError } from './errors.ts';

const TRIES_MAX = 3;
const PAUSE_MS = 50;

/**
 * Asks again what Redis did not answer: every script takes repeats. For callers that wait; in the worst case it takes
 * a second.
 * @throws DirectoryError when it stays unanswered
 */
export async function repeated<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      const canRepeat = error instanceof DirectoryError && error.retryable;
      if (!canRepeat || tries === TRIES_MAX) throw error;
      await wait(PAUSE_MS);
    }
  }
}
