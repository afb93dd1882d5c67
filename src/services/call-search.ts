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
  /** The search took long and was ended here, before the page was full: it goes on from this place. */
  stoppedAt: CallPlace | null;
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

/** Values of a query, by the names that its text has for them. */
class Values {
  readonly list: unknown[] = [];

  name(value: unknown): string {
    this.list.push(value);
    return `$${this.list.length}`;
  }
}

/** Of `call_log` and of `call_text` alike. */
function spanOf(values: Values, { from, until }: CallFilter): string[] {
  return [
    ...(from ? [`started_at >= ${values.name(from)}`] : []),
    ...(until ? [`started_at < ${values.name(until)}`] : []),
  ];
}

function beyond(values: Values, place: CallPlace | null, isBack: boolean): string[] {
  if (place === null) return [];
  return [`(started_at, call_sid) ${isBack ? '>' : '<'} (${values.name(place.at)}, ${values.name(place.callSid)})`];
}

/** All but the span and the words. */
function conditionsOf(values: Values, { number, intent, outcome, promotion }: CallFilter): string[] {
  const sql: string[] = [];
  if (number && WHOLE_NUMBER.test(number)) sql.push(`from_number = ${values.name(number)}`);
  else if (number) sql.push(`from_number LIKE ${values.name(`%${number.replaceAll(/\D/g, '')}%`)}`);
  if (intent) sql.push(`intents @> ${values.name([intent])}::text[]`);
  if (outcome === 'live') sql.push(`ended_at IS NULL AND started_at > now() - interval '${CALL_HOURS_MAX} hours'`);
  else if (outcome) sql.push(`outcome = ${values.name(outcome)}`);
  if (promotion) sql.push(`promotion_slug = ${values.name(promotion)}`);
  return sql;
}

const whereOf = (sql: readonly string[]): string => (sql.length === 0 ? '' : `WHERE ${sql.join(' AND ')}`);

function orderOf(isBack: boolean): string {
  const order = isBack ? 'ASC' : 'DESC';
  return `ORDER BY started_at ${order}, call_sid ${order}`;
}

type Row = Omit<FoundCall, 'line'> & { transcript?: TranscriptLine[] | null };

export const searchLimits = {
  /** Words that were said in so many calls at most are found by their index, those calls one by one. */
  hitsMax: 3_000,
  /** Calls that are walked through at once, and for how long: then what was found so far is the page. */
  walkCalls: 10_000,
  walkMsMax: 80,
};

interface Search {
  limits: typeof searchLimits;
  dataSource: Pick<DataSource, 'query'>;
  filter: CallFilter;
  place: CallPlace | null;
  isBack: boolean;
  /** Rows at most: one more than a page. */
  rowsMax: number;
}

/** One page of the calls that were looked for, from a place on. Rejects as the database does. */
export async function searchCalls(
  dataSource: Pick<DataSource, 'query'>,
  filter: CallFilter,
  turned: Turned,
  count: number,
  limits = searchLimits,
): Promise<CallPage> {
  const isBack = turned !== null && 'newer' in turned;
  const place = turned === null ? null : 'newer' in turned ? turned.newer : turned.older;
  const search: Search = { limits, dataSource, filter, place, isBack, rowsMax: count + 1 };
  const words = filter.words ?? '';
  const found = words === '' ? { rows: await pageOf(search, null), stoppedAt: null } : await spoken(search, words);
  const hasMore = found.rows.length > count;
  const stoppedAt = hasMore ? null : found.stoppedAt;
  const rows = found.rows.slice(0, count);
  if (isBack) rows.reverse();
  const goesOn = hasMore || stoppedAt !== null;
  return {
    calls: rows.map(({ transcript, ...call }) => ({ ...call, line: lineOf(transcript ?? null, words) })),
    hasOlder: isBack || goesOn,
    hasNewer: isBack ? goesOn : turned !== null,
    stoppedAt,
  };
}

/** `among`: only of these calls, with what was said in them. */
function pageOf({ dataSource, filter, place, isBack, rowsMax }: Search, among: string[] | null): Promise<Row[]> {
  const values = new Values();
  const sql = [
    ...spanOf(values, filter),
    ...conditionsOf(values, filter),
    ...beyond(values, place, isBack),
    ...(among === null ? [] : [`call_sid = ANY(${values.name(among)})`]),
  ];
  return dataSource.query(
    `SELECT ${COLUMNS}${among === null ? '' : ', transcript'} FROM call_log ${whereOf(sql)}
     ${orderOf(isBack)} LIMIT ${rowsMax}`,
    values.list,
  );
}

/**
 * Seldom words are found by their index, frequent ones by walking through the calls: each way takes too long for the
 * other, and the database does not know how frequent a word is that it has not met among the first.
 */
async function spoken(search: Search, words: string): Promise<{ rows: Row[]; stoppedAt: CallPlace | null }> {
  const { hitsMax, walkMsMax } = search.limits;
  if (await isIndexed(search, words)) {
    const hits: { callSid: string }[] = await search.dataSource.query(
      `SELECT call_sid AS "callSid" FROM call_text WHERE words @@ websearch_to_tsquery('english', $1)
       LIMIT ${hitsMax + 1}`,
      [words],
    );
    if (hits.length === 0) return { rows: [], stoppedAt: null };
    if (hits.length <= hitsMax) {
      const among = hits.map(({ callSid }) => callSid);
      return { rows: await pageOf(search, among), stoppedAt: null };
    }
  }
  const until = performance.now() + walkMsMax;
  const rows: Row[] = [];
  for (let step = search; ;) {
    const { found, end } = await walk(step, words);
    rows.push(...found);
    if (end === null || rows.length >= search.rowsMax) return { rows, stoppedAt: null };
    if (performance.now() > until) return { rows, stoppedAt: end };
    step = { ...step, place: end, rowsMax: search.rowsMax - rows.length };
  }
}

/** The index knows who said a word, not who did not: what only leaves words out would have every call read. */
async function isIndexed({ dataSource }: Search, words: string): Promise<boolean> {
  if (!words.includes('-')) return true;
  const [row] = await dataSource.query<{ tree: string }[]>(
    `SELECT querytree(websearch_to_tsquery('english', $1)) AS tree`,
    [words],
  );
  return row?.tree !== 'T';
}

/** The next calls in which something was said; `end`: the last of them, null where there are no more. */
async function walk(
  { limits, dataSource, filter, place, isBack, rowsMax }: Search,
  words: string,
): Promise<{ found: Row[]; end: CallPlace | null }> {
  const values = new Values();
  const walked = `FROM call_text ${whereOf([...spanOf(values, filter), ...beyond(values, place, isBack)])} ${orderOf(isBack)}`;
  const ends = dataSource.query<CallPlace[]>(
    `SELECT started_at AS at, call_sid AS "callSid" ${walked} OFFSET ${limits.walkCalls - 1} LIMIT 1`,
    [...values.list],
  );
  const query = `websearch_to_tsquery('english', ${values.name(words)})`;
  const sql = ['hit', ...conditionsOf(values, filter)];
  const found = dataSource.query<Row[]>(
    `WITH walked AS MATERIALIZED (
       SELECT call_sid AS walked_sid, words @@ ${query} AS hit ${walked} LIMIT ${limits.walkCalls}
     )
     SELECT ${COLUMNS}, transcript FROM walked JOIN call_log ON call_sid = walked_sid ${whereOf(sql)}
     ${orderOf(isBack)} LIMIT ${rowsMax}`,
    values.list,
  );
  return { found: await found, end: (await ends)[0] ?? null };
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
