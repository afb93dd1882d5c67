import { outboxKey } from './keys.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readStreamEntries } from './reply.ts';
import { refillScript, spillScript } from './scripts/spill.ts';

/** An entry of the outbox as it stands there. */
export interface RawEntry {
  callSid: string;
  /** `epoch-seq` in its journal. */
  place: string;
  json: string;
}

export interface Oldest {
  /** Ids in the outbox of the first and the last of them; '' when there are none. */
  firstId: string;
  lastId: string;
  entries: RawEntry[];
}

/** The oldest entries of a partition, read by nobody's group. */
export async function oldestOfOutbox(link: RedisLink, partition: number, count: number): Promise<Oldest> {
  const found = readStreamEntries(await link.command('xrange', outboxKey(partition), '-', '+', 'COUNT', count));
  return {
    firstId: found[0]?.id ?? '',
    lastId: found.at(-1)?.id ?? '',
    entries: found.map(({ fields }) => ({
      callSid: fields.get('c') ?? '',
      place: fields.get('i') ?? '',
      json: fields.get('f') ?? '',
    })),
  };
}

/** Drops them for every group: only after they were stored elsewhere. False if somebody else has dropped some meanwhile. */
export async function spillOutbox(link: RedisLink, partition: number, { firstId, lastId }: Oldest): Promise<boolean> {
  return readReply(await link.run(spillScript, [outboxKey(partition)], [firstId, lastId])).kind === 'ok';
}

/** Adds them again, for every group, behind all that is there. */
export async function refillOutbox(link: RedisLink, partition: number, entries: readonly RawEntry[]): Promise<void> {
  const args = entries.flatMap(({ callSid, place, json }) => [callSid, place, json]);
  await link.run(refillScript, [outboxKey(partition)], args);
}
