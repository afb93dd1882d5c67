import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import {
  buryJob,
  deadJobs,
  enqueueJob,
  finishJob,
  keepJobs,
  prepareJobs,
  replayJob,
  retryJob,
  takeJobs,
  tidyJobs,
} from './jobs.ts';
import { jobKeys } from './keys.ts';
import { directoryLimits } from './limits.ts';
import { connectRedis, type RedisLink } from './redis.ts';
import { readTexts } from './reply.ts';
import { tidyJobsScript } from './scripts/jobs.ts';

let server: RedisServer;
let link: RedisLink;

beforeAll(async () => {
  server = await startRedis();
  link = await connectRedis(server.url);
});
beforeEach(async () => {
  await link.command('flushall');
  await prepareJobs(link, 'soon');
});
afterAll(async () => {
  await link.close();
  await server.stop();
});

const enqueue = (id: string, at = 0, payload = 'p') => enqueueJob(link, 'soon', id, payload, at);
const take = (reader = 'a', max = 10) => takeJobs(link, 'soon', reader, max);

async function taken(reader = 'a') {
  const [job] = await take(reader);
  if (!job) throw new Error('nothing to take');
  return job;
}

test('a job is given to one reader with what it is about', async () => {
  expect(await enqueue('a')).toBe('enqueued');
  expect(await enqueue('a', 0, 'other')).toBe('known');
  const job = await taken();
  expect(job).toMatchObject({ id: 'a', payload: 'p', tries: 1 });
  expect(await take('b')).toEqual([]);
  expect(await finishJob(link, 'soon', job)).toBe('finished');
  expect(await finishJob(link, 'soon', job)).toBe('lost');
  expect(await enqueue('a')).toBe('known');
});

test('a job is not begun before its time, and sooner if it is asked for sooner', async () => {
  const now = Date.now();
  expect(await enqueue('far', now + 3_600_000)).toBe('enqueued');
  expect(await enqueue('far', now + 7_200_000)).toBe('known');
  expect(await take()).toEqual([]);
  expect(await tidyJobs(link, 'soon')).toMatchObject({ open: 1, later: 1, oldestMs: 0 });
  expect(await enqueue('far')).toBe('sooner');
  expect((await taken()).id).toBe('far');
  expect(await enqueue('far')).toBe('known');
});

test('one that waits for its next try is not asked for sooner', async () => {
  await enqueue('x');
  const job = await taken();
  expect(await retryJob(link, 'soon', job, { delayMs: 60_000, reason: 'no' })).toBe('waits');
  expect(await enqueue('x')).toBe('known');
  expect(await take()).toEqual([]);
  expect(await tidyJobs(link, 'soon')).toMatchObject({ open: 1, later: 1, failing: 1, running: 0 });
});

test('a reader whose job was begun by another ends nothing of it', async () => {
  await enqueue('x');
  const first = await taken('slow');
  await link.command('xclaim', jobKeys('soon').ready, 'workers', 'slow', 0, first.entry, 'IDLE', 20_000, 'JUSTID');
  const second = await taken('quick');
  expect(second).toMatchObject({ id: 'x', tries: 2 });
  expect(await keepJobs(link, 'soon', 'slow', [first])).toEqual(new Set());
  expect(await keepJobs(link, 'soon', 'quick', [second])).toEqual(new Set(['x']));
  expect(await retryJob(link, 'soon', first, { delayMs: 0, reason: '' })).toBe('lost');
  expect(await buryJob(link, 'soon', first, '')).toBe('lost');
  expect(await finishJob(link, 'soon', first)).toBe('lost');
  expect(await finishJob(link, 'soon', second)).toBe('finished');
});

test('a job that is kept is not given to another', async () => {
  await enqueue('x');
  const job = await taken('a');
  await link.command('xclaim', jobKeys('soon').ready, 'workers', 'a', 0, job.entry, 'IDLE', 20_000, 'JUSTID');
  await keepJobs(link, 'soon', 'a', [job]);
  expect(await take('b')).toEqual([]);
});

test('the dead are kept with why, and begin anew when they are replayed', async () => {
  await enqueue('x', 0, 'about');
  expect(await buryJob(link, 'soon', await taken(), 'r'.repeat(1_000))).toBe('buried');
  expect(await enqueue('x')).toBe('known');
  const [letter, ...more] = await deadJobs(link, 'soon', 10);
  expect(more).toEqual([]);
  expect(letter).toMatchObject({ lane: 'soon', id: 'x', payload: 'about', tries: 1, reason: 'r'.repeat(200) });
  expect(await tidyJobs(link, 'soon')).toMatchObject({ open: 0, dead: 1 });
  expect(await replayJob(link, 'soon', letter?.entry ?? '')).toBe('x');
  expect(await replayJob(link, 'soon', letter?.entry ?? '')).toBeNull();
  expect(await tidyJobs(link, 'soon')).toMatchObject({ open: 1, dead: 0 });
  expect(await taken()).toMatchObject({ id: 'x', payload: 'about', tries: 1 });
});

test('what is too long, and more than there is room for, is refused', async () => {
  await expect(enqueue('x'.repeat(201))).rejects.toBeInstanceOf(RangeError);
  await expect(enqueue('x', 0, 'x'.repeat(16_385))).rejects.toBeInstanceOf(RangeError);
  const { job } = jobKeys('soon');
  const args = Array.from({ length: directoryLimits.jobsOpenMax }, (_, n) => [String(n), '']).flat();
  for (let i = 0; i < args.length; i += 20_000) await link.command('hset', job, ...args.slice(i, i + 20_000));
  expect(await enqueue('x')).toBe('full');
});

test('every key expires, and what is over is forgotten', async () => {
  for (const id of ['done', 'waits', 'dead', 'open']) await enqueue(id);
  const jobs = Object.fromEntries((await take('a', 3)).map((job) => [job.id, job]));
  if (!jobs.done || !jobs.waits || !jobs.dead) throw new Error('not taken');
  await finishJob(link, 'soon', jobs.done);
  await retryJob(link, 'soon', jobs.waits, { delayMs: 60_000, reason: 'no' });
  await buryJob(link, 'soon', jobs.dead, 'no');
  const keys = readTexts(await link.command('keys', '*'));
  expect(keys.length).toBe(Object.keys(jobKeys('soon')).length);
  for (const key of keys) expect(await link.command('pttl', key), key).toBeGreaterThan(0);
  const { over } = jobKeys('soon');
  await link.command('zadd', over, 1, 'done');
  await tidyJobs(link, 'soon');
  expect(readTexts(await link.command('zrange', over, 0, -1))).toEqual(['dead']);
});

test('the name of a reader that is gone is forgotten, not of one that still has a job', async () => {
  await take('gone');
  await enqueue('x');
  await taken('holds');
  const keys: Record<string, string> = jobKeys('soon');
  // As if an hour had passed.
  await link.run(
    tidyJobsScript,
    tidyJobsScript.keys.map((name) => keys[name] ?? ''),
    [60_000, 10, -1],
  );
  const names = JSON.stringify(await link.command('xinfo', 'CONSUMERS', keys.ready ?? '', 'workers'));
  expect(names).toContain('holds');
  expect(names).not.toContain('gone');
});
