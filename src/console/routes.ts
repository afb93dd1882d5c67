import type { DataSource } from 'typeorm';
import type { RedisLink } from '../directory/redis.ts';
import { createAccounts } from '../services/accounts.ts';
import { createAudit } from '../services/audit.ts';
import type { Recordings } from '../services/recordings.ts';
import type { Log } from '../telemetry/log.ts';
import { createGate } from './gate.ts';
import { pageLimits, type PageRoute } from './guard.ts';
import { redirect, type ConsoleRoute } from './message.ts';
import { overviewRoutes } from './overview.ts';
import { type PhonePort, phoneRoutes } from './phone/routes.ts';
import { refusal } from './refusal.ts';
import { createSessions } from './session.ts';
import { HOME, signInRoutes } from './sign-in.ts';
import { STATIC, staticFile } from './static-files.ts';

/** What the console stands on. */
export interface ConsoleOptions {
  dataSource: DataSource;
  link: RedisLink;
  recordings: Pick<Recordings, 'audio' | 'heard'>;
  /** The telephone in browsers; left out or null: switched off. */
  phone?: PhonePort | null;
  /** Null: only accounts sign in, and no program does. */
  adminToken: string | null;
  /** Milliseconds since the epoch. */
  now(): number;
  log: Pick<Log, 'error' | 'warn'>;
}

/** All that is answered without asking who it is. */
const statics: ConsoleRoute = {
  method: 'GET',
  path: `${STATIC}*`,
  handler: (request) => staticFile(request) ?? refusal(request, 'nothing'),
};

/** The pages for people, below `/admin` and `/phone`, for those who are signed in. */
export function consoleRoutes(options: ConsoleOptions): ConsoleRoute[] {
  const { dataSource, link, adminToken, now, log } = options;
  const audit = createAudit(dataSource);
  const accounts = createAccounts(dataSource, audit);
  const sessions = createSessions({ link, accounts, audit, adminToken, now });
  const pages: PageRoute[] = [
    { method: 'GET', path: '/admin', role: 'viewer', handler: () => redirect(HOME) },
    ...overviewRoutes(options),
    ...phoneRoutes({ phone: options.phone ?? null, audit }),
    // Each area adds its line here.
  ];
  const handler = createGate({ dataSource, sessions, routes: pages, log });
  const below = ['/admin', '/admin/*', '/phone', '/phone/*'];
  return [
    statics,
    ...signInRoutes(sessions),
    ...below.map((path): ConsoleRoute => ({ method: 'GET', path, handler })),
    ...below.map((path): ConsoleRoute => ({ method: 'POST', path, handler, bodyBytesMax: pageLimits.uploadBytesMax })),
  ];
}
