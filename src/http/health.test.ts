import { afterEach, expect, it } from 'vitest';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { watchProcess } from '../telemetry/process-watch.ts';
import { healthRoutes, type ReadyCheck } from './health.ts';
import { createServer, type Server } from './server.ts';

let server: Server | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

async function start(
  ready: Record<string, ReadyCheck>,
  isDraining = false,
): Promise<(path: string) => Promise<Response>> {
  const metrics = createMetrics();
  watchProcess(metrics);
  metrics.refusals.inc({ reason: 'signature' }, 3);
  metrics.spliceSeconds.to_caller.observe(0.000_07);
  metrics.spliceSeconds.to_caller.observe(9);
  const { port } = (server = await createServer({
    host: '127.0.0.1',
    port: 0,
    routes: healthRoutes({ ready, isDraining: () => isDraining, incarnation: 'i1', metrics }),
    log: createLog('silent'),
    metrics,
  }));
  return (path) => fetch(`http://127.0.0.1:${port}${path}`);
}

it('is alive whatever its dependencies say', async () => {
  const get = await start({ redis: () => false });
  expect([(await get('/healthz')).status, await (await get('/healthz')).json()]).toEqual([200, { status: 'alive' }]);
});

it('says which process lives', async () => {
  const get = await start({});
  expect((await get('/healthz')).headers.get('x-incarnation')).toBe('i1');
});

it('is ready when every check passes', async () => {
  const get = await start({ redis: () => true, postgres: () => Promise.resolve(true) });
  const response = await get('/readyz');
  expect([response.status, await response.json()]).toEqual([
    200,
    { status: 'ready', checks: { redis: true, postgres: true } },
  ]);
});

it('is not ready when a check fails, throws, rejects or does not answer', async () => {
  const get = await start({
    redis: () => true,
    fails: () => false,
    throws: () => {
      throw new Error('sync');
    },
    rejects: () => Promise.reject(new Error('async')),
    hangs: () => new Promise(() => {}),
  });
  const response = await get('/readyz');
  expect([response.status, await response.json()]).toEqual([
    503,
    { status: 'not ready', checks: { redis: true, fails: false, throws: false, rejects: false, hangs: false } },
  ]);
});

it('is not ready when it is to end, whatever works', async () => {
  const get = await start({ redis: () => true }, true);
  const response = await get('/readyz');
  expect([response.status, await response.json()]).toEqual([503, { status: 'draining', checks: { redis: true } }]);
  expect((await get('/healthz')).status).toBe(200);
});

it('shows metrics, hot ones among them', async () => {
  const get = await start({});
  const response = await get('/metrics');
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const text = await response.text();
  expect(text).toContain('aida_refusals_total{reason="signature"} 3');
  expect(text).toContain('# TYPE aida_splice_seconds histogram');
  expect(text).toContain('aida_splice_seconds_bucket{le="0.00005",direction="to_caller"} 0');
  expect(text).toContain('aida_splice_seconds_bucket{le="0.0001",direction="to_caller"} 1');
  expect(text).toContain('aida_splice_seconds_bucket{le="0.05",direction="to_caller"} 1');
  expect(text).toContain('aida_splice_seconds_bucket{le="+Inf",direction="to_caller"} 2');
  expect(text).toContain('aida_splice_seconds_sum{direction="to_caller"} 9.00007');
  expect(text).toContain('aida_splice_seconds_count{direction="to_caller"} 2');
  expect(text).toContain('aida_event_loop_delay_seconds');
});

it('leaves out of the answer what a balancer says that it can do without, and tells of it all the same', async () => {
  const get = await start({ redis: () => false, catalog: () => true });
  const response = await get('/readyz?except=redis,placement');
  expect([response.status, await response.json()]).toEqual([
    200,
    { status: 'ready', checks: { redis: false, catalog: true } },
  ]);
  expect((await get('/readyz?except=catalog')).status).toBe(503);
});

it('is not ready while it drains, whatever can be done without', async () => {
  const get = await start({ redis: () => true }, true);
  expect((await get('/readyz?except=redis')).status).toBe(503);
});
