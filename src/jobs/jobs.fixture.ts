import { z } from 'zod';
import { enqueueJob } from '../directory/jobs.ts';
import { jobKeys } from '../directory/keys.ts';
import type { RedisLink } from '../directory/redis.ts';
import { eventually } from '../sim/eventually.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { JobKind } from './kinds.ts';
import { type FindWork, type JobContext, JobWorker } from './worker.ts';

/** What the tests of the jobs have done. */
export const testKind: JobKind = {
  lane: 'soon',
  triesMax: 3,
  timeoutMs: 2_000,
  backOffMs: 5,
  backOffMaxMs: 10,
  payload: z.object({ n: z.number() }),
};

export function findTest(run: (n: number, context: JobContext) => Promise<void>, kind = testKind): FindWork {
  return (name) =>
    name === 'test' ? { kind, run: (payload, context) => run((payload as { n: number }).n, context) } : null;
}

/** `everyMs`: the kind `test` begins by itself as well. */
export function worker(
  link: RedisLink,
  find: FindWork,
  reader = 'a',
  everyMs: number | null = null,
  isReady = () => true,
) {
  const logged: string[] = [];
  const note = (_: unknown, message: string) => void logged.push(message);
  const metrics = createMetrics();
  const recurring = everyMs === null ? [] : [{ kind: 'test', everyMs }];
  const built = new JobWorker({
    link,
    lane: 'soon',
    find,
    recurring,
    reader,
    isReady,
    log: { warn: note, error: note } as never,
    metrics,
  });
  return Object.assign(built, { logged, metrics });
}

export const enqueue = (link: RedisLink, key: string, n = 1, at = 0) =>
  enqueueJob(link, 'soon', `test|${key}`, JSON.stringify({ n }), at);

/** Waits until every job is done or dead; how many are not, should that never be so. */
export const openJobs = (link: RedisLink): Promise<unknown> =>
  eventually(
    () => link.command('hlen', jobKeys('soon').job).catch(() => 'away'),
    (count) => count === 0,
  );
