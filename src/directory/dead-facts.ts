import { deadLetterKey, outboxKey, partitionCount } from './keys.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readStreamEntries } from './reply.ts';
import { script } from './scripts/script.ts';

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
}

const LIST_MAX = 10_000;

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

/** What was set aside for these groups, oldest first within each partition. */
export async function deadFacts(link: RedisLink, groups: readonly string[]): Promise<DeadFact[]> {
  const found: DeadFact[] = [];
  for (let partition = 0; partition < partitionCount; partition++) {
    for (const group of groups) {
      const key = deadLetterKey(partition, group);
      for (const { id, fields } of readStreamEntries(await link.command('xrange', key, '-', '+', 'COUNT', LIST_MAX))) {
        const [callSid = '', place = '', reason = ''] = ['c', 'i', 'r'].map((name) => fields.get(name));
        found.push({ partition, group, entry: id, callSid, place, reason });
      }
    }
  }
  return found;
}

/** Puts the fact into the outbox again, for every group; false if it is no longer set aside. */
export async function replayDeadFact(link: RedisLink, { partition, group, entry }: DeadFact): Promise<boolean> {
  const keys = [outboxKey(partition), deadLetterKey(partition, group)];
  return readReply(await link.run(replayScript, keys, [entry])).kind === 'ok';
}
