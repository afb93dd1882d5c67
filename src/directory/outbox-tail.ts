import { outboxKey } from './keys.ts';
import { type OutboxEntry, toOutboxEntry } from './outbox.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readStreamEntries, unknownKind } from './reply.ts';
import { tailOutboxScript } from './scripts/outbox.ts';

/** Entries of one read. */
const READ_MAX = 500;

/** Where a partition's outbox was read up to. */
export interface TailPlace {
  /** Entries that were ever added up to here. */
  added: number;
  /** Of the last of them. */
  id: string;
}

export type TailRead =
  /** `isFull`: there may be more already. */
  | { kind: 'entries'; entries: OutboxEntry[]; place: TailPlace; isFull: boolean }
  /** Entries went before they were seen, or Redis lost the outbox: what is known from before is worth nothing. */
  | { kind: 'gap' };

/** Where the outbox ends at this moment. */
export async function endOfOutbox(link: RedisLink, partition: number): Promise<TailPlace> {
  const reply = readReply(await link.run(tailOutboxScript, [outboxKey(partition)], ['', '', 0]));
  if (reply.kind !== 'at') throw unknownKind(reply);
  return { added: reply.number(1), id: reply.text(2) };
}

/**
 * What came after a place, for one who looks on without a group: nothing waits for such a one, so entries may be gone
 * before they were seen. By the number of all entries it is known when that is so.
 */
export async function tailOutbox(link: RedisLink, partition: number, place: TailPlace): Promise<TailRead> {
  const value = await link.run(tailOutboxScript, [outboxKey(partition)], [place.id, place.added, READ_MAX]);
  const reply = readReply(value);
  // There was no outbox, and there is none.
  const isSame = reply.kind === 'same' || (reply.kind === 'at' && place.added === 0);
  if (isSame) return { kind: 'entries', entries: [], place, isFull: false };
  if (reply.kind === 'at') return { kind: 'gap' };
  if (reply.kind !== 'new') throw unknownKind(reply);
  const list: unknown = Array.isArray(value) ? value[2] : null;
  const entries = readStreamEntries(list).map(toOutboxEntry);
  const added = place.added + entries.length;
  const isFull = entries.length >= READ_MAX;
  if (added > reply.number(1) || (!isFull && added < reply.number(1))) return { kind: 'gap' };
  return { kind: 'entries', entries, place: { added, id: entries.at(-1)?.id ?? place.id }, isFull };
}
