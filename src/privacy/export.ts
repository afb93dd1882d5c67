import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { PrivacyRecordEntity } from '../../entities/privacy-record.ts';
import { readBlocks } from '../directory/callers.ts';
import type { RedisLink, RedisScan } from '../directory/redis.ts';
import { callsInDatabase, callsInRedis } from './caller-calls.ts';
import { callTables, type Counts } from './call-tables.ts';
import type { NumberKey } from './number-key.ts';

type Row = Record<string, unknown>;

/** Everything that is known of a caller, as JSON. Columns have the names of the tables. */
export interface CallerExport {
  number: string;
  exportedAt: string;
  /** By time; each with its rows in every table that knows of it. */
  calls: { callSid: string; tables: Record<string, Row[]> }[];
  /** Without their sound, which is where `location` says, or in the database. */
  voicemails: Row[];
  recordings: Row[];
  callbacks: Row[];
  /** Known to Redis, for a day after their end at most. */
  current: { callSid: string; state: string; ended: string | null }[];
  blocked: { until: string; by: string; reason: string } | null;
  /** When everything up to then was erased, where that can be told. */
  erasedUntil: string | null;
}

export interface ExportDeps {
  dataSource: DataSource;
  link: RedisLink & RedisScan;
  key: NumberKey | null;
}

export interface ExportOrder {
  number: string;
  by: string;
  reason: string;
}

export async function exportCaller(
  { dataSource, link, key }: ExportDeps,
  { number, by, reason }: ExportOrder,
): Promise<CallerExport> {
  const callSids = [...new Set(await callsInDatabase(dataSource, number))];
  const calls = await callsOf(dataSource, callSids);
  const current = await callsInRedis(link, number);
  const block = (await readBlocks(link)).find(({ caller }) => caller === number);
  const numberHash = key?.hash(number) ?? null;
  const [erasure]: { until: Date }[] = await dataSource.query('SELECT until FROM erasure WHERE number_hash = $1', [
    numberHash,
  ]);
  const made: CallerExport = {
    number,
    exportedAt: new Date().toISOString(),
    calls,
    voicemails: await rowsOf(dataSource, 'voicemail', 'call_sid = ANY($1) OR from_number = $2', [callSids, number]),
    recordings: await rowsOf(dataSource, 'call_recording', 'call_sid = ANY($1)', [callSids]),
    callbacks: await rowsOf(dataSource, 'callback_request', 'number = $1', [number]),
    current: current.map(({ callSid, state, ended }) => ({ callSid, state, ended })),
    blocked: block ? { until: new Date(block.untilMs).toISOString(), by: block.by, reason: block.reason } : null,
    erasedUntil: erasure?.until.toISOString() ?? null,
  };
  const { voicemails, recordings, callbacks } = made;
  const counts: Counts = {
    calls: calls.length,
    voicemails: voicemails.length,
    recordings: recordings.length,
    callbacks: callbacks.length,
  };
  await dataSource
    .getRepository(PrivacyRecordEntity)
    .insert({ id: randomUUID(), act: 'export', subject: numberHash, by, reason, counts });
  return made;
}

async function callsOf(dataSource: DataSource, callSids: readonly string[]): Promise<CallerExport['calls']> {
  const tables = callTables(dataSource).filter((table) => table !== 'callback_request');
  const rows = await Promise.all(
    tables.map(
      async (table) => [table, await rowsOf(dataSource, table, 'call_sid = ANY($1)', [[...callSids]])] as const,
    ),
  );
  const startedAt = ({ tables: { call_log: logged } }: CallerExport['calls'][number]): string =>
    String(logged?.[0]?.['started_at'] ?? '');
  return callSids
    .map((callSid) => ({
      callSid,
      tables: Object.fromEntries(
        rows.flatMap(([table, own]) => {
          const of = own.filter((row) => row['call_sid'] === callSid);
          return of.length > 0 ? [[table, of] as const] : [];
        }),
      ),
    }))
    .toSorted((a, b) => (startedAt(a) < startedAt(b) ? -1 : 1));
}

/** As JSON of the database's own, without sound. */
async function rowsOf(dataSource: DataSource, table: string, where: string, values: unknown[]): Promise<Row[]> {
  const rows: { row: Row }[] = await dataSource.query(
    `SELECT to_jsonb(t) - 'audio' AS row FROM "${table}" t WHERE ${where} ORDER BY t::text LIMIT ${ROWS_MAX}`,
    values,
  );
  return rows.map(({ row }) => row);
}

/** Of one table. */
const ROWS_MAX = 100_000;
