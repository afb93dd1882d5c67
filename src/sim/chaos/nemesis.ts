import { setTimeout as wait } from 'node:timers/promises';
import { startSentinelRedis } from '../parts/sentinel.ts';
import type { StackOptions } from '../stack.ts';
import { Random } from '../twilio/random.ts';
import type { History } from './history.ts';
import { type Arena, inflict, type InflictedKind, type Infliction, kindsWith, nodeKinds } from './inflictions.ts';
import { startMortalPostgres, startMortalRedis } from './mortal.ts';
import { startScene } from './scene.ts';
import { Traffic } from './traffic.ts';

export interface NemesisOptions {
  seed: number;
  /** Between the first and the last fault, about. */
  minutes: number;
  nodes?: number;
  /** At the same time. */
  callsMax?: number;
  onStep?: (step: string) => void;
}

const NODES = 3;
const CALLS_MAX = 12;
const CALLS_MAX_PER_MINUTE = 120;
/** The longest that a fault lasts, by kind; the shortest is a third of it. */
const holdMsMax: Record<InflictedKind, number> = {
  nodeKill: 6_000,
  nodeKillSilent: 12_000,
  nodeVanish: 18_000,
  nodeFreeze: 12_000,
  nodeBusy: 2_500,
  nodeClock: 6_000,
  callThrows: 2_000,
  nodeDrain: 3_000,
  redisKill: 20_000,
  redisFailover: 6_000,
  redisHalfOpen: 6_000,
  redisPause: 4_000,
  redisFull: 6_000,
  postgresStop: 8_000,
  restErrors: 8_000,
  webhookTwice: 6_000,
  callbackStorm: 6_000,
  webhookLost: 6_000,
  slowReader: 5_000,
  lineCut: 2_000,
};
/** Callers get so long without a fault before the next. */
const PAUSE_MS_MAX = 6_000;

export type Scheduled = Infliction & { kind: InflictedKind; pauseMs: number };

/** Every third seed plays with a primary and a replica that Sentinels watch. */
export const redisOf = (seed: number): 'one' | 'sentinel' => (seed % 3 === 0 ? 'sentinel' : 'one');

/** The faults of a seed in order: every kind once, in another order each round, until the time is up. */
export function scheduleOf(seed: number, minutes: number, nodes: number): Scheduled[] {
  const kinds = kindsWith(redisOf(seed));
  const random = new Random(seed);
  const schedule: Scheduled[] = [];
  let lastsMs = 0;
  while (lastsMs < minutes * 60_000) {
    for (const kind of random.shuffled(kinds)) {
      const holdMs = random.between(Math.ceil(holdMsMax[kind] / 3), holdMsMax[kind]);
      const pauseMs = random.between(PAUSE_MS_MAX / 3, PAUSE_MS_MAX);
      const node = nodeKinds.has(kind) ? random.between(0, nodes) : null;
      if (lastsMs + holdMs > minutes * 60_000 && schedule.length > 0) return schedule;
      schedule.push({ kind, node, holdMs, pauseMs });
      lastsMs += holdMs + pauseMs;
    }
  }
  return schedule;
}

/** Plays all faults of a seed against a fleet with callers in it; returns what was recorded. */
export async function runNemesis(options: NemesisOptions, stack: StackOptions = {}): Promise<History> {
  const { seed, minutes, nodes = NODES, callsMax = CALLS_MAX, onStep = () => undefined } = options;
  const schedule = scheduleOf(seed, minutes, nodes);
  const redis = await (redisOf(seed) === 'one' ? startMortalRedis() : startSentinelRedis());
  const database = await startMortalPostgres();
  const scene = await startScene({
    nodes,
    proxied: true,
    redis: () => Promise.resolve(redis),
    database: () => Promise.resolve(database),
    ...stack,
    twilio: { seed, ...stack.twilio },
  });
  try {
    const { proxies } = scene.stack;
    if (!proxies) throw new Error('the nemesis needs proxies');
    const callsTotalMax = Math.ceil(Math.max(1, minutes) * CALLS_MAX_PER_MINUTE);
    const traffic = new Traffic(scene, { seed, callsMax, callsTotalMax });
    const callers = traffic.run();
    await play({ scene, proxies, redis, database }, schedule, onStep);
    traffic.stop();
    onStep('the last callers hang up');
    await callers;
    onStep('everything settles');
    return await scene.finish(seed);
  } finally {
    await scene.stop();
  }
}

async function play(arena: Arena, schedule: readonly Scheduled[], onStep: (step: string) => void): Promise<void> {
  for (const scheduled of schedule) {
    await wait(scheduled.pauseMs);
    const { kind, node, holdMs } = scheduled;
    onStep(`${kind}${node === null ? '' : ` of node ${node + 1}`} for ${holdMs} ms`);
    await inflict(arena, scheduled);
  }
  await wait(PAUSE_MS_MAX);
}
