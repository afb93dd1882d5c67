import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createConversationProjector } from '../analytics/projections.ts';
import { story, wholeCall } from '../analytics/story.fixture.ts';
import { type DatabaseServer, startPglite } from '../embedded/postgres.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { openDatabase } from '../services/database.ts';

const COMMAND = join(import.meta.dirname, '../caller.ts');
const NUMBER = '+12075550123';
let redis: RedisServer;
let database: DatabaseServer;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aida-caller-'));
  [redis, database] = await Promise.all([startRedis(), startPglite()]);
});

afterAll(async () => {
  await Promise.all([redis.stop(), database.stop()]);
  await rm(dir, { recursive: true, force: true });
});

function caller(args: readonly string[], more: Record<string, string> = {}): Promise<string> {
  const { PATH = '' } = process.env;
  // Each would compile the same modules anew.
  const compiled = { NODE_COMPILE_CACHE: join(dir, 'compiled') };
  const env = { PATH, ...compiled, REDIS_URL: redis.url, DATABASE_URL: database.url, ...more };
  return new Promise((resolve) =>
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', COMMAND, ...args],
      { env },
      (error, out, err) => resolve(error ? `refused: ${err}` : out),
    ),
  );
}

test('a number is exported to a file of its owner’s, erased, and both are in the log', async () => {
  const source = await openDatabase(database.url);
  const facts = story('CA1', wholeCall).map((stored) =>
    stored.fact.type === 'carrier.arrived' ? { ...stored, fact: { ...stored.fact, from: NUMBER } } : stored,
  );
  await createConversationProjector(source, Date.now)(facts);
  await source.destroy();
  const file = join(dir, 'caller.json');
  const secret = { ERASURE_SECRET: 'a-secret-of-the-tests' };
  const why = ['--reason', 'asked by mail', '--by', 'ann'];
  expect(await caller(['export', NUMBER, ...why, '--to', file], secret)).toContain('1 calls, 0 messages');
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ number: NUMBER, calls: [{ callSid: 'CA1' }] });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await caller(['erase', NUMBER, ...why], secret)).toMatch(
    /^ER\w{32}: 1 calls up to .* are erased\n[^]* {2}call_log 1\n[^]* {2}turn 6\n/,
  );
  const log = await caller(['log']);
  expect(log).toMatch(/ann: erase of \w{12}: .*\(asked by mail\)\n.*ann: export of \w{12}: /);
  expect(log).not.toContain(NUMBER);
});

test.each([
  [['erase', NUMBER, '--reason', 'x'], 'ERASURE_SECRET is not set'],
  [['erase', NUMBER], 'ERASURE_SECRET is not set'],
  [['export', NUMBER], 'say why, for the log'],
  [['erase', '12075550123', '--reason', 'x'], 'is no number of a caller'],
  [['forget', NUMBER], 'usage: npm run caller'],
  [['log', '0'], 'the number of entries is "0"'],
])('what cannot be done is refused in words: %j', async (args, words) => {
  const answer = await caller(args);
  expect([answer.startsWith('refused: '), answer]).toEqual([true, expect.stringContaining(words)]);
});
