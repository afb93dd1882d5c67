import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { dueKey, outboxKey, partitionCount, placementKeyList, placementKeys } from '../../directory/keys.ts';
import type { RedisLink } from '../../directory/redis.ts';
import { readTexts } from '../../directory/reply.ts';
import { metricIn, metricsOf } from '../node-metrics.ts';
import type { NodeProcess } from '../node-process.ts';
import type { Stack } from '../stack.ts';
import type { Remainder } from './history.ts';

/** Keys of the fleet, not of a call. */
const lastingOnPurpose: ReadonlySet<string> = new Set([
  ...Array.from({ length: partitionCount }, (_, partition) => outboxKey(partition)),
  ...placementKeyList,
]);
/** Connections and timers come and go a little by themselves. */
const HANDLES_SPARE = 4;

/** What the operating system and the event loop hold for a node. */
export interface Handles {
  sockets: number;
  timers: number;
}

export async function handlesOf({ pid, opsPort }: NodeProcess): Promise<Handles> {
  const folder = join('/proc', String(pid), 'fd');
  const targets = await Promise.all((await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')));
  const timers = metricIn(await metricsOf(opsPort), 'aida_nodejs_active_resources', { type: 'Timeout' });
  return { sockets: targets.filter((target) => target.startsWith('socket:')).length, timers };
}

type Watched = Pick<Stack, 'twilio' | 'model' | 'link'>;

/** What is there now. `idle` says what each living node held before its first call. */
export async function remainderOf(stack: Watched, idle: ReadonlyMap<NodeProcess, Handles>): Promise<Remainder> {
  const { link, twilio, model } = stack;
  const nodes = [...idle];
  const metrics = await Promise.all(nodes.map(([node]) => metricsOf(node.opsPort)));
  const sum = (name: string) => metrics.reduce((all, text) => all + metricIn(text, name), 0);
  const handles = await Promise.all(nodes.map(async ([node, before]) => beyond(node, before)));
  return {
    callsLive: sum('aida_calls_live'),
    factsWaiting: sum('aida_journal_waiting_facts'),
    modelSessions: model?.sessions.filter(({ open }) => open).length ?? 0,
    streams: twilio.calls.flatMap(({ streams }) => streams).filter(({ end }) => end === null).length,
    ...(await leftInRedis(link)),
    handles,
  };
}

async function beyond(node: NodeProcess, before: Handles): Promise<Remainder['handles'][number]> {
  const now = await handlesOf(node);
  const more = (count: number, was: number): number => (count - was > HANDLES_SPARE ? count - was : 0);
  return {
    host: String(node.pid),
    sockets: more(now.sockets, before.sockets),
    timers: more(now.timers, before.timers),
  };
}

async function leftInRedis(
  link: RedisLink,
): Promise<Pick<Remainder, 'reservations' | 'due' | 'waiting' | 'callSets' | 'lasting'>> {
  const number = async (name: string, key: string): Promise<number> => Number((await link.command(name, key)) ?? 0);
  const keys = readTexts(await link.command('keys', '*'));
  const ttls = await Promise.all(keys.map((key) => number('pttl', key)));
  const due = await Promise.all(
    Array.from({ length: partitionCount }, (_, partition) => number('zcard', dueKey(partition))),
  );
  return {
    reservations: await number('zcard', placementKeys.reservation),
    due: due.reduce((sum, count) => sum + count, 0),
    waiting: await number('zcard', placementKeys.queue),
    callSets: keys.filter((key) => key.startsWith('calls:')),
    lasting: keys.filter((key, index) => ttls[index] === -1 && !lastingOnPurpose.has(key)),
  };
}

/** What of it is not nothing yet. */
export function isNothing(remainder: Remainder): boolean {
  const { callSets, lasting, handles, ...counts } = remainder;
  return (
    callSets.length + lasting.length === 0 &&
    Object.values(counts).every((count) => count === 0) &&
    handles.every(({ sockets, timers }) => sockets + timers === 0)
  );
}
