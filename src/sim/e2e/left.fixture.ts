import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { dueKey, outboxKey, partitionCount, placementKeyList, placementKeys } from '../../directory/keys.ts';
import { readTexts } from '../../directory/reply.ts';
import { metricsOf } from '../node-metrics.ts';
import type { World } from './world.fixture.ts';

/** What a node and its Redis hold at one moment. All of it must be as before once the calls are over. */
export interface Left {
  callsLive: number;
  factsWaiting: number;
  /** Open model sessions at the fake. */
  sessions: number;
  /** Open streams at the fake carrier. */
  streams: number;
  load: number;
  reservations: number;
  /** Calls that a partition watches. */
  due: number;
  /** Sets of calls that nodes hold. */
  callSets: string[];
  /** Keys without an expiry, besides those that must have none. */
  lasting: string[];
}

const lastingOnPurpose: ReadonlySet<string> = new Set([
  ...Array.from({ length: partitionCount }, (_, partition) => outboxKey(partition)),
  ...placementKeyList,
]);

export async function leftBy(world: World): Promise<Left> {
  const { link, twilio, model } = world;
  const number = async (name: string, ...args: string[]): Promise<number> =>
    Number((await link.command(name, ...args)) ?? 0);
  const keys = readTexts(await link.command('keys', '*'));
  const ttls = await Promise.all(keys.map((key) => number('pttl', key)));
  const due = await Promise.all(
    Array.from({ length: partitionCount }, (_, partition) => number('zcard', dueKey(partition))),
  );
  return {
    callsLive: await world.metric('aida_calls_live'),
    factsWaiting: await world.metric('aida_journal_waiting_facts'),
    sessions: model?.sessions.filter(({ open }) => open).length ?? 0,
    streams: twilio.calls.flatMap(({ streams }) => streams).filter(({ end }) => end === null).length,
    load: await number('zscore', placementKeys.load, 'node-1'),
    reservations: await number('zcard', placementKeys.reservation),
    due: due.reduce((sum, count) => sum + count, 0),
    callSets: keys.filter((key) => key.startsWith('calls:')),
    lasting: keys.filter((key, index) => (ttls[index] ?? 0) < 0 && !lastingOnPurpose.has(key)),
  };
}

export const nothing: Left = {
  callsLive: 0,
  factsWaiting: 0,
  sessions: 0,
  streams: 0,
  load: 0,
  reservations: 0,
  due: 0,
  callSets: [],
  lasting: [],
};

/** What the operating system and the event loop hold for the node. */
export interface Handles {
  sockets: number;
  timers: number;
}

export async function handlesOf(world: World): Promise<Handles> {
  const folder = join('/proc', String(world.node.pid), 'fd');
  const targets = await Promise.all((await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')));
  const metrics = await metricsOf(world.node.opsPort);
  const timers = /^aida_nodejs_active_resources\{type="Timeout"[^}]*\} (\d+)/m.exec(metrics)?.[1];
  return { sockets: targets.filter((target) => target.startsWith('socket:')).length, timers: Number(timers ?? 0) };
}
