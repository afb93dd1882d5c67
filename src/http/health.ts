import type { Metrics } from '../telemetry/metrics.ts';
import type { Route } from './server.ts';

/** Resolves when the dependency answers. */
export type ReadyCheck = () => boolean | Promise<boolean>;

export interface HealthOptions {
  /** What must work before this node is given calls, by name. */
  ready: Record<string, ReadyCheck>;
  /** The node is to end: it works, and is to be given nothing. */
  isDraining(): boolean;
  /** Which process answers, for those who would know whether another one does. */
  incarnation: string;
  metrics: Metrics;
}

const CHECK_TIMEOUT_MS = 500;
const JSON_TYPE = { 'content-type': 'application/json' };

/**
 * `/healthz`: the process lives. `/readyz`: it may be given calls; `/readyz?except=redis,placement` for a balancer that has
 * nobody else to ask: what is named is told and does not count. `/metrics`: Prometheus.
 */
export function healthRoutes({ ready, isDraining, incarnation, metrics }: HealthOptions): Route[] {
  return [
    {
      method: 'GET',
      path: '/healthz',
      handler: () => ({
        status: 200,
        headers: { ...JSON_TYPE, 'x-incarnation': incarnation },
        body: '{"status":"alive"}\n',
      }),
    },
    {
      method: 'GET',
      path: '/readyz',
      handler: async ({ query }) => {
        const ignored = new Set((new URLSearchParams(query).get('except') ?? '').split(','));
        const results = await Promise.all(
          Object.entries(ready).map(async ([name, check]): Promise<[string, boolean]> => [name, await passes(check)]),
        );
        const checks = Object.fromEntries(results);
        const isReady = results.every(([name, passed]) => passed || ignored.has(name)) && !isDraining();
        const status = isReady ? 'ready' : isDraining() ? 'draining' : 'not ready';
        return { status: isReady ? 200 : 503, headers: JSON_TYPE, body: `${JSON.stringify({ status, checks })}\n` };
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      handler: async (request) => {
        const { contentType, text, stretchMs } = await metrics.expose(request.header('accept'));
        metrics.scrapeSeconds.observe(stretchMs / 1_000);
        return { status: 200, headers: { 'content-type': contentType }, body: text };
      },
    },
  ];
}

async function passes(check: ReadyCheck): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, CHECK_TIMEOUT_MS, false)));
  try {
    return await Promise.race([check(), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
