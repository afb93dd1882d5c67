import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { carryOut, Refusal, say, withRedis } from './command.ts';
import { readConfig } from './config.ts';
import { type FleetNode, readFleet } from './directory/fleet.ts';
import type { RedisLink } from './directory/redis.ts';
import type { DrainAnswer } from './http/drain-routes.ts';

/** Asks a node to end: `npm run drain -- NODE [--now] [--wait]`. */

const USAGE = 'npm run drain -- NODE [--now] [--wait]';
const ANSWER_TIMEOUT_MS = 3_000;
const LOOK_MS = 1_000;
/** A node that is registered and says nothing for so long has not left: it was lost. */
const SILENT_MS_MAX = 15_000;

interface Order {
  node: string;
  now: boolean;
  wait: boolean;
  redisUrl: string;
  adminToken: string;
}

function readOrder(): Order {
  const parsed = readArguments();
  const { redisUrl, adminToken } = readConfig(process.env);
  if (redisUrl === null) throw new Refusal('REDIS_URL is not set: it says which fleet the node belongs to');
  if (adminToken === null) throw new Refusal('ADMIN_TOKEN is not set: a node ends for nobody without its token');
  return { ...parsed, redisUrl, adminToken };
}

function readArguments(): Pick<Order, 'node' | 'now' | 'wait'> {
  const options = { now: { type: 'boolean', default: false }, wait: { type: 'boolean', default: false } } as const;
  try {
    const { positionals, values } = parseArgs({ options, allowPositionals: true });
    const [node] = positionals;
    if (node !== undefined && positionals.length === 1) return { node, ...values };
  } catch {
    // An option that does not exist: the usage says which do.
  }
  throw new Refusal(`usage: ${USAGE}`);
}

async function find(link: RedisLink, name: string): Promise<FleetNode> {
  const fleet = await readFleet(link);
  const found = fleet.find(({ node }) => node === name);
  if (found) return found;
  const names = fleet.map(({ node }) => node).toSorted();
  throw new Refusal(`there is no node ${name}; ${names.length === 0 ? 'no node is registered' : names.join(', ')}`);
}

/** Null: the node does not answer. */
async function ask(at: FleetNode, method: 'GET' | 'POST', { now, adminToken }: Order): Promise<DrainAnswer | null> {
  const query = new URLSearchParams({ incarnation: at.incarnation, ...(now && { now: '' }) });
  const response = await fetch(`${at.nodeUrl}/drain?${query.toString()}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}` },
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  }).catch(() => null);
  if (response === null) return null;
  if (response.status === 401) throw new Refusal(`${at.node} has another ADMIN_TOKEN`);
  if (response.status === 404) throw new Refusal(`${at.node} has no ADMIN_TOKEN or no calls: send it SIGTERM`);
  // While it is waited for, its successor may be there already.
  if (response.status === 409 && method === 'GET') return null;
  if (response.status === 409) throw new Refusal(`at ${at.nodeUrl} another process answers than ${at.node}`);
  if (!response.ok) throw new Refusal(`${at.node} answered ${response.status} at ${at.nodeUrl}`);
  return (await response.json()) as DrainAnswer;
}

function told({ stage, calls, expected, handedOver, finishInMs }: DrainAnswer): string {
  const here = `${calls} calls here, ${expected} on their way, ${handedOver} handed over`;
  if (stage !== 'finishing') return here;
  return `${here}; what is left is handed over in ${Math.ceil((finishInMs ?? 0) / 1_000)} s`;
}

async function waitUntilGone(link: RedisLink, at: FleetNode, order: Order, first: DrainAnswer): Promise<void> {
  let last = first;
  let shown = '';
  for (let silentMs = 0; silentMs < SILENT_MS_MAX; silentMs += LOOK_MS) {
    await wait(LOOK_MS);
    const isThere = (await readFleet(link)).some(({ incarnation }) => incarnation === at.incarnation);
    if (!isThere) return say(`${at.node} has left; ${last.handedOver} calls were handed over`);
    const answer = await ask(at, 'GET', order);
    if (answer === null) continue;
    silentMs = 0;
    last = answer;
    const here = `${answer.stage} ${answer.calls} ${answer.expected} ${answer.handedOver}`;
    if (here !== shown) say(told(answer));
    shown = here;
  }
  throw new Refusal(`${at.node} fell silent before it had left, with ${last.calls} calls`);
}

async function drain(link: RedisLink, order: Order): Promise<void> {
  const at = await find(link, order.node);
  const answer = await ask(at, 'POST', order);
  if (answer === null) throw new Refusal(`${at.node} does not answer at ${at.nodeUrl}`);
  say(`${at.node} takes no new calls; ${told(answer)}`);
  if (order.wait) await waitUntilGone(link, at, order, answer);
}

await carryOut(() => {
  const order = readOrder();
  return withRedis(order.redisUrl, (link) => drain(link, order));
});
