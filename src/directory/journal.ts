import type { CallEvent, Intent } from '../../machines/call-events.ts';
import { DirectoryError } from './errors.ts';
import { callKeys, type NodeName, ownerName, parseOwner } from './keys.ts';
import { directoryLimits } from './limits.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readStreamEntries, type StreamEntry, unknownKind } from './reply.ts';
import { appendLateScript } from './scripts/append-late.ts';
import { appendScript } from './scripts/append.ts';
import { restoreScript } from './scripts/restore.ts';

export interface AppendRequest {
  callSid: string;
  epoch: number;
  /** Number of the first fact under this epoch; they count from 1. */
  firstSeq: number;
  /** At most `appendFactsMax`. None: nothing else of the request is applied, the answer says where the log ends. */
  facts: readonly CallEvent[];
  /** Where the call stands after the last fact. */
  state?: string;
  /** The call's next deadline, Redis-clock ms, or 'none'. Unchanged without it. */
  dueAt?: number | 'none';
  /** Left for `/voice/next`; 'none' withdraws. */
  intent?: Intent | 'none';
  /** What the webhook was answered, for its repeats. */
  answer?: { idempotencyToken: string | null; text: string };
  /** The final status: the call is over. */
  ended?: string;
  /** Nobody holds the call from now on. */
  disown?: boolean;
}

export type Append =
  /** `lastSeq`: the log's last number under this epoch; `written`: how many facts of the request were new. */
  | { kind: 'ok'; lastSeq: number; written: number; ended: boolean }
  /** Somebody has a later epoch, or the call is over: nothing was written. */
  | { kind: 'fenced'; epoch: number; ended: boolean }
  /** Redis does not know this epoch: restore, then append again. */
  | { kind: 'behind'; epoch: number }
  /** Facts are missing between the log's end and the request. */
  | { kind: 'gap'; lastSeq: number };

/** Adds facts to a call's journal and to the outbox in one step. Repeats add nothing. One batch in flight per call. */
export async function append(link: RedisLink, request: AppendRequest): Promise<Append> {
  if (request.facts.length > directoryLimits.appendFactsMax) {
    throw new DirectoryError(
      'tooLarge',
      `${request.facts.length} facts in one append, ${directoryLimits.appendFactsMax} at most`,
    );
  }
  const keys = callKeys(request.callSid);
  const intent =
    request.intent === undefined || request.intent === 'none' ? (request.intent ?? '') : JSON.stringify(request.intent);
  const reply = readReply(
    await link.run(
      appendScript,
      [keys.call, keys.log, keys.outbox, keys.due],
      [
        request.epoch,
        request.callSid,
        request.firstSeq,
        request.state ?? '',
        request.dueAt ?? '',
        intent,
        request.answer?.idempotencyToken ?? '',
        request.answer?.text ?? '',
        request.ended ?? '',
        request.disown ? '1' : '0',
        directoryLimits.endedLifeMs,
        ...request.facts.map((fact) => JSON.stringify(fact)),
      ],
    ),
  );
  switch (reply.kind) {
    case 'ok':
      return { kind: 'ok', lastSeq: reply.number(1), written: reply.number(2), ended: reply.text(3) !== '' };
    case 'fenced':
      return { kind: 'fenced', epoch: reply.number(1), ended: reply.text(2) !== '' };
    case 'behind':
      return { kind: 'behind', epoch: reply.number(1) };
    case 'gap':
      return { kind: 'gap', lastSeq: reply.number(1) };
    default:
      throw unknownKind(reply);
  }
}

export interface LateFact {
  callSid: string;
  /** What the fact tells of, such as `recordingReady:RE…`: a repeat under the same key adds nothing. */
  key: string;
  fact: CallEvent;
}

export type AppendLate =
  | { kind: 'ok'; epoch: number; seq: number }
  | { kind: 'repeated' }
  /** A stream holds the call: tell its owner. */
  | { kind: 'live'; epoch: number; owner: NodeName | null }
  /** A webhook is answering for the call at this moment: tell it again shortly. */
  | { kind: 'busy' }
  | { kind: 'full' }
  | { kind: 'unknown' };

/** What the carrier says of a call that nobody holds, and that moves no state: goes to log and outbox, changes nothing else. */
export async function appendLate(link: RedisLink, late: LateFact): Promise<AppendLate> {
  const keys = callKeys(late.callSid);
  const reply = readReply(
    await link.run(
      appendLateScript,
      [keys.call, keys.log, keys.outbox],
      [late.callSid, late.key, JSON.stringify(late.fact), directoryLimits.lateFactsMax],
    ),
  );
  switch (reply.kind) {
    case 'ok':
      return { kind: 'ok', epoch: reply.number(1), seq: reply.number(2) };
    case 'live':
      return { kind: 'live', epoch: reply.number(1), owner: parseOwner(reply.text(2)) };
    case 'repeated':
    case 'busy':
    case 'full':
    case 'unknown':
      return { kind: reply.kind };
    default:
      throw unknownKind(reply);
  }
}

export interface RestoreRequest {
  callSid: string;
  epoch: number;
  /** Null where the epoch was a webhook's. */
  owner: NodeName | null;
  state: string;
  /** '' where the holder does not know: Redis keeps both numbers as it has them. */
  from: string;
  to: string;
  dueInMs: number;
  /** The oldest fact that the holder still has: its facts go on from here, whatever is missing before. */
  firstSeq: number;
  /** Facts of earlier epochs that the holder has read, in order: Redis may have lost them too. */
  earlier?: readonly JournaledFact[];
  /** Of whoever restores; the marker in the journal carries it. */
  machineVersion: number;
}

export type Restore = { kind: 'restored' } | { kind: 'fenced'; epoch: number; ended: boolean };

/**
 * After `behind`, or a `gap` that reaches back behind what the holder kept: puts back what Redis lost, unless somebody
 * has the call by now. Then append again from `firstSeq`. Takes in what was answered without Redis too, under the epoch
 * that the node made up then: of several the highest wins, of equal ones the first.
 */
export async function restore(link: RedisLink, request: RestoreRequest): Promise<Restore> {
  const keys = callKeys(request.callSid);
  const owner = request.owner ? ownerName(request.owner) : '';
  const reply = readReply(
    await link.run(
      restoreScript,
      [keys.call, keys.log, keys.outbox, keys.due],
      [
        request.callSid,
        request.epoch,
        owner,
        request.state,
        request.from,
        request.to,
        request.dueInMs,
        directoryLimits.callLifeMs,
        request.firstSeq - 1,
        request.machineVersion,
        ...(request.earlier ?? []).flatMap(({ epoch, seq, fact }) => [`${epoch}-${seq}`, JSON.stringify(fact)]),
      ],
    ),
  );
  if (reply.kind === 'restored') return { kind: 'restored' };
  if (reply.kind === 'fenced') return { kind: 'fenced', epoch: reply.number(1), ended: reply.text(2) !== '' };
  throw unknownKind(reply);
}

export interface JournaledFact {
  epoch: number;
  seq: number;
  fact: CallEvent;
}

export type JournalEntry =
  | ({ kind: 'fact' } & JournaledFact)
  /** The marker of a claim: who took the call with this epoch, for what, and by which machine; null where it is not said. */
  | { kind: 'claim'; epoch: number; seq: number; by: string; node: string; version: number | null }
  /** An entry that is not what this project writes. */
  | { kind: 'corrupt'; epoch: number; seq: number; bytes: number };

/** A stored fact, null for anything that is not one. Its `type` may be of a newer version. */
export function parseFact(json: string): CallEvent | null {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== 'object' || value === null) return null;
    const known = 'type' in value && typeof value.type === 'string' && 'at' in value && typeof value.at === 'number';
    return known ? (value as CallEvent) : null;
  } catch {
    return null;
  }
}

/** Epoch and number of an entry's id. */
export function parseEntryId(id: string): { epoch: number; seq: number } {
  const dash = id.indexOf('-');
  return { epoch: Number(id.slice(0, dash)), seq: Number(id.slice(dash + 1)) };
}

export function toJournalEntry(entry: StreamEntry): JournalEntry {
  const place = parseEntryId(entry.id);
  const claim = entry.fields.get('c');
  if (claim !== undefined) {
    const version = entry.fields.get('v');
    const node = entry.fields.get('n') ?? '';
    return { kind: 'claim', ...place, by: claim, node, version: version === undefined ? null : Number(version) };
  }
  const json = entry.fields.get('f') ?? '';
  const fact = parseFact(json);
  return fact ? { kind: 'fact', ...place, fact } : { kind: 'corrupt', ...place, bytes: json.length };
}

/** What follows an entry, at most a page of it; without one from the beginning. */
export async function readJournalAfter(
  link: RedisLink,
  callSid: string,
  after: { epoch: number; seq: number } | null,
): Promise<JournalEntry[]> {
  const from = after === null ? '-' : `(${after.epoch}-${after.seq}`;
  const { log } = callKeys(callSid);
  const page = await link.command('xrange', log, from, '+', 'COUNT', directoryLimits.journalPageEntries);
  return readStreamEntries(page).map(toJournalEntry);
}

/** The whole journal in order, [] for a call that nobody knows. On one link it sees every claim sent before it. */
export async function readJournal(link: RedisLink, callSid: string): Promise<JournalEntry[]> {
  const { log } = callKeys(callSid);
  const entries: JournalEntry[] = [];
  let from = '-';
  while (entries.length < directoryLimits.journalEntriesMax) {
    const page = readStreamEntries(
      await link.command('xrange', log, from, '+', 'COUNT', directoryLimits.journalPageEntries),
    );
    for (const entry of page) entries.push(toJournalEntry(entry));
    const last = page.at(-1);
    if (!last || page.length < directoryLimits.journalPageEntries) return entries;
    from = `(${last.id}`;
  }
  throw new DirectoryError('tooLarge', `a journal of more than ${directoryLimits.journalEntriesMax} entries`);
}
