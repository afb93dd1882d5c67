import { type Enqueued, enqueueJob } from '../directory/jobs.ts';
import type { RedisLink } from '../directory/redis.ts';
import { jobKinds, type JobName, type JobPayload } from './kinds.ts';

/** Delayed and retried work: noted here, done by a worker of any process, at least once. */
export interface Jobs {
  /**
   * Notes a job; once for each kind and key, until a day after it is over. `at`: not before, Redis-clock ms; asked for
   * again with an earlier one before it was begun, it comes sooner. `full`: nothing was noted, ask later.
   * Rejects with DirectoryError, or RangeError for a key or payload that is too long.
   */
  enqueue<N extends JobName>(
    kind: N,
    key: string,
    payload: JobPayload<N>,
    options?: { at?: number },
  ): Promise<Enqueued>;
}

const SEPARATOR = '|';

export function createJobs(link: RedisLink): Jobs {
  return {
    enqueue(kind, key, payload, { at = 0 } = {}) {
      return enqueueJob(link, jobKinds[kind].lane, jobId(kind, key), JSON.stringify(payload), at);
    },
  };
}

/** One job, however often it is asked for. */
export const jobId = (kind: string, key: string): string => `${kind}${SEPARATOR}${key}`;

/** The reverse. */
export function parseJobId(id: string): { kind: string; key: string } {
  const at = id.indexOf(SEPARATOR);
  return at < 0 ? { kind: id, key: '' } : { kind: id.slice(0, at), key: id.slice(at + 1) };
}
