import http from 'k6/http';
import type { Crowd, Generator } from './generator.ts';
import type { Settings } from './settings.ts';

const hookTimeoutMs = 5_000;

export interface Order {
  /** Part of the run after which it is given. */
  at: number;
  path: '/kill' | '/roll';
}

/** A crowd beside which orders are given to whoever holds the nodes; only the first VU of the first generator does. */
export function withOrders(crowd: Crowd, orders: readonly Order[], settings: Settings, isFirst: boolean): Crowd {
  const { hooks, runMs, generator: place } = settings;
  if (hooks === null) throw new Error('HOOKS: the address where nodes are killed and replaced is needed');
  let startedMs: number | null = null;
  let next = 0;
  return {
    step(nowMs: number, generator: Generator) {
      startedMs ??= nowMs;
      const order = orders[next];
      if (isFirst && place === 0 && order && nowMs - startedMs >= order.at * runMs) {
        next += 1;
        void give(`${hooks}${order.path}`);
      }
      crowd.step(nowMs, generator);
    },
    ended: (call, outcome) => crowd.ended(call, outcome),
  };
}

async function give(url: string): Promise<void> {
  const { status } = await http.asyncRequest('POST', url, null, { timeout: hookTimeoutMs, tags: { name: '/hook' } });
  if (status < 200 || status > 299) console.error(`${url} was not taken: ${status}`);
}
