import { DirectoryError, type DirectoryErrorCode } from '../directory/errors.ts';
import type { RedisLink } from '../directory/redis.ts';

/** A link to Redis that can be lost, for this process only. */
export interface BrittleLink extends RedisLink {
  /** Every command fails so from now on; null: Redis is there again, and whoever listens hears of it unless `quietly`. */
  fail(code: DirectoryErrorCode | null, how?: 'quietly'): void;
  /** The next run of the script with this name is applied, and its reply lost. */
  loseReply(script: string): void;
}

export function brittle(real: RedisLink): BrittleLink {
  const listeners = new Set<() => void>();
  let failure: DirectoryErrorCode | null = null;
  let lost: string | null = null;
  const guard = async <T>(run: () => Promise<T>): Promise<T> => {
    if (failure) throw new DirectoryError(failure, 'planted');
    return run();
  };
  return {
    get ready() {
      return failure === null && real.ready;
    },
    run: (script, keys, args) =>
      guard(async () => {
        const reply = await real.run(script, keys, args);
        if (script.name !== lost) return reply;
        lost = null;
        throw new DirectoryError('unanswered', 'planted');
      }),
    command: (name, ...args) => guard(() => real.command(name, ...args)),
    onRestored(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => real.close(),
    fail(code, how) {
      failure = code;
      if (code === null && how !== 'quietly') for (const listener of listeners) listener();
    },
    loseReply: (script) => (lost = script),
  };
}
