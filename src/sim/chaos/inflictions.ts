import { setTimeout as wait } from 'node:timers/promises';
import type { DatabaseServer } from '../../embedded/postgres.ts';
import type { RedisServer } from '../../embedded/redis.ts';
import { repeated } from '../../directory/repeat.ts';
import type { SentinelRedis } from '../parts/sentinel.ts';
import type { StackProxies } from '../stack-proxies.ts';
import type { TwilioFaults } from '../twilio/index.ts';
import type { FaultKind } from './fault-kinds.ts';
import { Mortal } from './mortal.ts';
import { end, type LossKind, withoutNode } from './node-loss.ts';
import type { Scene } from './scene.ts';

/** What the nemesis can lay hands on. */
export interface Arena {
  scene: Scene;
  proxies: StackProxies;
  redis: Mortal<RedisServer> | SentinelRedis;
  database: Mortal<DatabaseServer>;
}

/** One fault of a schedule. */
export interface Infliction {
  kind: FaultKind;
  /** The node it befalls, counted from 0; null for a fault of everybody. */
  node: number | null;
  /** How long it lasts. */
  holdMs: number;
}

type Inflict = (arena: Arena, infliction: { node: number; holdMs: number }) => Promise<void>;

const FULL_BYTES = 1_000_000;
const HOUR_MS = 3_600_000;

/** Does it, holds it, and makes everything well again. */
const inflictions = {
  nodeKill: lost('nodeKill'),
  nodeKillSilent: lost('nodeKillSilent'),
  nodeVanish: lost('nodeVanish'),
  nodeFreeze: lost('nodeFreeze'),
  async nodeBusy({ scene }, { node, holdMs }) {
    await scene.stack.nodes[node]?.inflict({ block: holdMs });
    await wait(holdMs);
  },
  async nodeClock({ scene }, { node, holdMs }) {
    const process_ = scene.stack.nodes[node];
    await process_?.inflict({ clock: node % 2 === 0 ? HOUR_MS : -HOUR_MS });
    await wait(holdMs);
    await process_?.inflict({ clock: 0 });
  },
  async callThrows({ scene }, { holdMs }) {
    const [call] = scene.stack.twilio.calls.filter(({ stream }) => stream !== null);
    // Whichever node has it: the others have nothing to throw at.
    if (call) await Promise.all(scene.stack.nodes.map((node) => node.inflict({ throwIn: call.sid })));
    await wait(holdMs);
  },
  async nodeDrain({ scene }, { node, holdMs }) {
    await end(scene, node, 'SIGTERM');
    await wait(holdMs);
    await scene.revive(node);
  },
  async redisKill({ redis }, { holdMs }) {
    if (!(redis instanceof Mortal)) return;
    await redis.kill('SIGKILL');
    await wait(holdMs);
    await redis.revive();
  },
  async redisFailover({ redis }, { holdMs }) {
    if (redis instanceof Mortal) return;
    await redis.failOver();
    await wait(holdMs);
    await redis.revive();
  },
  async redisHalfOpen({ proxies }, { holdMs }) {
    await proxies.redis.set({ drop: 'toClient' });
    await wait(holdMs);
    await proxies.redis.heal();
  },
  async redisPause({ scene }, { holdMs }) {
    await repeated(() => scene.stack.link.command('client', 'pause', holdMs));
    await wait(holdMs);
  },
  async redisFull({ scene }, { holdMs }) {
    const set = (bytes: number) => repeated(() => scene.stack.link.command('config', 'set', 'maxmemory', bytes));
    await set(FULL_BYTES);
    await wait(holdMs);
    await set(0);
  },
  async postgresStop({ database }, { holdMs }) {
    await database.kill('SIGQUIT');
    await wait(holdMs);
    await database.revive();
  },
  restErrors: (arena, { holdMs }) => carried(arena, holdMs, { restBusy: 0.3, restBroken: 0.2, restSilent: 0.1 }),
  webhookTwice: (arena, { holdMs }) => carried(arena, holdMs, { webhookTwice: 1 }),
  callbackStorm: (arena, { holdMs }) => carried(arena, holdMs, { callbackTwice: 1, callbackDelayMsMax: 1_500 }),
  async webhookLost({ proxies }, { node, holdMs }) {
    await proxies.web[node]?.set({ drop: 'both' });
    await wait(holdMs);
    await proxies.web[node]?.heal();
  },
  async slowReader({ scene }, { holdMs }) {
    const streams = openStreams(scene);
    for (const stream of streams) stream.pauseReading();
    await wait(holdMs);
    for (const stream of streams) stream.resumeReading();
  },
  async lineCut({ scene }, { holdMs }) {
    for (const stream of openStreams(scene)) stream.cut();
    await wait(holdMs);
  },
} as const satisfies Partial<Record<FaultKind, Inflict>>;

export type InflictedKind = keyof typeof inflictions;
export const inflictedKinds = Object.keys(inflictions) as InflictedKind[];
/** Only Sentinels fail over. */
const ofSentinel: ReadonlySet<InflictedKind> = new Set(['redisFailover']);
/** A primary that Sentinels choose has no proxy before it, and none that is killed comes back as the primary. */
const ofOneRedis: ReadonlySet<InflictedKind> = new Set(['redisKill', 'redisHalfOpen', 'nodeVanish']);

/** What can be inflicted on a fleet with one Redis, or with one that Sentinels watch. */
export const kindsWith = (redis: 'one' | 'sentinel'): InflictedKind[] =>
  inflictedKinds.filter((kind) => !(redis === 'one' ? ofSentinel : ofOneRedis).has(kind));

/** Those that befall one node. */
export const nodeKinds: ReadonlySet<FaultKind> = new Set<InflictedKind>([
  'nodeKill',
  'nodeKillSilent',
  'nodeVanish',
  'nodeFreeze',
  'nodeBusy',
  'nodeClock',
  'nodeDrain',
  'webhookLost',
]);

/** Lets it happen, and writes down that it did. */
export function inflict(arena: Arena, { kind, node, holdMs }: Infliction & { kind: InflictedKind }): Promise<void> {
  const work = () => inflictions[kind](arena, { node: node ?? 0, holdMs });
  return kind in lossKinds ? work() : arena.scene.during(kind, node, work);
}

/** These write themselves down. */
const lossKinds: Record<LossKind, true> = { nodeKill: true, nodeKillSilent: true, nodeVanish: true, nodeFreeze: true };

function lost(kind: LossKind): Inflict {
  return ({ scene }, { node, holdMs }) => withoutNode(scene, kind, node, () => wait(holdMs));
}

const openStreams = ({ stack }: Scene) => stack.twilio.calls.flatMap(({ stream }) => (stream ? [stream] : []));

/** The carrier behaves so for a while. */
async function carried({ scene }: Arena, holdMs: number, change: Partial<TwilioFaults>): Promise<void> {
  const { faults } = scene.stack.twilio;
  const before = { ...faults };
  Object.assign(faults, change);
  await wait(holdMs);
  for (const name of Object.keys(change) as (keyof TwilioFaults)[]) Object.assign(faults, { [name]: before[name] });
}
