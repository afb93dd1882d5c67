import type { RedisLink } from './redis.ts';
import { readTextMap } from './reply.ts';

/** Hash: what people look at → how often it has changed. */
const KEY = '{console}:changes';
const LIFE_MS = 24 * 3_600_000;

/** Tells every process with a console that something which its pages show is otherwise now. */
export async function noteConsoleChange(link: RedisLink, topic: string): Promise<void> {
  await link.command('hincrby', KEY, topic, 1);
  await link.command('pexpire', KEY, LIFE_MS);
}

/** What pages call messages, and promised calls: a number beside a way, and a list. */
export const messageTopics = ['voicemails', 'voicemail-list'] as const;
export const callbackTopics = ['callbacks', 'callback-list'] as const;

/** The same of several. Never rejects: pages that were not told follow a few seconds later. */
export async function noteConsoleChanges(link: RedisLink, topics: readonly string[]): Promise<void> {
  await Promise.allSettled(topics.map((topic) => noteConsoleChange(link, topic)));
}

/** By topic a number that is another one after each change. */
export async function readConsoleChanges(link: RedisLink): Promise<ReadonlyMap<string, string>> {
  return readTextMap(await link.command('hgetall', KEY));
}
