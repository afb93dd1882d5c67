import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filledIn, queriesOf, readBoards } from '../dashboards/queries.ts';
import { traceSql } from '../dashboards/board.ts';
import { findPart, lacksPart } from '../../src/embedded/parts.ts';
import type { DatabaseServer } from '../../src/embedded/postgres.ts';
import { openDatabase } from '../../src/services/database.ts';
import { startPostgres } from '../../src/sim/parts/postgres.ts';
import { traceOf } from '../../src/telemetry/trace-ids.ts';

const CALL = `CA${'0a'.repeat(16)}`;
const filling = { rateInterval: '1m', fromMs: Date.now() - 3_600_000, toMs: Date.now() + 60_000, call: CALL };
const sql = queriesOf((await readBoards()).values()).filter(({ kind }) => kind === 'rows');

describe.skipIf(await lacksPart('postgres'))('the reader of Grafana', () => {
  let server: DatabaseServer;
  let reader: Client;

  beforeAll(async () => {
    server = await startPostgres();
    const source = await openDatabase(server.url);
    await source.query(
      `INSERT INTO call_log (call_sid, from_number, status, started_at, ended_at, outcome, intents)
       VALUES ($1, '+15550001', 'COMPLETED', now(), now(), 'answered', '{menu}')`,
      [CALL],
    );
    await source.query(
      `INSERT INTO turn (call_sid, epoch, seq, item_id, who, text, at) VALUES ($1, 1, 1, 'i', 'caller', 'hi', now())`,
      [CALL],
    );
    await source.query(
      `INSERT INTO tool_execution (call_sid, tool_call_id, epoch, name, arguments, started_at)
       VALUES ($1, 't', 1, 'get_menu', '{}', now())`,
      [CALL],
    );
    await source.query(
      `INSERT INTO call_figure (call_sid, minute, silences_ms, notes) VALUES ($1, now(), '{900,2100}', '{}')`,
      [CALL],
    );
    await source.destroy();
    const { dir, env } = await findPart('postgres');
    const file = join(import.meta.dirname, 'postgres-reader.sql');
    // Twice: a release runs it again.
    for (let run = 0; run < 2; run++)
      await promisify(execFile)(
        join(dir, 'psql'),
        [server.url, '-v', 'ON_ERROR_STOP=1', '-v', "password=it's", '-f', file],
        { env },
      );
    const url = new URL(server.url);
    reader = new Client({
      host: url.hostname,
      port: Number(url.port),
      database: url.pathname.slice(1),
      user: 'aida_grafana',
    });
    await reader.connect();
  });

  afterAll(async () => {
    await reader.end();
    await server.stop();
  });

  test.each(sql.map(({ panel, text }) => [panel, text] as const))('may run, and finds a row: %s', async (_, text) => {
    const { rows } = await reader.query(filledIn(text, filling));
    expect(rows.length).toBeGreaterThan(0);
  });

  test('sees every view of figures', async () => {
    const { rows: views } = await reader.query<{ name: string; granted: boolean }>(
      `SELECT viewname AS name, has_table_privilege(schemaname || '.' || viewname, 'SELECT') AS granted
       FROM pg_views WHERE schemaname = 'public'`,
    );
    expect(views.filter(({ granted }) => !granted)).toEqual([]);
    expect(views.length).toBeGreaterThanOrEqual(7);
    for (const { name } of views) await reader.query(`SELECT * FROM ${name} LIMIT 1`);
  });

  test('tells the trace of a call as nodes do', async () => {
    const { rows } = await reader.query<Record<string, string>>(filledIn(traceSql, filling));
    expect(Object.values(rows[0] ?? {})).toEqual([traceOf(CALL).traceId]);
  });

  test.each([
    ['a number of a caller', 'SELECT from_number FROM call_log'],
    ['a recording', 'SELECT audio FROM voicemail'],
    ['a setting', 'SELECT * FROM store_settings'],
  ])('may not see %s', async (_, text) => {
    await expect(reader.query(text)).rejects.toThrow('permission denied');
  });

  test.each([
    ['as it is', ''],
    ['though it asks for writing', 'SET default_transaction_read_only = off;'],
  ])('may not write, %s', async (_, first) => {
    await expect(reader.query(`${first} DELETE FROM turn`)).rejects.toThrow(/permission denied|read-only/);
  });
});
