import { type JournalEntry, parseEntryId, toJournalEntry } from './journal.ts';
import { callKeys, dueKey, type NodeName, parseOwner } from './keys.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readStreamEntries, readTexts } from './reply.ts';
import { lookAtCallScript } from './scripts/look-at-call.ts';

/** How a call stands at this moment. */
export interface CallLook {
  callSid: string;
  from: string;
  to: string;
  /** One of the outer states; '' before the first append. */
  state: string;
  /** Null while no stream holds it. */
  owner: NodeName | null;
  isEnded: boolean;
  /** Redis-clock ms of the first claim. */
  arrivedAt: number;
  /** The last ones, oldest first. */
  tail: JournalEntry[];
}

/** Calls of a partition that have not ended: each has a next deadline. At most `max`, the most overdue first. */
export async function liveCallSids(link: RedisLink, partition: number, max: number): Promise<string[]> {
  return readTexts(await link.command('zrange', dueKey(partition), 0, max - 1));
}

/** Null for a call that nobody knows. */
export async function lookAtCall(link: RedisLink, callSid: string, tailMax: number): Promise<CallLook | null> {
  const keys = callKeys(callSid);
  const value = await link.run(lookAtCallScript, [keys.call, keys.log], [tailMax]);
  const reply = readReply(value);
  const first = reply.text(6);
  if (first === '') return null;
  const tail: unknown = Array.isArray(value) ? value[7] : null;
  return {
    callSid,
    from: reply.text(1),
    to: reply.text(2),
    state: reply.text(3),
    owner: parseOwner(reply.text(4)),
    isEnded: reply.text(5) !== '',
    arrivedAt: parseEntryId(first).epoch,
    tail: readStreamEntries(tail).map(toJournalEntry).toReversed(),
  };
}

/** Which outer state a call is in and who holds it; `ended` for one that is over or forgotten. */
export async function placeOfCall(
  link: RedisLink,
  callSid: string,
): Promise<{ state: string; owner: NodeName | null } | 'ended'> {
  const [epoch = '', state = '', owner = '', ended = ''] = readTexts(
    await link.command('hmget', callKeys(callSid).call, 'epoch', 'state', 'owner', 'ended'),
  );
  return epoch === '' || ended !== '' ? 'ended' : { state, owner: parseOwner(owner) };
}
