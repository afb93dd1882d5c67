import { afterEach, expect, it } from 'vitest';
import type { DrainProgress } from '../calls/drain.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { drainRoutes } from './drain-routes.ts';
import { createServer, type Server } from './server.ts';

const TOKEN = 'a-token-of-16-characters';
const serving: DrainProgress = { stage: 'serving', calls: 2, expected: 1, handedOver: 0, finishInMs: null };

let server: Server | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

async function start(adminToken: string | null) {
  const orders: boolean[] = [];
  const drain = (urgent: boolean) => void orders.push(urgent);
  const routes = drainRoutes({ adminToken, incarnation: 'i1', progress: () => serving, drain });
  const { port } = (server = await createServer({
    host: '127.0.0.1',
    port: 0,
    routes,
    log: createLog('silent'),
    metrics: createMetrics(),
  }));
  const ask = (path: string, method: string, token = TOKEN) =>
    fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
  return { orders, ask };
}

it('drains when told so by whoever has the token, at once with ?now', async () => {
  const { orders, ask } = await start(TOKEN);
  const first = await ask('/drain', 'POST');
  expect([first.status, await first.json()]).toEqual([200, { incarnation: 'i1', ...serving }]);
  await ask('/drain?now', 'POST');
  expect(orders).toEqual([false, true]);
});

it('says how far it is without draining', async () => {
  const { orders, ask } = await start(TOKEN);
  expect(await (await ask('/drain', 'GET')).json()).toEqual({ incarnation: 'i1', ...serving });
  expect(orders).toEqual([]);
});

it.each(['', 'a-token-of-16-characterz'])('refuses the token %j', async (token) => {
  const { orders, ask } = await start(TOKEN);
  expect([(await ask('/drain', 'POST', token)).status, (await ask('/drain', 'GET', token)).status]).toEqual([401, 401]);
  expect(orders).toEqual([]);
});

it('is not there without a token of the node', async () => {
  const { ask } = await start(null);
  expect([(await ask('/drain', 'POST')).status, (await ask('/drain', 'GET')).status]).toEqual([404, 404]);
});
