import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe } from 'vitest';
import { lacksPart } from '../../embedded/parts.ts';
import { startPglite, type DatabaseServer } from '../../embedded/postgres.ts';
import { openDatabase } from '../../services/database.ts';
import { startPostgres } from './postgres.ts';

/** An open, migrated, empty database that lasts for the tests of one `onBothDatabases`. */
export interface TestDatabase {
  readonly engine: 'PostgreSQL' | 'PGlite';
  readonly url: string;
  readonly source: DataSource;
}

/**
 * Runs the tests that `body` declares twice: on a real PostgreSQL 15 and on the embedded PGlite. `database` may be
 * used inside tests and hooks only. Where no PostgreSQL is to be had its half is skipped, loudly; never in CI.
 */
export async function onBothDatabases(body: (database: TestDatabase) => void): Promise<void> {
  const lacksPostgres = await lacksPart('postgres');
  const engines = [
    { engine: 'PostgreSQL', start: () => startPostgres(), skip: lacksPostgres },
    { engine: 'PGlite', start: () => startPglite(), skip: false },
  ] as const;
  for (const { engine, start, skip } of engines) {
    describe.skipIf(skip)(engine, () => {
      let server: DatabaseServer;
      let source: DataSource;
      beforeAll(async () => {
        server = await start();
        source = await openDatabase(server.url);
      });
      afterAll(async () => {
        await source.destroy();
        await server.stop();
      });
      body({
        engine,
        get url() {
          return server.url;
        },
        get source() {
          return source;
        },
      });
    });
  }
}
