import type { DataSource, EntityManager } from 'typeorm';
import { closeGate, createErasureGate } from '../privacy/erasure-gate.ts';
import type { NumberKey } from '../privacy/number-key.ts';
import { deleteRowsByAge } from '../privacy/retention.ts';
import type { RetentionPolicy } from '../services/catalog.ts';
import { type Consumer, takeApart } from './consumer.ts';
import { createConversationProjector, projections } from './projections.ts';
import { dropShadow, inShadow, makeShadow, noteWhole, SHADOW } from './shadow.ts';
import type { StoredFact } from './stored-fact.ts';

/** Where facts can be read again, each call's in order but for repeats. */
export interface FactSource {
  /** From the first that is still there up to where it ends now; how many. Pieces of several calls may come side by side. */
  read(take: (facts: readonly StoredFact[]) => Promise<void>): Promise<number>;
}

export interface RebuildOptions {
  dataSource: DataSource;
  source: FactSource;
  key: NumberKey | null;
  policy: RetentionPolicy;
  /** Compares, and changes nothing. */
  isCheck: boolean;
  /** Ms since the epoch. */
  now(): number;
  onProgress?(facts: number): void;
}

export interface Rebuilt {
  facts: number;
  /** Facts that the database takes as little now as when they came: their calls are made without them. */
  refused: number;
  /** Calls whose facts all were there. */
  calls: number;
  /** Of calls that go on, or are younger than what was read, and of those older than what is still there: as they were. */
  kept: number;
  /** Rows that were not as the facts say, by table. */
  wrong: Record<string, { removed: number; added: number }>;
}

const limits = {
  /** Facts in one transaction. */
  batchMax: 500,
} as const;

/** Work that is noted and done, and no picture of the facts. */
const queues: ReadonlySet<string> = new Set(['figure_due']);

/** What the facts alone decide. */
export function rebuiltTables(): string[] {
  const written = projections.flatMap(({ writes }) => writes.filter((what) => !what.includes('.')));
  return ['call_log', ...new Set(written.filter((table) => table !== 'call_log'))];
}

/** Columns that decide which row is which. */
async function keysOf(manager: EntityManager, table: string): Promise<string[]> {
  const rows: { name: string }[] = await manager.query(
    `SELECT a.attname AS name FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
     WHERE i.indrelid = 'public."${table}"'::regclass AND i.indisprimary ORDER BY a.attnum`,
  );
  return rows.map(({ name }) => name);
}

/**
 * Makes every projection anew from the facts, beside the tables in use, then puts what differs in their place in one
 * transaction: readers see all of it or nothing, and nobody who makes rows of facts is at work meanwhile. Erasures and
 * the store's retention are honoured. A call is replaced where all of its facts were there and nothing was told of it
 * since the rebuild began; all others stay as they are.
 */
export async function rebuild(options: RebuildOptions): Promise<Rebuilt> {
  const { dataSource } = options;
  const tables = rebuiltTables();
  await makeShadow(dataSource, tables);
  try {
    const read = await fill(options);
    const { policy, now } = options;
    await deleteRowsByAge(inShadow(dataSource), policy, now(), new AbortController().signal);
    return { ...read, ...(await exchange(options, tables)) };
  } finally {
    await dropShadow(dataSource);
  }
}

async function fill({
  dataSource,
  source,
  key,
  now,
  onProgress,
}: RebuildOptions): Promise<Pick<Rebuilt, 'facts' | 'refused'>> {
  const shadow = inShadow(dataSource);
  const project = createConversationProjector(shadow, now, createErasureGate(key));
  const consumer: Consumer = {
    group: 'rebuild',
    isHealthy: () =>
      dataSource.query('SELECT 1').then(
        () => true,
        () => false,
      ),
    take: async (facts) => {
      await project(facts);
      return [];
    },
  };
  let [taken, refused] = [0, 0];
  const facts = await source.read(async (some) => {
    for (let from = 0; from < some.length; from += limits.batchMax) {
      const batch = some.slice(from, from + limits.batchMax);
      const { poison } = await takeApart(consumer, batch);
      refused += poison.length;
      const begun = batch.flatMap(({ callSid, fact }) => (fact.type === 'carrier.arrived' ? [callSid] : []));
      await noteWhole(dataSource, [...new Set(begun)]);
    }
    taken += some.length;
    onProgress?.(taken);
  });
  return { facts, refused };
}

/** Thrown to take back what a check has tried. */
class OnlyLooked extends Error {}

async function exchange(
  { dataSource, key, isCheck }: RebuildOptions,
  tables: readonly string[],
): Promise<Omit<Rebuilt, 'facts' | 'refused'>> {
  let result: Omit<Rebuilt, 'facts' | 'refused'> | null = null;
  try {
    await dataSource.transaction(async (manager) => {
      await closeGate(manager);
      await forgetErased(manager, tables, key);
      for (const sql of carried) await manager.query(sql);
      const { calls, kept } = await choose(manager, tables);
      const wrong: Rebuilt['wrong'] = {};
      for (const table of tables) {
        const changed = queues.has(table) ? null : await replace(manager, table);
        if (changed && changed.removed + changed.added > 0) wrong[table] = changed;
      }
      // The minutes of calls that were wrong are to be counted anew; others come to what they were.
      if (Object.keys(wrong).length > 0) await manager.query(RECOUNT);
      result = { calls, kept, wrong };
      if (isCheck) throw new OnlyLooked();
    });
  } catch (error) {
    if (!(error instanceof OnlyLooked)) throw error;
  }
  if (result === null) throw new Error('nothing was compared');
  return result;
}

/** Callers who had everything erased while the tables were made anew, and those of whom only facts were left. */
async function forgetErased(manager: EntityManager, tables: readonly string[], key: NumberKey | null): Promise<void> {
  if (key !== null) {
    const numbers: { from_number: string }[] = await manager.query(
      `SELECT DISTINCT from_number FROM ${SHADOW}.call_log`,
    );
    const hashes = numbers.map(({ from_number: number }) => ({ number, hash: key.hash(number) }));
    await manager.query(
      `INSERT INTO erased_call (call_sid, erasure_id)
       SELECT s.call_sid, e.id FROM unnest($1::text[], $2::text[]) AS n(number, hash)
       JOIN erasure e ON e.number_hash = n.hash
       JOIN ${SHADOW}.call_log s ON s.from_number = n.number AND s.started_at <= e.until
       ON CONFLICT DO NOTHING`,
      [hashes.map(({ number }) => number), hashes.map(({ hash }) => hash)],
    );
  }
  // In use as well: a database that was restored may have rows from before an erasure that only the facts know.
  for (const table of tables)
    for (const schema of [SHADOW, 'public'])
      await manager.query(`DELETE FROM ${schema}."${table}" WHERE call_sid IN (SELECT call_sid FROM erased_call)`);
}

/** What no fact tells: when a transcript was made, and what a chat model, who is not asked again, has read in the same words. */
const carried = [
  `UPDATE ${SHADOW}.call_log s SET processed_at = l.processed_at FROM public.call_log l
   WHERE l.call_sid = s.call_sid AND l.processed_at IS NOT NULL AND s.processed_at IS NOT NULL`,
  `UPDATE ${SHADOW}.call_log s SET intents = l.intents, promotion_slug = l.promotion_slug
   FROM public.call_log l, public.call_understanding r, ${SHADOW}.call_understanding u
   WHERE l.call_sid = s.call_sid AND r.call_sid = s.call_sid AND u.call_sid = s.call_sid
     AND r.reading <> 'none' AND r.input_hash = u.input_hash`,
  `DELETE FROM ${SHADOW}.call_understanding u USING public.call_understanding r
   WHERE r.call_sid = u.call_sid AND r.reading <> 'none' AND r.input_hash = u.input_hash`,
  `INSERT INTO ${SHADOW}.call_understanding
   SELECT r.* FROM public.call_understanding r JOIN ${SHADOW}.call_log USING (call_sid)
   WHERE r.reading <> 'none' ON CONFLICT DO NOTHING`,
];

/** Calls that are put in the place of those in use: read from their beginning, and not told of since the rebuild began. */
async function choose(manager: EntityManager, tables: readonly string[]): Promise<Pick<Rebuilt, 'calls' | 'kept'>> {
  const touched = tables
    .filter((table) => !queues.has(table))
    .map(
      (table) =>
        `SELECT call_sid FROM public."${table}" WHERE xmin::text::bigint >= (SELECT began FROM ${SHADOW}.beat)`,
    );
  await manager.query(
    `INSERT INTO ${SHADOW}.replaced
     SELECT s.call_sid FROM ${SHADOW}.call_log s LEFT JOIN public.call_log l USING (call_sid)
     WHERE l.call_sid IS NULL OR (
       s.call_sid IN (SELECT call_sid FROM ${SHADOW}.whole)
       AND (l.last_epoch, l.last_seq) <= (s.last_epoch, s.last_seq)
       AND s.call_sid NOT IN (${touched.join(' UNION ')}))`,
  );
  const [row]: { calls: number; kept: number }[] = await manager.query(
    `SELECT (SELECT count(*)::int FROM ${SHADOW}.replaced) AS calls,
       (SELECT count(*)::int FROM public.call_log WHERE call_sid NOT IN (SELECT call_sid FROM ${SHADOW}.replaced)) AS kept`,
  );
  return row ?? { calls: 0, kept: 0 };
}

const RECOUNT = `
  INSERT INTO public.figure_due AS due
  SELECT s.* FROM ${SHADOW}.figure_due s JOIN ${SHADOW}.replaced USING (call_sid) ORDER BY call_sid
  ON CONFLICT (call_sid) DO UPDATE SET minutes = ARRAY(SELECT DISTINCT unnest(due.minutes || excluded.minutes) ORDER BY 1)`;

/** Rows that are as the facts say are not touched. */
async function replace(manager: EntityManager, table: string): Promise<{ removed: number; added: number }> {
  const keys = await keysOf(manager, table);
  const isSameKey = keys.map((key) => `s."${key}" = l."${key}"`).join(' AND ');
  const [, removed]: [unknown, number] = await manager.query(
    `DELETE FROM public."${table}" l WHERE l.call_sid IN (SELECT call_sid FROM ${SHADOW}.replaced)
     AND NOT EXISTS (SELECT 1 FROM ${SHADOW}."${table}" s WHERE ${isSameKey} AND ROW(s.*) IS NOT DISTINCT FROM ROW(l.*))`,
  );
  const added: unknown[] = await manager.query(
    `INSERT INTO public."${table}" SELECT s.* FROM ${SHADOW}."${table}" s
     WHERE s.call_sid IN (SELECT call_sid FROM ${SHADOW}.replaced)
     AND NOT EXISTS (SELECT 1 FROM public."${table}" l WHERE ${isSameKey}) RETURNING 1`,
  );
  return { removed, added: added.length };
}
