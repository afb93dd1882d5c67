import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLog } from '../telemetry/log.ts';
import { LogLevel } from '../telemetry/log-level.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { logRoutes } from './log-routes.ts';
import { createServer, type Server } from './server.ts';

const TOKEN = 'a-token-of-16-characters';

let server: Server;
let lines: string[];
let level: LogLevel;
let log: ReturnType<typeof createLog>;

beforeEach(async () => {
  lines = [];
  log = createLog('info', { destination: { write: (line) => lines.push((JSON.parse(line) as { msg: string }).msg) } });
  level = new LogLevel(log);
  const routes = logRoutes({ adminToken: TOKEN, logLevel: level });
  server = await createServer({ host: '127.0.0.1', port: 0, routes, log, metrics: createMetrics() });
});

afterEach(async () => {
  vi.useRealTimers();
  level.close();
  await server.close();
});

const ask = (method: string, query = '', token = TOKEN) =>
  fetch(`http://127.0.0.1:${server.port}/log-level${query}`, { method, headers: { authorization: `Bearer ${token}` } });

test('the level changes while the process runs, and is the configured one again after the time given', async () => {
  log.debug('before');
  const answer = await ask('POST', '?level=debug&minutes=30');
  expect(await answer.json()).toEqual({ level: 'debug', untilMs: expect.closeTo(30 * 60_000, -4) });
  log.debug('meanwhile');
  expect(await (await ask('GET')).json()).toMatchObject({ level: 'debug' });
  await ask('POST', '?level=info');
  log.debug('after');
  expect(lines).toEqual(['the log level is changed', 'meanwhile', 'the log level is changed']);
  expect(await (await ask('GET')).json()).toEqual({ level: 'info', untilMs: null });
});

test('nobody has to remember to change it back', () => {
  vi.useFakeTimers();
  level.set('trace', 60_000);
  log.trace('meanwhile');
  vi.advanceTimersByTime(60_000);
  log.trace('after');
  expect(lines).toEqual(['the log level is changed', 'meanwhile', 'the log level is the configured one again']);
});

test.each([
  ['?level=loud', 400],
  ['', 400],
  ['?level=debug&minutes=0', 400],
  ['?level=debug&minutes=1441', 400],
  ['?level=debug&minutes=x', 400],
])('%j is refused', async (query, status) => {
  expect((await ask('POST', query)).status).toBe(status);
  expect(level.now).toEqual({ level: 'info', untilMs: null });
});

test('nobody without the token reads or changes it, and without a token there is nothing to ask', async () => {
  expect([(await ask('GET', '', 'x')).status, (await ask('POST', '?level=debug', 'x')).status]).toEqual([401, 401]);
  expect(level.now.level).toBe('info');
  expect(logRoutes({ adminToken: null, logLevel: level })).toEqual([]);
});
