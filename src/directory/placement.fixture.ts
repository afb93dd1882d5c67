import { type Heartbeat, heartbeat, type HeartbeatRequest, type NodeAddresses, readFleet } from './fleet.ts';
import { placementKeys } from './keys.ts';
import type { RedisLink } from './redis.ts';
import { readTexts } from './reply.ts';
import { type Reservation, reserve, type ReserveRequest } from './reservations.ts';

/** What the tests of placement make nodes and callers from. */
export const addresses = (node: string): NodeAddresses => ({
  node,
  incarnation: `${node}1`,
  nodeUrl: `http://${node}`,
  mediaUrl: `wss://${node}/media-stream`,
  version: '1',
});

let tellings = 0;

export const beat = (
  link: RedisLink,
  node: string,
  capacity: number,
  more: Partial<HeartbeatRequest> = {},
): Promise<Heartbeat> =>
  heartbeat(link, {
    self: addresses(node),
    capacity,
    liveCalls: 0,
    held: [],
    starting: false,
    spentMicros: 0,
    telling: (tellings += 1),
    model: null,
    ...more,
  });

export const ask = (link: RedisLink, callSid: string, more: Partial<ReserveRequest> = {}): Promise<Reservation> =>
  reserve(link, { callSid, class: 'new', preferredNode: null, ceiling: Infinity, ...more });

export const nodeOf = (reservation: Reservation): string =>
  reservation.kind === 'placed' ? reservation.node.node : reservation.kind;

export async function loads(link: RedisLink): Promise<Record<string, number>> {
  return Object.fromEntries((await readFleet(link)).map(({ node, load }) => [node, load]));
}

/** Makes the members of a zset of times older. */
async function older(link: RedisLink, key: string, ms: number): Promise<void> {
  for (const member of readTexts(await link.command('zrange', key, 0, -1)))
    await link.command('zincrby', key, -ms, member);
}

/**
 * Lets time pass for everything that placement keeps, by making it older. While it passes the nodes are silent, or go on
 * beating.
 */
export async function pass(link: RedisLink, ms: number, nodes: 'silent' | 'beating' = 'silent'): Promise<void> {
  const { heartbeat: beats, reservation, queueDue, totals, placed, ticket } = placementKeys;
  const isSilent = nodes === 'silent';
  for (const key of [...(isSilent ? [beats] : []), reservation, queueDue]) await older(link, key, ms);
  for (const field of ['mendedAt', 'graceUntil', ...(isSilent ? ['untilMs', 'madeAt', 'beatAt'] : [])]) {
    if ((await link.command('hget', totals, field)) !== null) await link.command('hincrby', totals, field, -ms);
  }
  const times = readTexts(await link.command('lrange', placed, 0, -1));
  for (const [index, at] of times.entries()) await link.command('lset', placed, index, Number(at) - ms);
  if ((await link.command('get', ticket)) !== null) await link.command('decrby', ticket, ms);
  for (const waiter of readTexts(await link.command('zrange', placementKeys.queue, 0, -1)))
    await link.command('zincrby', placementKeys.queue, -ms, waiter);
}

/** Makes a node's heartbeat older, as it is for a node that went silent while time passed. */
export async function silence(link: RedisLink, node: string, ms: number): Promise<void> {
  await link.command('zincrby', placementKeys.heartbeat, -ms, node);
  if ((await link.command('exists', placementKeys.totals)) === 1)
    await link.command('hset', placementKeys.totals, 'untilMs', 0);
}
