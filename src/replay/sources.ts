import { readFile } from 'node:fs/promises';
import type { DataSource } from 'typeorm';
import { CallLogEntity } from '../../entities/call-log.ts';
import { ErasedCallEntity } from '../../entities/erased-call.ts';
import { ErasureEntity } from '../../entities/erasure.ts';
import { Refusal } from '../command.ts';
import { ownerOf } from '../directory/claims.ts';
import { type JournalEntry, readJournal } from '../directory/journal.ts';
import type { RedisLink } from '../directory/redis.ts';
import { journalInKafka } from '../analytics/fact-sources.ts';
import type { KafkaLink } from '../kafka/client.ts';
import type { NumberKey } from '../privacy/number-key.ts';
import { type KeptJournal, parseJournal } from './journal-file.ts';
import type { Made } from './made.ts';
import { withRedactions } from './redacted.ts';
import type { Ending, Replayed } from './replayed.ts';

const FILE_BYTES_MAX = 64 * 1024 * 1024;
const CALL_SID = /^CA[0-9a-fA-F]{32}$/;

export const isCallSid = (text: string): boolean => CALL_SID.test(text);

/** @throws Refusal in words for whoever named the file */
export async function readFromFile(path: string): Promise<KeptJournal> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT') throw new Refusal(`${path} is neither a file nor a CallSid (CA and 32 hexadecimal digits)`);
    throw new Refusal(`${path} cannot be read: ${code || String(error)}`);
  });
  if (text.length > FILE_BYTES_MAX) throw new Refusal(`${path} has more than ${FILE_BYTES_MAX} bytes`);
  return parseJournal(text, path);
}

/** Where journals of calls are, the first that has it counts. */
export type JournalSource = (callSid: string) => Promise<JournalEntry[]>;

/** Of a day at most. */
export const journalsInRedis =
  (link: RedisLink): JournalSource =>
  (callSid) =>
    readJournal(link, callSid);

/** For as long as Kafka keeps its messages; all of them are read, and nothing of an erased call is shown. */
export const journalsInKafka =
  (kafka: KafkaLink): JournalSource =>
  async (callSid) => {
    const journal = await journalInKafka(kafka, callSid);
    const isErased = journal.some((entry) => entry.kind === 'fact' && entry.fact.type === 'journal.erased');
    if (isErased) throw new Refusal(`${callSid} was erased`);
    return journal;
  };

/** @throws Refusal for a call that none of them knows */
export async function findJournal(callSid: string, sources: readonly JournalSource[]): Promise<JournalEntry[]> {
  for (const source of sources) {
    const journal = await source(callSid);
    if (journal.length > 0) return withRedactions(journal);
  }
  throw new Refusal(
    `${callSid} is not known: Redis keeps a journal for a day after the call's end, Kafka for as long as it is told to`,
  );
}

/** @throws Refusal for a call whose caller had everything erased */
export async function refuseErased(dataSource: DataSource, callSid: string): Promise<void> {
  const erased = await dataSource.getRepository(ErasedCallEntity).findOneBy({ callSid });
  if (erased) throw new Refusal(`${callSid} was erased on ${erased.createdAt.toISOString().slice(0, 10)}`);
}

/** The same by the caller's number, for a call that the erasure did not know. */
export async function refuseErasedNumber(
  dataSource: DataSource,
  key: NumberKey,
  { callSid, row }: Pick<Replayed, 'callSid' | 'row'>,
): Promise<void> {
  const erasure = await dataSource.getRepository(ErasureEntity).findOneBy({ numberHash: key.hash(row.fromNumber) });
  if (erasure && row.startedAt <= erasure.until)
    throw new Refusal(`${callSid} was erased: its caller had everything erased`);
}

/** What the nodes that lived the call and the consumers of its facts wrote down of it, as far as that is still there. */
export async function madeByService(
  now: Replayed,
  { link, dataSource }: { link: RedisLink | null; dataSource: DataSource | null },
): Promise<Made> {
  const { callSid } = now;
  const end: Partial<Ending> = {};
  const hash = link && (await ownerOf(link, callSid));
  // The nodes write which of the outer states it is.
  if (hash && hash.state !== '' && hash.state !== now.end.place.split('.')[0]) end.place = hash.state;
  else if (hash) end.place = now.end.place;
  const row = dataSource && (await dataSource.getRepository(CallLogEntity).findOneBy({ callSid }));
  if (row) end.row = { status: row.status, outcome: row.outcome, duration: row.duration };
  // Of a call that is over, and whose transcript is still kept.
  if (row && row.transcript !== null) end.transcript = row.transcript;
  const known = [...(hash ? ['the nodes'] : []), ...(row ? ['the call log'] : [])];
  return { by: known.join(' and ') || 'nobody: nothing is left to compare with', steps: new Map(), end };
}
