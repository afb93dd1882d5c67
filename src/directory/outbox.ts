import type { CallEvent } from '../../machines/call-events.ts';
import { DirectoryError } from './errors.ts';
import { parseEntryId, parseFact } from './journal.ts';
import { deadLetterKey, outboxKey, outboxLeaseKey, partitionCount } from './keys.ts';
import { directoryLimits } from './limits.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readStreamEntries, readTexts, type StreamEntry, unknownKind } from './reply.ts';
import { dropLeaseScript } from './scripts/due.ts';
import {
  ackOutboxScript,
  deadLetterScript,
  outboxStatsScript,
  readOutboxScript,
  registerGroupScript,
  trimOutboxScript,
} from './scripts/outbox.ts';

/** A group's place at a partition, and who reads there. */
export interface OutboxSeat {
  partition: number;
  group: string;
  /** Unlike that of any other process. */
  holder: string;
}

export interface OutboxEntry {
  /** The outbox's own id, for acknowledging. */
  id: string;
  callSid: string;
  epoch: number;
  seq: number;
  /** Null for an entry that is not what this project writes; `json` is its text. */
  fact: CallEvent | null;
  json: string;
}

/** `leased`: another process reads here. `pending`: entries that were given out before and never acknowledged. */
export type OutboxRead = { kind: 'leased' } | { kind: 'pending' | 'new'; entries: OutboxEntry[] };

export function toOutboxEntry({ id, fields }: StreamEntry): OutboxEntry {
  const json = fields.get('f') ?? '';
  const place = parseEntryId(fields.get('i') ?? '');
  const callSid = fields.get('c') ?? '';
  const sound = callSid !== '' && Number.isSafeInteger(place.epoch) && Number.isSafeInteger(place.seq);
  return { id, callSid, ...place, fact: sound ? parseFact(json) : null, json };
}

const seatKeys = ({ partition, group }: OutboxSeat): string[] => [
  outboxKey(partition),
  outboxLeaseKey(partition, group),
];

/**
 * The group's next entries, at most `max`, without waiting; takes or keeps the lease. With `pendingFirst`,
 * as after a failure, and whenever the lease was taken anew, what was never acknowledged comes first.
 */
export async function readOutbox(
  link: RedisLink,
  seat: OutboxSeat,
  pendingFirst: boolean,
  max: number = directoryLimits.outboxReadMax,
): Promise<OutboxRead> {
  const args = [seat.holder, directoryLimits.outboxLeaseMs, seat.group, max, pendingFirst ? '1' : '0'];
  const value = await link.run(readOutboxScript, seatKeys(seat), args);
  const reply = readReply(value);
  if (reply.kind === 'leased') return { kind: 'leased' };
  if (reply.kind !== 'pending' && reply.kind !== 'new') throw unknownKind(reply);
  const list: unknown = Array.isArray(value) ? value[1] : null;
  return { kind: reply.kind, entries: readStreamEntries(list).map(toOutboxEntry) };
}

function readAck(value: unknown): 'acked' | 'lost' {
  const reply = readReply(value);
  if (reply.kind === 'acked' || reply.kind === 'lost') return reply.kind;
  throw unknownKind(reply);
}

/**
 * Acknowledges, after what the entries do was committed; without ids it keeps the lease alive. `lost`: another has the
 * lease and will be given them again.
 */
export async function ackOutbox(link: RedisLink, seat: OutboxSeat, ids: readonly string[]): Promise<'acked' | 'lost'> {
  return readAck(
    await link.run(ackOutboxScript, seatKeys(seat), [seat.holder, directoryLimits.outboxLeaseMs, seat.group, ...ids]),
  );
}

/** Puts an entry that the group cannot take in on its bounded stream of dead letters, and acknowledges it. */
export async function deadLetter(
  link: RedisLink,
  seat: OutboxSeat,
  entry: OutboxEntry,
  reason: string,
): Promise<'acked' | 'lost'> {
  const keys = [...seatKeys(seat), deadLetterKey(seat.partition, seat.group)];
  const { deadLettersMax, deadLetterLifeMs } = directoryLimits;
  const args = [
    seat.holder,
    seat.group,
    entry.id,
    entry.callSid,
    `${entry.epoch}-${entry.seq}`,
    entry.json,
    reason,
    deadLettersMax,
    deadLetterLifeMs,
  ];
  return readAck(await link.run(deadLetterScript, keys, args));
}

/** Lets another process read here at once. */
export async function dropOutboxLease(link: RedisLink, seat: OutboxSeat): Promise<void> {
  await link.run(dropLeaseScript, [outboxLeaseKey(seat.partition, seat.group)], [seat.holder]);
}

/**
 * Makes the groups of the configuration at every partition; harmless to repeat. A new group begins with what is still
 * there. Rejects where one partition is away, once the others have them.
 */
export async function registerGroups(link: RedisLink, groups: readonly string[]): Promise<void> {
  const faults: unknown[] = [];
  for (let partition = 0; partition < partitionCount; partition++)
    for (const made of await Promise.allSettled(
      groups.map((group) => link.run(registerGroupScript, [outboxKey(partition)], [group])),
    ))
      if (made.status === 'rejected') faults.push(made.reason);
  if (faults.length > 0) throw faults[0];
}

/** For a group that is no longer in the configuration: until then the outbox keeps everything for it. */
export async function removeGroup(link: RedisLink, group: string): Promise<void> {
  for (let partition = 0; partition < partitionCount; partition++) {
    await link.command('xgroup', 'DESTROY', outboxKey(partition), group);
  }
}

/** Removes the group from the partition, unless somebody reads for it. */
export async function retireGroup(link: RedisLink, partition: number, group: string): Promise<void> {
  if (Number(await link.command('exists', outboxLeaseKey(partition, group))) > 0) return;
  await link.command('xgroup', 'DESTROY', outboxKey(partition), group);
}

/**
 * Drops the entries that every group has acknowledged; the number of them. `unregistered`: a group of the
 * configuration does not exist here, nothing is dropped before `registerGroups` has made it.
 */
export async function trimOutbox(
  link: RedisLink,
  partition: number,
  groups: readonly string[],
): Promise<number | 'unregistered'> {
  const reply = readReply(await link.run(trimOutboxScript, [outboxKey(partition)], [...groups]));
  return reply.kind === 'unregistered' ? 'unregistered' : reply.number(1);
}

export interface OutboxStats {
  entries: number;
  /** As Redis estimates it. */
  bytes: number;
  /** Bytes as a share of `outboxBytesMax`; alarm from `outboxAlarmShare`. */
  share: number;
  /** `unread`: not given to the group so far, −1 where Redis cannot tell; `pending`: given, not acknowledged. */
  groups: { group: string; unread: number; pending: number }[];
}

export async function outboxStats(link: RedisLink, partition: number): Promise<OutboxStats> {
  const [kind, entries, bytes, ...rest] = readTexts(await link.run(outboxStatsScript, [outboxKey(partition)], []));
  if (kind !== 'ok') throw new DirectoryError('reply', String(kind));
  const groups: OutboxStats['groups'] = [];
  for (let i = 0; i + 2 < rest.length; i += 3)
    groups.push({ group: rest[i] ?? '', unread: Number(rest[i + 1]), pending: Number(rest[i + 2]) });
  return {
    entries: Number(entries),
    bytes: Number(bytes),
    share: Number(bytes) / directoryLimits.outboxBytesMax,
    groups,
  };
}
