import { callsKey, cursorKey, inboxKey, type NodeName } from './keys.ts';
import { directoryLimits } from './limits.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readStreamEntries, readTexts, unknownKind } from './reply.ts';
import { closeInboxScript, keepInboxScript, writeInboxScript } from './scripts/inbox.ts';

export interface InboxMessage {
  id: string;
  /** As it was written; '' where there is none. */
  text: string;
}

const BEGINNING = '0-0';

/** Makes the inbox at the start, and keeps it: to be repeated well within `inboxLifeMs` and after each reconnect. */
export async function keepInbox(link: RedisLink, self: NodeName): Promise<'made' | 'kept'> {
  const reply = readReply(await link.run(keepInboxScript, [inboxKey(self)], [directoryLimits.inboxLifeMs]));
  await link.command('pexpire', cursorKey(self), directoryLimits.inboxLifeMs);
  await link.command('pexpire', callsKey(self), directoryLimits.callLifeMs);
  if (reply.kind === 'made' || reply.kind === 'kept') return reply.kind;
  throw unknownKind(reply);
}

/** `absent`: that process is gone, look the owner up again. `full`: it does not read. At least once: a repeat is two messages. */
export async function writeInbox(link: RedisLink, to: NodeName, text: string): Promise<'sent' | 'absent' | 'full'> {
  const reply = readReply(await link.run(writeInboxScript, [inboxKey(to)], [text, directoryLimits.inboxEntriesMax]));
  if (reply.kind === 'sent' || reply.kind === 'absent' || reply.kind === 'full') return reply.kind;
  throw unknownKind(reply);
}

/** Where reading goes on. */
export async function inboxCursor(link: RedisLink, of: NodeName): Promise<string> {
  const cursor = await link.command('get', cursorKey(of));
  return typeof cursor === 'string' && cursor !== '' ? cursor : BEGINNING;
}

/**
 * What came after the cursor, oldest first; waits up to `blockMs` for the first. One reader for each inbox; `blocking`
 * is a link of its own unless `blockMs` is 0. Ids order the messages; the first message of an inbox has no text.
 */
export async function readInbox(
  blocking: RedisLink,
  of: NodeName,
  cursor: string,
  blockMs: number,
): Promise<InboxMessage[]> {
  const block = blockMs > 0 ? ['BLOCK', blockMs] : [];
  const reply = await blocking.command(
    'xread',
    'COUNT',
    directoryLimits.inboxReadMax,
    ...block,
    'STREAMS',
    inboxKey(of),
    cursor,
  );
  if (reply === null) return [];
  const [stream]: unknown[] = Array.isArray(reply) ? reply : [];
  const entries = readStreamEntries(Array.isArray(stream) ? stream[1] : []);
  return entries.map(({ id, fields }) => ({ id, text: fields.get('m') ?? '' }));
}

/** Remembers what was dealt with and drops it. */
export async function advanceInbox(link: RedisLink, self: NodeName, cursor: string): Promise<void> {
  await link.command('set', cursorKey(self), cursor, 'PX', directoryLimits.inboxLifeMs);
  await link.command('xtrim', inboxKey(self), 'MINID', cursor);
}

/**
 * For the end of a process, or a survivor that has dealt with all messages up to the cursor: removes inbox and cursor.
 * False if more has come: read on.
 */
export async function closeInbox(link: RedisLink, of: NodeName, cursor: string): Promise<boolean> {
  const reply = readReply(await link.run(closeInboxScript, [inboxKey(of)], [cursor]));
  if (reply.kind !== 'closed') return false;
  await link.command('del', cursorKey(of));
  return true;
}

/** Notes that a call has its stream at this process. */
export async function addCall(link: RedisLink, self: NodeName, callSid: string): Promise<void> {
  await link.command('sadd', callsKey(self), callSid);
  await link.command('pexpire', callsKey(self), directoryLimits.callLifeMs);
}

export async function removeCall(link: RedisLink, self: NodeName, callSid: string): Promise<void> {
  await link.command('srem', callsKey(self), callSid);
}

/** The calls with a stream at a process, as far as it got to note them; also after its death. */
export async function callsOf(link: RedisLink, of: NodeName): Promise<string[]> {
  return readTexts(await link.command('smembers', callsKey(of)));
}

/** For a survivor that has dealt with all calls of a process that is gone. */
export async function forgetCalls(link: RedisLink, of: NodeName): Promise<void> {
  await link.command('del', callsKey(of));
}
