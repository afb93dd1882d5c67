import pg from 'pg';
import { DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import { entities } from '../../entities/index.ts';
import { migrations } from '../../entities/migrations/index.ts';
import { SnakeNaming } from '../../entities/naming.ts';
import type { QueryMeter } from '../telemetry/backend-meters.ts';

/** Bounds of the database's use, ms where nothing else is said. */
const limits = {
  /** Connections of one process. */
  poolMax: 10,
  /** Waiting for a connection, be it a new one or one that another gives back. */
  connectMs: 3_000,
  statementMs: 5_000,
  /** The server ends a statement itself; this much later we stop waiting for it to do so. */
  graceMs: 500,
  /** The server rolls back a transaction whose owner fell silent (a frozen node must not keep its locks). */
  transactionIdleMs: 10_000,
  /** One statement of a migration, or waiting for another node's migrations. */
  migrationMs: 120_000,
  /** A connection that nothing used for this long is closed. */
  idleMs: 30_000,
} as const;

const READ_TIMEOUT = 'Query read timeout';
/** Two sessions that create the same table at once: one gets one of these and finds the table made. */
const MADE_BY_ANOTHER = new Set(['23505', '42P07']);

export interface DatabaseOptions {
  /** Connections at most, 1–10; default 10. */
  poolMax?: number;
  /** How long a statement may take, ms; default 5000. */
  statementMs?: number;
  /** False: tables are taken as they are, as a command does that a node's release has to migrate for. */
  migrates?: boolean;
  /** Told of errors of idle connections, as when the server restarts. */
  onError?(error: Error): void;
  meter?: QueryMeter;
}

/**
 * Migrates the database and opens it. Every wait is bounded: rejects within seconds when the server is away, and
 * so does every query later; connections are made anew once the server is back. A statement that is late rejects
 * with `Query read timeout` or code 57014; whether it was applied is then not known.
 */
export async function openDatabase(url: string, options: DatabaseOptions = {}): Promise<DataSource> {
  if (options.migrates !== false) await migrate(url);
  return await describe(url, options).initialize();
}

function describe(url: string, options: DatabaseOptions): DataSource {
  const statementMs = options.statementMs ?? limits.statementMs;
  return new DataSource({
    type: 'postgres',
    url,
    entities,
    migrations,
    migrationsTableName: 'migration',
    namingStrategy: new SnakeNaming(),
    installExtensions: false,
    logging: false,
    applicationName: 'aida',
    poolSize: Math.min(Math.max(options.poolMax ?? limits.poolMax, 1), limits.poolMax),
    connectTimeoutMS: limits.connectMs,
    poolErrorHandler: (error: Error) => options.onError?.(error),
    extra: {
      Client: clientWith(options.meter),
      keepAlive: true,
      idleTimeoutMillis: limits.idleMs,
      statement_timeout: statementMs,
      query_timeout: statementMs + limits.graceMs,
      idle_in_transaction_session_timeout: limits.transactionIdleMs,
    },
  });
}

/**
 * The driver's own deadline leaves the connection with an answer still to come, for which the next user would wait in
 * vain: such a connection is closed, and the pool makes another.
 */
class DeadlineClient extends pg.Client {
  constructor(config: string | pg.ClientConfig | undefined, meter: QueryMeter | undefined) {
    super(config);
    const query = this.query.bind(this) as (...args: unknown[]) => unknown;
    const watched = (...args: unknown[]): unknown => {
      const startedAt = performance.now();
      const answer = query(...args);
      if (!(answer instanceof Promise)) return answer;
      const ended = (error: unknown): void => meter?.ended(performance.now() - startedAt, error);
      answer.then(
        () => ended(null),
        (error: unknown) => {
          ended(error);
          this.#judge(error);
        },
      );
      return answer;
    };
    this.query = watched as typeof this.query;
  }

  #judge(error: unknown): void {
    if (error instanceof Error && error.message === READ_TIMEOUT) this.end().catch(() => {});
  }
}

/** The pool makes its clients by class. */
function clientWith(meter: QueryMeter | undefined): typeof pg.Client {
  return class extends DeadlineClient {
    constructor(config?: string | pg.ClientConfig) {
      super(config, meter);
    }
  };
}

/** Connections of the pool, and who waits for one. */
export function poolOf(source: DataSource): { busy: number; idle: number; waiting: number } {
  const { master } = source.driver as unknown as { master?: pg.Pool };
  if (!master) return { busy: 0, idle: 0, waiting: 0 };
  const { totalCount, idleCount, waitingCount } = master;
  return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
}

/**
 * Runs what is pending in one transaction, under a lock on a table of our own: of several nodes that start at once
 * one migrates and the others find it done. Advisory locks would do it too, but the embedded database has none.
 */
async function migrate(url: string): Promise<void> {
  const source = await describe(url, { poolMax: 1, statementMs: limits.migrationMs }).initialize();
  const runner = source.createQueryRunner();
  try {
    await makeGuard(runner);
    await runner.startTransaction();
    await runner.query('LOCK TABLE migration_guard IN ACCESS EXCLUSIVE MODE');
    const executor = new MigrationExecutor(source, runner);
    executor.transaction = 'all';
    await executor.executePendingMigrations();
    await runner.commitTransaction();
  } catch (error) {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => {});
    throw error;
  } finally {
    await runner.release();
    await source.destroy();
  }
}

async function makeGuard(runner: QueryRunner): Promise<void> {
  try {
    await runner.query('CREATE TABLE IF NOT EXISTS migration_guard ()');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!MADE_BY_ANOTHER.has(code)) throw error;
  }
}
