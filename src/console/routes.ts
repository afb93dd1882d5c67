import type { DataSource } from 'typeorm';
import type { RedisLink } from '../directory/redis.ts';
import { createAccounts } from '../services/accounts.ts';
import { createAudit } from '../services/audit.ts';
import { CATALOG_CHANNEL } from '../services/catalog-keeper.ts';
import type { Recordings } from '../services/recordings.ts';
import type { Log } from '../telemetry/log.ts';
import { accountRoutes } from './accounts/routes.ts';
import { ownRoutes } from './accounts/own-routes.ts';
import { auditRoutes } from './audit/routes.ts';
import { dashboardRoutes } from './dashboard/routes.ts';
import { catalogueRoutes } from './catalogue/routes.ts';
import type { CataloguePort } from './catalogue/port.ts';
import { deskRoutes } from './desk/routes.ts';
import { callRoutes, type CallTelling } from './calls/call-routes.ts';
import { callListRoutes } from './calls/list-routes.ts';
import { recordingRoutes } from './calls/recording-routes.ts';
import { createGate } from './gate.ts';
import { pageLimits, type PageRoute } from './guard.ts';
import type { Feed } from './live/feed.ts';
import { liveRoutes } from './live/routes.ts';
import { redirect, type ConsoleRequest, type ConsoleRoute } from './message.ts';
import { type PhonePort, phoneRoutes } from './phone/routes.ts';
import { refusal } from './refusal.ts';
import { createSessions, isShown, type Sessions } from './session.ts';
import { HOME, signInRoutes } from './sign-in.ts';
import { listenOrigins, supervisionRoutes, type SupervisionDeps } from './supervision/routes.ts';
import { STATIC, staticFile } from './static-files.ts';

/** What the console stands on. */
export interface ConsoleOptions {
  dataSource: DataSource;
  link: RedisLink;
  /** What goes on, for open pages; whoever made it closes it. */
  feed: Feed;
  recordings: Pick<Recordings, 'audio' | 'heard'>;
  /** How this process stands to calls. */
  calls: Pick<SupervisionDeps, 'self' | 'listenSecret' | 'redisNow'>;
  /** How calls are told; left out: from their rows alone. */
  told?: CallTelling;
  /** The telephone in browsers; left out or null: switched off. */
  phone?: PhonePort | null;
  /** Answers as the assistant would; left out or null: nothing here does. */
  assistant?: CataloguePort | null;
  /** Names of tools that can be switched off; left out: none. */
  toolNames?: readonly string[];
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

/** Every page for people, and who they are. */
export function consolePages(options: ConsoleOptions): { pages: PageRoute[]; sessions: Sessions } {
  const { dataSource, link, adminToken, now } = options;
  const audit = createAudit(dataSource);
  const accounts = createAccounts(dataSource, audit);
  const sessions = createSessions({ link, accounts, audit, adminToken, now });
  const pages: PageRoute[] = [
    { method: 'GET', path: '/admin', role: 'viewer', handler: () => redirect(HOME) },
    ...ownRoutes(accounts, sessions),
    ...accountRoutes(accounts),
    ...auditRoutes(audit),
    ...recordingRoutes({ ...options, audit }),
    ...liveRoutes(options.feed),
    ...dashboardRoutes({ dataSource, feed: options.feed, hasPhone: Boolean(options.phone), now }),
    ...callListRoutes({ dataSource, audit, now, log: options.log }),
    ...callRoutes({
      dataSource,
      feed: options.feed,
      ...(options.told && { told: options.told }),
      listenOrigins: () => listenOrigins(link),
    }),
    ...phoneRoutes({ phone: options.phone ?? null, audit }),
    ...catalogueRoutes({
      dataSource,
      audit,
      now,
      announce: () => announce(options),
      assistant: options.assistant ?? null,
    }),
    ...supervisionRoutes({ link, dataSource, audit, ...options.calls }),
    ...deskRoutes({ ...options, audit, toolNames: options.toolNames ?? [], announce: () => announce(options) }),
    // Each area adds its line here.
  ];
  return { pages, sessions };
}

/** Without Redis nodes notice a change within a minute. */
async function announce({ link, log, assistant }: ConsoleOptions): Promise<void> {
  await link
    .command('publish', CATALOG_CHANNEL, 'console')
    .catch((error: unknown) => log.warn({ err: error }, 'a change of the store was not told to the nodes'));
  await assistant?.services.refresh();
}

/** Files come from those alone who show something; what somebody typed is kept though they are signed out. */
const bodyBytesMax = (request: Pick<ConsoleRequest, 'header'>): number =>
  isShown(request) ? pageLimits.uploadBytesMax : pageLimits.formBytesMax;

/** All that the console answers, below `/admin` and `/phone`. */
export function consoleRoutes(options: ConsoleOptions): ConsoleRoute[] {
  const { pages, sessions } = consolePages(options);
  const handler = createGate({ dataSource: options.dataSource, sessions, routes: pages, log: options.log });
  const below = ['/admin', '/admin/*', '/phone', '/phone/*'];
  return [
    statics,
    ...signInRoutes(sessions),
    ...below.map((path): ConsoleRoute => ({ method: 'GET', path, handler })),
    ...below.map((path): ConsoleRoute => ({ method: 'POST', path, handler, bodyBytesMax })),
  ];
}
