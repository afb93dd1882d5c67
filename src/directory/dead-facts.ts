import { parseFact } from './journal.ts';
import { deadLetterKey, outboxKey, partitionCount, partitionOf } from './keys.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readStreamEntries } from './reply.ts';
import { script } from './scripts/script.ts';

/** Every group that reads the outbox, or did in a release before. */
export const outboxReaders = ['call-log', 'analytics', 'voicemail', 'callbacks', 'relay'] as const;

/** A fact that a consumer group could not take in from the outbox. */
export interface DeadFact {
  partition: number;
  group: string;
  /** Of the dead letter, `ms-n`: when it was set aside. */
  entry: string;
  callSid: string;
  /** `epoch-seq` in its journal. */
  place: string;
  reason: string;
  /** The fact as it stood in the outbox. */
  json: string;
}

const LIST_MAX = 10_000;
const everywhere = Array.from({ length: partitionCount }, (_, partition) => partition);

const replayScript = script(
  'replayDeadFact',
  ['outbox', 'dead'],
  `
local found = redis.call('XRANGE', dead, ARGV[1], ARGV[1])[1]
if not found then return { 'gone' } end
local fields = {}
for i = 1, #found[2], 2 do fields[found[2][i]] = found[2][i + 1] end
redis.call('XADD', outbox, '*', 'c', fields.c, 'i', fields.i, 'f', fields.f)
redis.call('XDEL', dead, ARGV[1])
return { 'ok' }
`,
);

/** What was set aside for any group, oldest first within each partition. */
export async function deadFacts(link: RedisLink, partitions: Iterable<number> = everywhere): Promise<DeadFact[]> {
  const found: DeadFact[] = [];
  for (const partition of partitions) {
    for (const group of outboxReaders) {
      const key = deadLetterKey(partition, group);
      for (const { id, fields } of readStreamEntries(await link.command('xrange', key, '-', '+', 'COUNT', LIST_MAX))) {
        const [callSid = '', place = '', reason = '', json = ''] = ['c', 'i', 'r', 'f'].map((name) => fields.get(name));
        found.push({ partition, group, entry: id, callSid, place, reason, json });
      }
    }
  }
  return found;
}

/** CallSids of calls of this number whose arrival was set aside: perhaps nobody else knows of them. */
export async function callsSetAside(link: RedisLink, number: string): Promise<string[]> {
  return (await deadFacts(link)).flatMap(({ callSid, json }) => {
    const fact = parseFact(json);
    return fact?.type === 'carrier.arrived' && fact.from === number ? [callSid] : [];
  });
}

/** Puts the fact into the outbox again, for every group; false if it is no longer set aside. */
export async function replayDeadFact(link: RedisLink, { partition, group, entry }: DeadFact): Promise<boolean> {
  const keys = [outboxKey(partition), deadLetterKey(partition, group)];
  return readReply(await link.run(replayScript, keys, [entry])).kind === 'ok';
}

/** Deletes what was set aside of these calls; how many facts. */
export async function forgetDeadFacts(link: RedisLink, callSids: readonly string[]): Promise<number> {
  const own = new Set(callSids);
  let count = 0;
  for (const { partition, group, entry, callSid } of await deadFacts(link, new Set(callSids.map(partitionOf))))
    if (own.has(callSid)) count += Number(await link.command('xdel', deadLetterKey(partition, group), entry));
  return count;
}
