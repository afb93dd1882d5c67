import { randomUUID } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { PrivacyRecordEntity } from '../../entities/privacy-record.ts';
import type { RetentionPolicy } from '../services/catalog.ts';
import { addCounts, type Counts, deleteCallRows } from './call-tables.ts';

const DAY_MS = 86_400_000;

const limits = {
  /** Rows, or calls with all of their rows, in one transaction. */
  batchMax: 500,
  /** Batches of one kind in one round: the next round goes on. */
  batchesMax: 2_000,
} as const;

/** What says in words what was said, by when it was: gone after `transcriptDays`. */
const transcripts = [
  {
    what: 'turn',
    sql: `DELETE FROM turn WHERE (call_sid, epoch, seq) IN
      (SELECT call_sid, epoch, seq FROM turn WHERE at < $1 ORDER BY at LIMIT $2)`,
  },
  {
    what: 'tool_execution',
    sql: `DELETE FROM tool_execution WHERE (call_sid, tool_call_id) IN
      (SELECT call_sid, tool_call_id FROM tool_execution WHERE started_at < $1 ORDER BY started_at LIMIT $2)`,
  },
  // Summary and questions quote what was said; what was counted of the call stays.
  {
    what: 'transcript',
    sql: `WITH old AS (
      SELECT call_sid FROM call_log WHERE started_at < $1 AND transcript IS NOT NULL ORDER BY started_at LIMIT $2
    ), quoting AS (
      UPDATE call_understanding SET summary = '', questions = '[]' WHERE call_sid IN (SELECT call_sid FROM old)
    )
    UPDATE call_log SET transcript = NULL WHERE call_sid IN (SELECT call_sid FROM old)`,
  },
] as const;

/** What is promised to nobody any more. */
const callbacks = {
  what: 'callback_request',
  sql: `DELETE FROM callback_request WHERE call_sid IN
      (SELECT call_sid FROM callback_request WHERE created_at < $1 AND status NOT IN ('open', 'dialing', 'calling')
       ORDER BY created_at LIMIT $2)`,
} as const;

/** Of a whole call: its row, and what else there is of it. */
const oldCalls = 'SELECT call_sid FROM call_log WHERE started_at < $1 ORDER BY started_at LIMIT $2';

/** Where rows are deleted: a `DataSource`, or one in which other tables stand before those in use. */
export interface Deleting {
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T>;
}

/**
 * Deletes what is older than the store keeps it, and notes how much. Rejects as the database does; what is gone by then
 * is noted all the same.
 * @param now ms since the epoch
 */
export async function deleteOld(
  dataSource: DataSource,
  policy: RetentionPolicy,
  now: number,
  signal: AbortSignal,
): Promise<Counts> {
  const counts: Counts = {};
  try {
    await deleteRowsByAge(dataSource, policy, now, signal, counts);
  } finally {
    if (Object.keys(counts).length > 0)
      await dataSource.getRepository(PrivacyRecordEntity).insert({ id: randomUUID(), act: 'retain', counts });
  }
  return counts;
}

/**
 * The same without a note: in bounded batches, each a transaction, until nothing is left or the signal aborts; the next
 * round goes on where this one was. `counts` is added to as it goes.
 */
export async function deleteRowsByAge(
  source: Deleting,
  { transcriptDays, callDays }: RetentionPolicy,
  now: number,
  signal: AbortSignal,
  counts: Counts = {},
): Promise<void> {
  const before = (days: number) => new Date(now - days * DAY_MS);
  const add = (more: Counts): void => void Object.assign(counts, addCounts(counts, more));
  const affected = (sql: string, until: Date) =>
    source.transaction(async (manager) => {
      const [, count]: [unknown, number] = await manager.query(sql, [until, limits.batchMax]);
      return count;
    });
  const inBatches = async (what: string, sql: string, until: Date): Promise<void> => {
    for (let batch = 0; batch < limits.batchesMax && !signal.aborted; batch++) {
      const count = await affected(sql, until);
      if (count > 0) add({ [what]: count });
      if (count < limits.batchMax) return;
    }
  };
  for (const { what, sql } of transcripts) await inBatches(what, sql, before(transcriptDays));
  for (let batch = 0; batch < limits.batchesMax && !signal.aborted; batch++) {
    const deleted = await source.transaction((manager) => deleteCalls(manager, before(callDays)));
    if (deleted === null) break;
    add(deleted);
  }
  await inBatches(callbacks.what, callbacks.sql, before(callDays));
}

/** Null where there is no such call any more. */
async function deleteCalls(manager: EntityManager, before: Date): Promise<Counts | null> {
  const rows: { call_sid: string }[] = await manager.query(oldCalls, [before, limits.batchMax]);
  if (rows.length === 0) return null;
  return deleteCallRows(
    manager,
    rows.map(({ call_sid }) => call_sid),
  );
}
