import type { DataSource } from 'typeorm';
import type { CallLog, TranscriptLine } from '../../entities/call-log.ts';

/** Which calls are looked for; what is left out does not matter. */
export interface CallFilter {
  from?: Date;
  /** Not included. */
  until?: Date;
  /** The whole number in E.164, or digits that it holds. */
  number?: string;
  intent?: string;
  /** An outcome, or `live` for calls that are not over. */
  outcome?: string;
  /** A promotion's slug. */
  promotion?: string;
  /** Words that were said, as a web search reads them: `"oat milk" -decaf`, `refund or complaint`. */
  words?: string;
}

/** Between two calls of the list. */
export interface CallPlace {
  at: Date;
  callSid: string;
}

export type FoundCall = Omit<CallLog, 'transcript' | 'lastEpoch' | 'lastSeq' | 'statusSequence'> & {
  /** A line in which the words were said; null where no words were looked for. */
  line: TranscriptLine | null;
};

export interface CallPage {
  /** Newest first. */
  calls: FoundCall[];
  hasOlder: boolean;
  hasNewer: boolean;
}

export type Turned = { older: CallPlace } | { newer: CallPlace } | null;

const COLUMNS = `call_sid AS "callSid", from_number AS "fromNumber", to_number AS "toNumber", status,
  started_at AS "startedAt", answered_at AS "answeredAt", ended_at AS "endedAt", duration, outcome,
  processed_at AS "processedAt", intents, promotion_slug AS "promotionSlug"`;

/** The carrier ends every call by then: a row that still seems live lost its end. */
const CALL_HOURS_MAX = 24;
const WHOLE_NUMBER = /^\+\d{7,15}$/;
/** Fewer say too little to look for by an index. */
export const digitsMin = 3;

interface Clause {
  sql: string[];
  values: unknown[];
}

function clauseOf(filter: CallFilter): Clause {
  const clause: Clause = { sql: [], values: [] };
  const add = (value: unknown, sqlOf: (name: string) => string): void => {
    if (value === undefined || value === '') return;
    clause.values.push(value);
    clause.sql.push(sqlOf(`$${clause.values.length}`));
  };
  add(filter.from, (name) => `started_at >= ${name}`);
  add(filter.until, (name) => `started_at < ${name}`);
  if (filter.number && WHOLE_NUMBER.test(filter.number)) add(filter.number, (name) => `from_number = ${name}`);
  else add(filter.number && `%${filter.number.replaceAll(/\D/g, '')}%`, (name) => `from_number LIKE ${name}`);
  add(filter.intent && [filter.intent], (name) => `intents @> ${name}::text[]`);
  if (filter.outcome === 'live')
    clause.sql.push(`ended_at IS NULL AND started_at > now() - interval '${CALL_HOURS_MAX} hours'`);
  else add(filter.outcome, (name) => `outcome = ${name}`);
  add(filter.promotion, (name) => `promotion_slug = ${name}`);
  add(filter.words, (name) => `words @@ websearch_to_tsquery('english', ${name})`);
  return clause;
}

/** One page of the calls that were looked for, from a place on. Rejects as the database does. */
export async function searchCalls(
  dataSource: Pick<DataSource, 'query'>,
  filter: CallFilter,
  turned: Turned,
  count: number,
): Promise<CallPage> {
  const { sql, values } = clauseOf(filter);
  const isBack = turned !== null && 'newer' in turned;
  const place = turned === null ? null : 'newer' in turned ? turned.newer : turned.older;
  if (place) {
    values.push(place.at, place.callSid);
    sql.push(`(started_at, call_sid) ${isBack ? '>' : '<'} ($${values.length - 1}, $${values.length})`);
  }
  const words = filter.words ?? '';
  const table = words === '' ? 'call_log' : 'call_log JOIN call_text USING (call_sid)';
  const where = sql.length === 0 ? '' : `WHERE ${sql.join(' AND ')}`;
  const order = isBack ? 'ASC' : 'DESC';
  const found: (Omit<FoundCall, 'line'> & { transcript?: TranscriptLine[] | null })[] = await dataSource.query(
    `SELECT ${COLUMNS}${words === '' ? '' : ', transcript'} FROM ${table} ${where}
     ORDER BY started_at ${order}, call_sid ${order} LIMIT ${count + 1}`,
    values,
  );
  const hasMore = found.length > count;
  const rows = found.slice(0, count);
  if (isBack) rows.reverse();
  return {
    calls: rows.map(({ transcript, ...call }) => ({ ...call, line: lineOf(transcript ?? null, words) })),
    hasOlder: isBack || hasMore,
    hasNewer: isBack ? hasMore : turned !== null,
  };
}

/** A word's beginning is enough: the index knows its other forms. */
const STEM_CHARS = 4;

function lineOf(transcript: TranscriptLine[] | null, words: string): TranscriptLine | null {
  if (transcript === null || words === '') return null;
  const wanted = words
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 2)
    .map((word) => word.slice(0, STEM_CHARS));
  const hits = (line: TranscriptLine): number => {
    const text = line.text.toLowerCase();
    return wanted.filter((word) => text.includes(word)).length;
  };
  const best = transcript.reduce<{ line: TranscriptLine | null; hits: number }>(
    (known, line) => (hits(line) > known.hits ? { line, hits: hits(line) } : known),
    { line: null, hits: 0 },
  );
  return best.line;
}

const TOPICS_MAX = 60;
const TOPIC_DAYS = 30;

/** What callers wanted of late, most frequent first. */
export async function frequentIntents(dataSource: Pick<DataSource, 'query'>): Promise<string[]> {
  const rows: { topic: string }[] = await dataSource.query(
    `SELECT topic FROM figure_topic WHERE kind = 'intent' AND minute > now() - interval '${TOPIC_DAYS} days'
     GROUP BY topic ORDER BY sum(calls) DESC, topic LIMIT ${TOPICS_MAX}`,
  );
  return rows.map(({ topic }) => topic);
}
