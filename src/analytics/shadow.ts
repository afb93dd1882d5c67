import type { DataSource, EntityManager } from 'typeorm';
import type { Transactions } from './call-log.ts';

/** Where tables are made anew, beside those that are in use. */
export const SHADOW = 'rebuild';

const STALE_S = 60;

/** Another rebuild is under way. */
export class ShadowTaken extends Error {
  override readonly name = 'ShadowTaken';
}

/** Empty tables like those in use, with all their keys and checks. What a rebuild left that was broken off is dropped. */
export async function makeShadow(dataSource: DataSource, tables: readonly string[]): Promise<void> {
  const [taken]: { beat: string | null }[] = await dataSource.query(
    `SELECT to_regclass('${SHADOW}.beat')::text AS beat`,
  );
  if (taken?.beat) {
    const fresh: unknown[] = await dataSource.query(
      `SELECT 1 FROM ${SHADOW}.beat WHERE at > now() - interval '${STALE_S} seconds'`,
    );
    if (fresh.length > 0)
      throw new ShadowTaken('another rebuild is under way; if it was broken off, ask again in a minute');
  }
  await dataSource.query(`DROP SCHEMA IF EXISTS ${SHADOW} CASCADE`);
  await dataSource.query(`CREATE SCHEMA ${SHADOW}`);
  // Rows say by 32 bits who has written them.
  await dataSource.query(
    `CREATE TABLE ${SHADOW}.beat AS SELECT now() AS at, pg_current_xact_id()::text::bigint & 4294967295 AS began`,
  );
  await dataSource.query(`CREATE TABLE ${SHADOW}.whole (call_sid text PRIMARY KEY)`);
  await dataSource.query(`CREATE TABLE ${SHADOW}.replaced (call_sid text PRIMARY KEY)`);
  for (const table of tables)
    await dataSource.query(`CREATE TABLE ${SHADOW}."${table}" (LIKE public."${table}" INCLUDING ALL)`);
}

export const dropShadow = (dataSource: DataSource): Promise<unknown> =>
  dataSource.query(`DROP SCHEMA IF EXISTS ${SHADOW} CASCADE`);

/** Transactions in which the tables made anew stand before those in use. */
export function inShadow(dataSource: DataSource): Transactions {
  return {
    transaction: (work) =>
      dataSource.transaction(async (manager) => {
        await manager.query(`SET LOCAL search_path TO ${SHADOW}, public`);
        await manager.query(`UPDATE ${SHADOW}.beat SET at = now()`);
        return work(manager);
      }),
  };
}

/** Notes calls of which everything was read from their beginning on. */
export async function noteWhole(manager: EntityManager | DataSource, callSids: readonly string[]): Promise<void> {
  if (callSids.length === 0) return;
  await manager.query(`INSERT INTO ${SHADOW}.whole SELECT unnest($1::text[]) ON CONFLICT DO NOTHING`, [[...callSids]]);
}
