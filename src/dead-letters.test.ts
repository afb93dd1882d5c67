import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { buryJob, enqueueJob, prepareJobs, takeJobs, tidyJobs } from './directory/jobs.ts';
import { connectRedis, type RedisLink } from './directory/redis.ts';
import { type RedisServer, startRedis } from './embedded/redis.ts';

let redis: RedisServer;
let link: RedisLink;

beforeAll(async () => {
  redis = await startRedis();
  link = await connectRedis(redis.url);
});
afterAll(async () => {
  await link.close();
  await redis.stop();
});
beforeEach(async () => {
  await link.command('flushall');
  await prepareJobs(link, 'soon');
  for (const id of ['notice|a', 'notice|b', 'fetch|c']) {
    await enqueueJob(link, 'soon', id, '{}', 0);
    const [job] = await takeJobs(link, 'soon', 'a', 1);
    if (job) await buryJob(link, 'soon', job, 'refused');
  }
});

function command(...line: string[]): Promise<{ code: number; out: string[]; err: string }> {
  const argv = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'dead-letters.ts'), ...line];
  const env = { PATH: process.env['PATH'], REDIS_URL: redis.url };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, argv, { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, out: stdout.split('\n').slice(0, -1), err: stderr.trim() }),
    );
  });
}

test('lists what failed for good, newest first, and how the rest stands', async () => {
  const { code, out } = await command('list');
  expect(code).toBe(0);
  expect(out.slice(0, 2)).toEqual([
    'soon: 0 open (0 later, 0 running, 0 failing, 0 s overdue), 3 dead',
    'bulk: 0 open (0 later, 0 running, 0 failing, 0 s overdue), 0 dead',
  ]);
  expect(out.slice(2).map((line) => line.replace(/^\d+-\d+ {2}\S+ \S+ {2}/, ''))).toEqual([
    'fetch|c  after 1 tries: refused',
    'notice|b  after 1 tries: refused',
    'notice|a  after 1 tries: refused',
  ]);
  expect((await command('list', 'fetch')).out).toHaveLength(3);
});

test('one, all of a kind, or all begin anew', async () => {
  const [entry = ''] = (await command('list', 'fetch')).out[2]?.split(' ') ?? [];
  expect((await command('replay', entry)).out).toEqual(['fetch|c begins anew']);
  expect((await command('replay', 'notice')).out).toEqual(['notice|b begins anew', 'notice|a begins anew']);
  expect(await tidyJobs(link, 'soon')).toMatchObject({ open: 3, dead: 0 });
  expect(await command('replay', 'all')).toMatchObject({ code: 1, err: 'nothing of "all" has failed for good' });
  expect((await command('replay')).err).toMatch(/^usage: /);
});
