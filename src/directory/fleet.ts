import { DirectoryError } from './errors.ts';
import { type NodeName, placementKeys } from './keys.ts';
import { runPlacement } from './placement-link.ts';
import type { RedisLink } from './redis.ts';
import { type Reply, readReply, readTextMap, readTexts, unknownKind } from './reply.ts';
import { heartbeatScript } from './scripts/heartbeat.ts';
import { distrustScript } from './scripts/distrust.ts';
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
  /** Millionths of the currency spent here. */
  spentMicros: number;
  /** Number of what `spentMicros` tells of: it is repeated with the same number until a heartbeat was answered. */
  telling: number;
  /** What the model said of its account since then, null for nothing. */
  model: ModelBudget | null;
}

/** What the model's account has left, as its `rate_limits.updated` words it. The newest by `at` counts, for a minute. */
export interface ModelBudget {
  /** Redis-clock ms at which the model said it. */
  at: number;
  requestsLimit: number;
  requestsRemaining: number;
  tokensLimit: number;
  tokensRemaining: number;
  /** Redis-clock ms at which the limits are whole again. */
  resetAt: number;
}

/** Over all nodes that live. */
export interface FleetFigures {
  nodes: number;
  /** Calls that they take at most. */
  capacity: number;
  /** Calls and reservations. */
  load: number;
  /** Places kept for the loss of the largest node, or for the calls of nodes just lost if those are more. */
  kept: number;
  /** Callers in the waiting room. */
  waiting: number;
}

/** What the fleet spent in this hour and this day of Redis' clock (UTC). */
export interface Spent {
  hourMicros: number;
  dayMicros: number;
}

export type Heartbeat =
  | {
      kind: 'ok';
      /** Redis' clock, ms. */
      at: number;
      /** Calls on their way here. */
      reserved: number;
      fleet: FleetFigures;
      spent: Spent;
      model: ModelBudget | null;
      /** Those that are set. */
      switches: Record<string, string>;
    }
  /** Another process has this node's name by now. */
  | { kind: 'superseded'; incarnation: string };

function parseBudget(json: string): ModelBudget | null {
  // Only heartbeats of this project write it; the shape is theirs.
  return json === '' ? null : (JSON.parse(json) as ModelBudget);
}

const FIRST_SWITCH = 11;

function toHeartbeat(reply: Reply, value: unknown): Heartbeat {
  return {
    kind: 'ok',
    at: reply.number(1),
    reserved: reply.number(2),
    fleet: {
      nodes: reply.number(3),
      capacity: reply.number(4),
      load: reply.number(5),
      kept: reply.number(6),
      waiting: reply.number(7),
    },
    spent: { hourMicros: reply.number(8), dayMicros: reply.number(9) },
    model: parseBudget(reply.text(10)),
    switches: Object.fromEntries(readTextMap(readTexts(value).slice(FIRST_SWITCH))),
  };
}

/** Says that a node lives; sent every second. May be repeated: what it spent is counted once. */
export async function heartbeat(link: RedisLink, request: HeartbeatRequest): Promise<Heartbeat> {
  const { node, incarnation, nodeUrl, mediaUrl, version } = request.self;
  const value = await runPlacement(link, heartbeatScript, [
    node,
    incarnation,
    JSON.stringify({ nodeUrl, mediaUrl, version }),
    Math.max(0, Math.floor(request.capacity)),
    request.liveCalls,
    request.starting ? '1' : '0',
    Math.max(0, Math.round(request.spentMicros)),
    request.telling,
    request.model === null ? '' : JSON.stringify(request.model),
    ...request.held,
  ]);
  const reply = readReply(value);
  if (reply.kind === 'ok') return toHeartbeat(reply, value);
  if (reply.kind === 'superseded') return { kind: 'superseded', incarnation: reply.text(1) };
  throw unknownKind(reply);
}

/** Strikes a node that ends on purpose. */
export async function retire(link: RedisLink, self: NodeName): Promise<void> {
  await runPlacement(link, retireScript, [self.node, self.incarnation]);
}

/** For a node that did not answer: until it is heard of again nobody is placed there. */
export async function distrust(link: RedisLink, suspect: NodeName): Promise<void> {
  await runPlacement(link, distrustScript, [suspect.node, suspect.incarnation]);
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
