import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { DrainProgress } from './calls/drain.ts';
import { heartbeat, retire } from './directory/fleet.ts';
import { connectRedis, type RedisLink } from './directory/redis.ts';
import { type RedisServer, startRedis } from './embedded/redis.ts';
import { drainRoutes } from './http/drain-routes.ts';
import { createServer, type Server } from './http/server.ts';
import { createLog } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';

const TOKEN = 'a-token-of-16-characters';
const INCARNATION = 'i1';

let redis: RedisServer;
let link: RedisLink;
let server: Server | null = null;

beforeAll(async () => {
  redis = await startRedis();
  link = await connectRedis(redis.url);
});
afterEach(async () => {
  await retire(link, { node: 'node-1', incarnation: INCARNATION });
  await server?.close();
  server = null;
});
afterAll(async () => {
  await link.close();
  await redis.stop();
});

async function register(nodeUrl: string, incarnation = INCARNATION): Promise<void> {
  await heartbeat(link, {
    self: { node: 'node-1', incarnation, nodeUrl, mediaUrl: 'wss://node-1.example.com/media-stream', version: '1' },
    capacity: 10,
    liveCalls: 0,
    held: [],
    starting: true,
    spentMicros: 0,
    telling: 1,
    model: null,
  });
}

/** A node that says it has so many calls, one less each time that it is asked. */
async function startNode(calls: number, adminToken: string | null = TOKEN, whenEmpty = () => Promise.resolve()) {
  const orders: boolean[] = [];
  let here = calls;
  const progress = (): DrainProgress => {
    const answer = { calls: here, expected: 0, handedOver: calls - here, finishInMs: 12_000 };
    if (here === 0) void whenEmpty();
    else here -= 1;
    return { stage: 'finishing', ...answer };
  };
  server = await createServer({
    host: '127.0.0.1',
    port: 0,
    routes: drainRoutes({
      adminToken,
      incarnation: INCARNATION,
      progress,
      drain: (urgent) => void orders.push(urgent),
    }),
    log: createLog('silent'),
    metrics: createMetrics(),
  });
  await register(`http://127.0.0.1:${server.port}`);
  return orders;
}

function command(args: string[], change: Record<string, string> = {}) {
  const env = {
    PATH: process.env['PATH'],
    PUBLIC_URL: 'https://voice.example.com',
    REDIS_URL: redis.url,
    DATABASE_URL: 'postgres://aida@127.0.0.1/aida',
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'token-one',
    OPENAI_API_KEY: 'sk-test',
    ADMIN_TOKEN: TOKEN,
    ...change,
  };
  const file = join(import.meta.dirname, 'drain.ts');
  const argv = ['--disable-warning=ExperimentalWarning', file, ...args];
  return new Promise<{ code: number; out: string[]; err: string }>((resolve) => {
    const child = execFile(process.execPath, argv, { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, out: stdout.split('\n').slice(0, -1), err: stderr.trim() }),
    );
  });
}

test('asks the node to end and says what it has', async () => {
  const orders = await startNode(3);
  expect(await command(['node-1'])).toEqual({
    code: 0,
    out: [
      'node-1 takes no new calls; 3 calls here, 0 on their way, 0 handed over; what is left is handed over in 12 s',
    ],
    err: '',
  });
  expect(orders).toEqual([false]);
  await command(['node-1', '--now']);
  expect(orders).toEqual([false, true]);
});

test('waits until the node has left the registry', async () => {
  await startNode(2, TOKEN, () => retire(link, { node: 'node-1', incarnation: INCARNATION }));
  const { code, out, err } = await command(['node-1', '--wait']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out.map((line) => /(\d+) calls here/.exec(line)?.[1] ?? line)).toEqual([
    '2',
    '1',
    '0',
    'node-1 has left; 2 calls were handed over',
  ]);
});

test('a node whose successor has its name by now has left', async () => {
  await startNode(1, TOKEN, () => register('http://127.0.0.1:1', 'i2'));
  expect((await command(['node-1', '--wait'])).out.at(-1)).toBe('node-1 has left; 1 calls were handed over');
  await retire(link, { node: 'node-1', incarnation: 'i2' });
});

test('names the nodes that there are where there is none of this name', async () => {
  await startNode(0);
  expect(await command(['node-9'])).toEqual({ code: 1, out: [], err: 'there is no node node-9; node-1' });
});

test('says where a node does not answer', async () => {
  await register('http://127.0.0.1:1');
  expect(await command(['node-1'])).toEqual({
    code: 1,
    out: [],
    err: 'node-1 does not answer at http://127.0.0.1:1',
  });
});

test('says when the token is another, or the node has none', async () => {
  const orders = await startNode(1, 'another-token-of-24-chars');
  expect(await command(['node-1'])).toEqual({ code: 1, out: [], err: 'node-1 has another ADMIN_TOKEN' });
  expect(orders).toEqual([]);
  await server?.close();
  await startNode(1, null);
  expect((await command(['node-1'])).err).toBe('node-1 has no ADMIN_TOKEN or no calls: send it SIGTERM');
});

test('refuses to drain another process at the same address', async () => {
  const orders = await startNode(1);
  await register(`http://127.0.0.1:${server?.port}`, 'i2');
  const { code, err } = await command(['node-1']);
  expect([code, err]).toEqual([1, expect.stringContaining('another process answers than node-1')]);
  expect(orders).toEqual([]);
  await retire(link, { node: 'node-1', incarnation: 'i2' });
});

test.each([[[]], [['node-1', 'node-2']], [['node-1', '--soon']]])('explains itself at %j', async (args) => {
  expect(await command(args)).toEqual({ code: 1, out: [], err: 'usage: npm run drain -- NODE [--now] [--wait]' });
});

test('says when Redis does not answer', async () => {
  const { code, err } = await command(['node-1'], { REDIS_URL: 'redis://127.0.0.1:1' });
  expect([code, err]).toEqual([1, expect.stringMatching(/^[^\n]+$/)]);
});

test('says which setting is missing', async () => {
  const { code, err } = await command(['node-1'], { ADMIN_TOKEN: '' });
  expect([code, err]).toEqual([1, expect.stringContaining('ADMIN_TOKEN is not set')]);
});
