import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { deadJobs, takeJobs, tidyJobs, prepareJobs } from '../directory/jobs.ts';
import { jobKeys } from '../directory/keys.ts';
import { directoryLimits } from '../directory/limits.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { eventually } from '../sim/eventually.ts';
import { enqueue, findTest, openJobs, testKind, worker } from './jobs.fixture.ts';
import { backOff } from './kinds.ts';
import { HopelessJob, type JobWorker } from './worker.ts';

let dir: string;
let server: RedisServer;
let link: RedisLink;
const started: JobWorker[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aida-jobs-'));
  server = await startRedis({ dir });
  link = await connectRedis(server.url, { onError: () => undefined });
});
beforeEach(() => link.command('flushall'));
afterEach(async () => {
  await Promise.all(started.splice(0).map((each) => each.stop()));
});
afterAll(async () => {
  await link.close();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

function run(...args: Parameters<typeof worker> extends [RedisLink, ...infer Rest] ? Rest : never) {
  const made = worker(link, ...args);
  made.start();
  started.push(made);
  return made;
}

const dead = async () => (await deadJobs(link, 'soon', 10)).map(({ id, tries, reason }) => ({ id, tries, reason }));

test('each job is done once, however often it is asked for, and nothing of it stays but its name', async () => {
  const done: number[] = [];
  for (let n = 0; n < 40; n++) await enqueue(link, String(n), n);
  expect(await enqueue(link, '7', 7)).toBe('known');
  run(findTest(async (n) => void done.push(n)));
  run(
    findTest(async (n) => void done.push(n)),
    'b',
  );
  expect(await openJobs(link)).toBe(0);
  expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => n));
  expect(await enqueue(link, '7', 7)).toBe('known');
  expect(await tidyJobs(link, 'soon')).toMatchObject({ open: 0, later: 0, running: 0, failing: 0, dead: 0 });
  expect(await link.command('xlen', jobKeys('soon').ready)).toBe(0);
});

test('nothing is begun, and no try is spent, before the process knows what it needs', async () => {
  let asked = 0;
  let isReady = false;
  const tries: number[] = [];
  await enqueue(link, 'x');
  run(
    findTest(async (_, context) => void tries.push(context.tries)),
    'a',
    null,
    () => (asked += 1) > 0 && isReady,
  );
  await eventually(
    () => asked,
    (times) => times >= 3,
  );
  expect([tries, await link.command('hlen', jobKeys('soon').job)]).toEqual([[], 1]);
  isReady = true;
  expect(await openJobs(link)).toBe(0);
  expect(tries).toEqual([1]);
});

test('a job that fails is tried again with more time between, then it is a dead letter with why', async () => {
  const tries: number[] = [];
  const made = run(
    findTest((n, { tries: each, isLastTry }) => {
      tries.push(each);
      expect(isLastTry).toBe(each === 3);
      return Promise.reject(new RangeError(`number ${n}`));
    }),
  );
  await enqueue(link, 'x', 5);
  expect(await openJobs(link)).toBe(0);
  expect(tries).toEqual([1, 2, 3]);
  expect(await dead()).toEqual([{ id: 'test|x', tries: 3, reason: 'RangeError: number 5' }]);
  expect(made.logged).toEqual([
    'job failed and is tried again',
    'job failed and is tried again',
    'job failed for good',
  ]);
  await made.tidy();
  expect((await made.metrics.jobs.get()).values).toContainEqual({ labels: { lane: 'soon', state: 'dead' }, value: 1 });
  const runs = (await made.metrics.jobRuns.get()).values.map(({ labels, value }) => [labels.result, value]);
  expect(runs).toEqual([
    ['waits', 2],
    ['buried', 1],
  ]);
});

test('waits double up to their cap', () => {
  const kind = { ...testKind, backOffMs: 500, backOffMaxMs: 3_000 };
  expect([1, 2, 3, 4, 5, 60].map((tries) => backOff(kind, tries))).toEqual([500, 1_000, 2_000, 3_000, 3_000, 3_000]);
});

test('what another try would not help, and what cannot be read, is dead at once', async () => {
  run(findTest((n) => Promise.reject(new HopelessJob(`not ${n}`))));
  await enqueue(link, 'x', 5);
  await enqueue(link, 'y', 'five' as never);
  expect(await openJobs(link)).toBe(0);
  expect((await dead()).map(({ id, tries }) => `${id} ${tries}`).toSorted((a, b) => a.localeCompare(b))).toEqual([
    'test|x 1',
    'test|y 1',
  ]);
});

test('a try that does not end in time is a failed one', async () => {
  run(findTest(() => new Promise(() => undefined), { ...testKind, triesMax: 1, timeoutMs: 30 }));
  await enqueue(link, 'x');
  expect(await openJobs(link)).toBe(0);
  expect((await dead())[0]?.reason).toMatch(/^TimeoutError/);
});

/** A process of its own whose worker begins what there is and never ends it. */
async function hangingProcess(): Promise<ChildProcess> {
  const from = (file: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, file)).href);
  const code = `
    import { connectRedis } from ${from('../directory/redis.ts')};
    import { findTest, worker } from ${from('jobs.fixture.ts')};
    const hang = () => { console.log('begun'); return new Promise(() => undefined); };
    worker(await connectRedis('${server.url}'), findTest(hang), 'killed').start();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

test('what a process had begun when it was killed is done by another', async () => {
  await enqueue(link, 'x', 9);
  const child = await hangingProcess();
  child.kill('SIGKILL');
  await once(child, 'exit');
  const done: [number, number][] = [];
  run(findTest(async (n, { tries }) => void done.push([n, tries])));
  await enqueue(link, 'y', 1);
  await eventually(
    () => done.length,
    (count) => count === 1,
  );
  expect(done).toEqual([[1, 1]]);
  const [[entry]] = (await link.command('xpending', jobKeys('soon').ready, 'workers', '-', '+', 1)) as [[string]];
  await silence(entry, 'killed');
  expect(await openJobs(link)).toBe(0);
  expect(done).toEqual([
    [1, 1],
    [9, 2],
  ]);
});

test('a job that kills whoever runs it is not begun for ever', async () => {
  await prepareJobs(link, 'soon');
  await enqueue(link, 'x', 9);
  for (const reader of ['one', 'two', 'three']) {
    const [taken] = await takeJobs(link, 'soon', reader, 4);
    await silence(taken?.entry ?? '', reader);
  }
  const done: number[] = [];
  run(findTest(async (n) => void done.push(n)));
  expect(await openJobs(link)).toBe(0);
  expect(done).toEqual([]);
  expect(await dead()).toMatchObject([{ id: 'test|x', tries: 4 }]);
});

test('Redis is killed and comes back: what was noted is done, once', async () => {
  const done: number[] = [];
  for (let n = 0; n < 5; n++) await enqueue(link, String(n), n);
  run(findTest(async (n) => void done.push(n)));
  await eventually(
    () => done.length,
    (count) => count === 5,
  );
  await enqueue(link, 'later', 5, Date.now() + 300);
  process.kill(server.pid, 'SIGKILL');
  await eventually(
    () => link.ready,
    (ready) => !ready,
  );
  server = await startRedis({ dir, port: server.port });
  expect(await openJobs(link)).toBe(0);
  expect(done.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
});

test('jobs that pile up are an alarm', async () => {
  const made = worker(
    link,
    findTest(async () => undefined),
  );
  const many = directoryLimits.jobsOpenMax * directoryLimits.jobsAlarmShare;
  const fill = "for n = ARGV[1], ARGV[2] do redis.call('HSET', KEYS[1], n, '') end";
  const atOnce = 2_000;
  for (let n = 1; n < many; n += atOnce)
    await link.command('eval', fill, 1, jobKeys('soon').job, n, Math.min(n + atOnce, many) - 1);
  await made.tidy();
  expect(made.logged).toEqual([]);
  await link.command('eval', fill, 1, jobKeys('soon').job, many, many);
  await made.tidy();
  expect(made.logged).toEqual(['jobs are piling up']);
});

test('what begins by itself does so once in each period, whoever asks', async () => {
  const done: number[] = [];
  const find = findTest(async (n) => void done.push(n), {
    ...testKind,
    payload: z.object({ n: z.number().default(7) }),
  });
  const [one, two] = [worker(link, find, 'a', 3_600_000), worker(link, find, 'b', 3_600_000)];
  started.push(one, two);
  for (const each of [one, two, one]) await each.tidy();
  one.start();
  expect(await openJobs(link)).toBe(0);
  expect(done).toEqual([7]);
});

/** So long without a word of this reader's that its job is anybody's. */
async function silence(entry: string, reader: string): Promise<void> {
  await link.command('xclaim', jobKeys('soon').ready, 'workers', reader, 0, entry, 'IDLE', 20_000, 'JUSTID');
}
