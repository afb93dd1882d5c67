import { DirectoryError } from './errors.ts';
import { type NodeName, placementKeyList, placementKeys } from './keys.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readTextMap, unknownKind } from './reply.ts';
import { heartbeatScript } from './scripts/heartbeat.ts';
import { retireScript } from './scripts/retire.ts';

/** A process of the fleet and how it is reached. */
export interface NodeAddresses extends NodeName {
  /** Other nodes reach it here. */
  nodeUrl: string;
  /** The carrier's streams come here. */
  mediaUrl: string;
  version: string;
}

/** Reads `<incarnation> <JSON>`. */
export function parseNodeRecord(node: string, record: string): NodeAddresses {
  const space = record.indexOf(' ');
  const addresses: unknown = space < 0 ? null : JSON.parse(record.slice(space + 1));
  if (typeof addresses !== 'object' || addresses === null) throw new DirectoryError('reply', `record of node ${node}`);
  const text = (key: string): string => {
    const value = (addresses as Record<string, unknown>)[key];
    return typeof value === 'string' ? value : '';
  };
  return {
    node,
    incarnation: record.slice(0, space),
    nodeUrl: text('nodeUrl'),
    mediaUrl: text('mediaUrl'),
    version: text('version'),
  };
}

export interface HeartbeatRequest {
  self: NodeAddresses;
  /** Calls that it takes at most; 0 = draining. */
  capacity: number;
  /** Calls with a stream here. */
  liveCalls: number;
  /** Calls that got their stream here since the last heartbeat that was answered. */
  held: readonly string[];
  /** True until the first answer: takes the node's name over from a predecessor. */
  starting: boolean;
}

export type Heartbeat =
  /** `at`: Redis' clock, ms; `reserved`: calls on their way here. */
  | { kind: 'ok'; at: number; reserved: number }
  /** Another process has this node's name by now. */
  | { kind: 'superseded'; incarnation: string };

/** Says that a node lives; sent every second. */
export async function heartbeat(link: RedisLink, request: HeartbeatRequest): Promise<Heartbeat> {
  const { node, incarnation, nodeUrl, mediaUrl, version } = request.self;
  const reply = readReply(
    await link.run(heartbeatScript, placementKeyList, [
      node,
      incarnation,
      JSON.stringify({ nodeUrl, mediaUrl, version }),
      request.capacity,
      request.liveCalls,
      request.starting ? '1' : '0',
      ...request.held,
    ]),
  );
  if (reply.kind === 'ok') return { kind: 'ok', at: reply.number(1), reserved: reply.number(2) };
  if (reply.kind === 'superseded') return { kind: 'superseded', incarnation: reply.text(1) };
  throw unknownKind(reply);
}

/** Strikes a node that ends on purpose. */
export async function retire(link: RedisLink, self: NodeName): Promise<void> {
  await link.run(retireScript, placementKeyList, [self.node, self.incarnation]);
}

export interface FleetNode extends NodeAddresses {
  heartbeatAt: number;
  capacity: number;
  /** Calls and reservations. */
  load: number;
}

/** Every node that is registered, alive or not; judge by `heartbeatAt`. */
export async function readFleet(link: RedisLink): Promise<FleetNode[]> {
  const [records, beats, caps, loads] = await Promise.all([
    link.command('hgetall', placementKeys.node),
    link.command('zrange', placementKeys.heartbeat, 0, -1, 'WITHSCORES'),
    link.command('hgetall', placementKeys.capacity),
    link.command('zrange', placementKeys.load, 0, -1, 'WITHSCORES'),
  ]);
  const [beatOf, capOf, loadOf] = [readTextMap(beats), readTextMap(caps), readTextMap(loads)];
  return [...readTextMap(records)].map(([node, record]) => ({
    ...parseNodeRecord(node, record),
    heartbeatAt: Number(beatOf.get(node) ?? 0),
    capacity: Number(capOf.get(node) ?? 0),
    load: Number(loadOf.get(node) ?? 0),
  }));
}
