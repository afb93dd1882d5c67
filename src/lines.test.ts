import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PreparedLineEntity } from '../entities/prepared-line.ts';
import { seed } from '../entities/seed/index.ts';
import { connectRedis, subscribe } from './directory/redis.ts';
import { startPglite, type DatabaseServer } from './embedded/postgres.ts';
import { type RedisServer, startRedis } from './embedded/redis.ts';
import { CATALOG_CHANNEL } from './services/catalog-keeper.ts';
import { openDatabase } from './services/database.ts';
import { eventually } from './sim/eventually.ts';
import { type FakeModel, startFakeModel } from './sim/model/index.ts';

let redis: RedisServer;
let database: DatabaseServer;
let model: FakeModel;
let source: Awaited<ReturnType<typeof openDatabase>>;

beforeAll(async () => {
  [redis, database, model] = await Promise.all([startRedis(), startPglite(), startFakeModel({ charsPerSecond: 200 })]);
  source = await openDatabase(database.url);
  await seed(source, Date.now());
});
afterAll(async () => {
  await source.destroy();
  await Promise.all([redis.stop(), database.stop(), model.close()]);
});

function command(change: Record<string, string> = {}) {
  const argv = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'lines.ts')];
  const env = {
    PATH: process.env['PATH'],
    PUBLIC_URL: 'https://voice.example.com',
    REDIS_URL: redis.url,
    DATABASE_URL: database.url,
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'a-token-of-tests',
    OPENAI_API_KEY: 'any',
    OPENAI_API_URL: model.apiUrl,
    ...change,
  };
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const child = execFile(process.execPath, argv, { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, out: stdout.trim(), err: stderr.trim() }),
    );
  });
}

test('renders what is missing, tells running nodes, and says what came of it', async () => {
  const link = await connectRedis(redis.url);
  let told = 0;
  const stop = subscribe(redis.url, CATALOG_CHANNEL, () => (told += 1));
  await eventually(
    async () => Number(await link.command('publish', CATALOG_CHANNEL, 'anybody there?')),
    (listeners) => listeners === 1,
  );
  await eventually(
    () => told,
    (times) => times > 0,
  );
  told = 0;
  model.speechDoor = 401;
  const refused = await command();
  expect([refused.code, refused.out]).toEqual([1, '0 lines rendered in the voice marin, 0 were there']);
  expect(refused.err).toMatch(/^\d+ lines are missing: speech refused: 401 .*invalid_api_key/);
  expect(told).toBe(0);
  model.speechDoor = 'open';
  const rendered = await command();
  const rows = await source.getRepository(PreparedLineEntity).count();
  expect(rendered).toEqual({ code: 0, out: `${rows} lines rendered in the voice marin, 0 were there`, err: '' });
  expect(rows).toBeGreaterThan(80);
  expect(
    await eventually(
      () => told,
      (times) => times > 0,
    ),
  ).toBe(1);
  expect((await command()).out).toBe(`0 lines rendered in the voice marin, ${rows} were there`);
  stop();
  await link.close();
});

test('says what is missing in the settings', async () => {
  expect(await command({ OPENAI_API_URL: '', OPENAI_REALTIME_URL: 'ws://127.0.0.1:9/v1/realtime' })).toEqual({
    code: 1,
    out: '',
    err: 'OPENAI_API_URL is not set: nothing is known that speaks',
  });
});
