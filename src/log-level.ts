import { parseArgs } from 'node:util';
import { carryOut, Refusal, say, withRedis } from './command.ts';
import { readConfig } from './config.ts';
import { type FleetNode, readFleet } from './directory/fleet.ts';

/** Changes what nodes write to their logs, for a while: `npm run log-level -- LEVEL [--node NODE] [--minutes N]`. */

const USAGE = 'npm run log-level -- LEVEL [--node NODE] [--minutes N]';
const ANSWER_TIMEOUT_MS = 3_000;

interface Order {
  query: URLSearchParams;
  /** Undefined: every node. */
  node: string | undefined;
  redisUrl: string;
  adminToken: string;
}

function readOrder(): Order {
  const { level, node, minutes } = readArguments();
  const { redisUrl, adminToken } = readConfig(process.env);
  if (redisUrl === null) throw new Refusal('REDIS_URL is not set: it says which fleet the nodes belong to');
  if (adminToken === null) throw new Refusal('ADMIN_TOKEN is not set: a node changes nothing without its token');
  return { query: new URLSearchParams({ level, ...(minutes && { minutes }) }), node, redisUrl, adminToken };
}

function readArguments(): { level: string; node: string | undefined; minutes: string | undefined } {
  const text = { type: 'string' } as const;
  try {
    const { positionals, values } = parseArgs({ options: { node: text, minutes: text }, allowPositionals: true });
    const [level] = positionals;
    if (level !== undefined && positionals.length === 1) return { level, node: values.node, minutes: values.minutes };
  } catch {
    // An option that does not exist: the usage says which do.
  }
  throw new Refusal(`usage: ${USAGE}`);
}

/** What the node says. */
async function change(at: FleetNode, { query, adminToken }: Order): Promise<string> {
  const response = await fetch(`${at.nodeUrl}/log-level?${query.toString()}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}` },
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  }).catch(() => null);
  if (response === null) return 'does not answer';
  if (response.status === 400) throw new Refusal((await response.text()).trim());
  if (!response.ok) return `answers ${response.status}`;
  const { level, untilMs } = (await response.json()) as { level: string; untilMs: number | null };
  return untilMs === null ? `writes ${level}` : `writes ${level} for ${Math.ceil(untilMs / 60_000)} minutes`;
}

await carryOut(() => {
  const order = readOrder();
  return withRedis(order.redisUrl, async (link) => {
    const fleet = await readFleet(link);
    const meant = fleet.filter(({ node }) => order.node === undefined || node === order.node);
    if (meant.length === 0)
      throw new Refusal(`there is no such node; ${fleet.map(({ node }) => node).join(', ') || 'none'}`);
    const told = await Promise.all(meant.map(async (at) => `${at.node} ${await change(at, order)}`));
    for (const line of told.toSorted()) say(line);
  });
});
