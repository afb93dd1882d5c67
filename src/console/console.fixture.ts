import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { AccountEntity, type AccountRole } from '../../entities/account.ts';
import { connectRedis, type RedisLink, type RedisScan } from '../directory/redis.ts';
import { beginSession } from '../directory/sessions.ts';
import { startPglite, type DatabaseServer } from '../embedded/postgres.ts';
import { lacksPart } from '../embedded/parts.ts';
import { startRedis, type RedisServer } from '../embedded/redis.ts';
import { createServer, type Route, type Server } from '../http/server.ts';
import type { SocketRoute } from '../http/socket.ts';
import { openDatabase } from '../services/database.ts';
import { startPostgres } from '../sim/parts/postgres.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { csrfOf } from './csrf.ts';
import { Feed } from './live/feed.ts';
import { consoleRoutes, type ConsoleOptions } from './routes.ts';

export const TOKEN = 'a-token-of-many-characters';

export interface TestSession {
  accountId: string;
  name: string;
  /** `aida_session=…` */
  cookie: string;
  csrf: string;
}

/** What an anonymous request, or one of somebody signed in, answered. */
export interface Answered {
  status: number;
  location: string | null;
  headers: Headers;
  text: string;
}

export interface TestConsole {
  /** What it was built with. */
  options: ConsoleOptions;
  base: string;
  source: DataSource;
  link: RedisLink & RedisScan;
  feed: Feed;
  redis: RedisServer;
  /** Lines of the log, as JSON. */
  lines: string[];
  /** Somebody of this role who is signed in, without the price of a password. One account for each role and name. */
  session(role: AccountRole, name?: string): Promise<TestSession>;
  get(path: string, as?: AccountRole | TestSession | null, headers?: Record<string, string>): Promise<Answered>;
  /** Posts a form, with the session's token. */
  post(path: string, fields: Record<string, string>, as?: AccountRole | TestSession | null): Promise<Answered>;
  close(): Promise<void>;
}

export interface TestConsoleOptions extends Partial<ConsoleOptions> {
  /** Beside the console's. */
  routes?: Route[];
  sockets?: SocketRoute<unknown>[];
}

/** A real PostgreSQL; outside CI, where none can be had, the embedded one. */
export const startDatabase = async (): Promise<DatabaseServer> =>
  (await lacksPart('postgres')) ? startPglite() : startPostgres();

/**
 * The console on a free port, with a real Redis and a database; `fill` writes what its pages show, before
 * they are served. `options` in place of what it would have.
 */
export async function startConsole(
  options: TestConsoleOptions = {},
  fill: (source: DataSource) => Promise<void> = () => Promise.resolve(),
): Promise<TestConsole> {
  const database: DatabaseServer | null = options.dataSource ? null : await startDatabase();
  const source = options.dataSource ?? (await openDatabase(database?.url ?? ''));
  const redis = await startRedis();
  const link = await connectRedis(redis.url);
  const lines: string[] = [];
  const log = createLog('info', { destination: { write: (line) => lines.push(line) } });
  const now = options.now ?? Date.now;
  await fill(source);
  const { routes = [], sockets = [], ...given } = options;
  const feed = given.feed ?? new Feed({ link, isSynthetic: () => false, log, now });
  const silent = { audio: () => Promise.resolve(null), heard: () => Promise.resolve() };
  const ground: ConsoleOptions = {
    dataSource: source,
    link,
    feed,
    recordings: silent,
    adminToken: TOKEN,
    calls: { self: null, listenSecret: 'a-secret', redisNow: Date.now },
    now,
    log,
    ...given,
  };
  const server: Server = await createServer({
    host: '127.0.0.1',
    port: 0,
    routes: [...routes, ...consoleRoutes(ground)],
    sockets,
    log,
    metrics: createMetrics(),
  });
  const base = `http://127.0.0.1:${server.port}`;
  const sessions = new Map<string, TestSession>();

  async function session(role: AccountRole, name: string = role === 'admin' ? 'ada' : role): Promise<TestSession> {
    const known = sessions.get(`${role} ${name}`);
    if (known) return known;
    const accountId = randomUUID();
    await source.getRepository(AccountEntity).insert({ id: accountId, name, role, password: 'none' });
    const secret = await beginSession(link, { accountId, generation: '1', startedAt: now() });
    const made = { accountId, name, cookie: `aida_session=${secret}`, csrf: csrfOf(secret) };
    sessions.set(`${role} ${name}`, made);
    return made;
  }

  const sessionOf = async (as: AccountRole | TestSession | null): Promise<TestSession | null> =>
    typeof as === 'string' ? session(as) : as;

  async function answered(response: Response): Promise<Answered> {
    const { status, headers } = response;
    return { status, headers, location: headers.get('location'), text: await response.text() };
  }

  return {
    options: ground,
    base,
    source,
    link,
    feed,
    redis,
    lines,
    session,
    async get(path, as = 'admin', headers = {}) {
      const signedIn = await sessionOf(as);
      const all = { ...(signedIn ? { cookie: signedIn.cookie } : {}), ...headers };
      return answered(await fetch(base + path, { headers: all, redirect: 'manual' }));
    },
    async post(path, fields, as = 'admin') {
      const signedIn = await sessionOf(as);
      const body = new URLSearchParams({ ...(signedIn ? { csrf: signedIn.csrf } : {}), ...fields });
      const headers: Record<string, string> = signedIn ? { cookie: signedIn.cookie } : {};
      return answered(await fetch(base + path, { method: 'POST', body, headers, redirect: 'manual' }));
    },
    async close() {
      await server.close();
      await feed.close();
      if (database) await source.destroy();
      await link.close();
      await Promise.all([database?.stop(), redis.stop()]);
    },
  };
}
