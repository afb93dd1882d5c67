import type { DataSource } from 'typeorm';
import { KnowledgeDocumentEntity } from '../../entities/knowledge-document.ts';
import { StoreSettingsEntity } from '../../entities/store-settings.ts';
import { createCallHistory } from '../services/call-log.ts';
import { defaultStore, emptyCatalog } from '../services/catalog.ts';
import { isTimeZone } from '../services/local-time.ts';
import type { Recordings } from '../services/recordings.ts';
import type { Log } from '../telemetry/log.ts';
import { html, redirect, type ConsoleRequest, type ConsoleResponse, type ConsoleRoute } from './message.ts';
import { callPage, dashboardPage, knowledgePage, messagePage, signInPage, SOUNDS, type Store } from './pages.ts';
import { createSignIn, type SignIn } from './sign-in.ts';
import { createStaticFiles } from './static-files.ts';

const HOME = '/admin/dashboard';
const SIGN_IN = '/admin/login';
const STATIC = '/admin/static/';
const CALLS = '/admin/calls/';
const RECENT_CALLS = 10;
const DOCUMENTS_MAX = 2_000;
const CALL_SID = /^[\w-]{1,64}$/;
const SOUND = /^(voicemail|call)\/(RE[0-9a-fA-F]{32})$/;
const SOUND_TIMEOUT_MS = 10_000;
const FORM = /^application\/x-www-form-urlencoded\b/i;

export interface ConsoleOptions {
  dataSource: DataSource;
  recordings: Pick<Recordings, 'audio' | 'heard'>;
  /** Null closes the console. */
  adminToken: string | null;
  /** Milliseconds since the epoch. */
  now(): number;
  log: Pick<Log, 'error'>;
}

type Page = (request: ConsoleRequest) => Promise<ConsoleResponse>;

/** The pages for people, all below `/admin`, for those who have the token. */
export function consoleRoutes({ dataSource, recordings, adminToken, now, log }: ConsoleOptions): ConsoleRoute[] {
  const staticFiles = createStaticFiles(STATIC);
  const statics: ConsoleRoute = {
    method: 'GET',
    path: `${STATIC}*`,
    handler: (request) => staticFiles(request) ?? notFound(),
  };
  if (adminToken === null) return [statics, { method: 'GET', path: '/admin/*', handler: closed }];
  const signIn = createSignIn(adminToken, now);

  const guarded = (path: string, page: Page): ConsoleRoute => ({
    method: 'GET',
    path,
    async handler(request) {
      if (!signIn.allows(request)) return refused(request, null);
      try {
        return await page(request);
      } catch (error) {
        log.error({ err: error, path }, 'a console page failed');
        return html(
          503,
          messagePage('Not now', 'The database does not answer. Calls go on; please try again in a moment.'),
        );
      }
    },
  });

  const pages = pagesOf(dataSource, now);
  return [
    statics,
    ...signInRoutes(signIn),
    guarded('/admin', () => Promise.resolve(redirect(HOME))),
    guarded(HOME, pages.dashboard),
    guarded('/admin/knowledge-base', pages.knowledge),
    guarded(`${CALLS}*`, pages.call),
    guarded(`${SOUNDS}*`, ({ path }) => soundOf(recordings, path.slice(SOUNDS.length))),
    guarded('/admin/*', () => Promise.resolve(notFound())),
  ];
}

function pagesOf(dataSource: DataSource, now: () => number) {
  const history = createCallHistory(dataSource);
  return {
    async dashboard(): Promise<ConsoleResponse> {
      const at = now();
      const store = await readStore(dataSource);
      const [statistics, recent] = await Promise.all([
        history.statistics(at, store.timeZone),
        history.recent(RECENT_CALLS),
      ]);
      return html(200, dashboardPage({ store, at: new Date(at), statistics, recent }));
    },

    async knowledge(): Promise<ConsoleResponse> {
      const documents = dataSource.getRepository(KnowledgeDocumentEntity);
      const [store, found] = await Promise.all([
        readStore(dataSource),
        documents.find({ order: { sortOrder: 'ASC', id: 'ASC' }, take: DOCUMENTS_MAX }),
      ]);
      return html(200, knowledgePage(store, found));
    },

    async call({ path }: ConsoleRequest): Promise<ConsoleResponse> {
      const callSid = path.slice(CALLS.length);
      if (!CALL_SID.test(callSid)) return notFound();
      const [store, record] = await Promise.all([readStore(dataSource), history.record(callSid)]);
      return record ? html(200, callPage(store, record)) : notFound();
    },
  };
}

/** The sound of a message or of a call; a message that somebody listens to is heard. */
async function soundOf(recordings: ConsoleOptions['recordings'], name: string): Promise<ConsoleResponse> {
  const [, of, recordingSid = ''] = SOUND.exec(name) ?? [];
  if (of !== 'voicemail' && of !== 'call') return notFound();
  const found = await recordings.audio(of, recordingSid, AbortSignal.timeout(SOUND_TIMEOUT_MS));
  if (!found) return notFound();
  if (of === 'voicemail') await recordings.heard(recordingSid);
  return {
    status: 200,
    headers: { 'content-type': found.contentType, 'cache-control': 'no-store' },
    body: found.audio,
  };
}

async function readStore(dataSource: DataSource): Promise<Store> {
  const settings = await dataSource.getRepository(StoreSettingsEntity).findOneBy({ id: 1 });
  const timeZone = settings && isTimeZone(settings.timeZone) ? settings.timeZone : emptyCatalog.schedule.timeZone;
  return { name: settings?.name || defaultStore.name, timeZone };
}

function signInRoutes(signIn: SignIn): ConsoleRoute[] {
  return [
    {
      method: 'GET',
      path: SIGN_IN,
      handler: (request) => (signIn.allows(request) ? redirect(HOME) : html(200, signInPage(HOME, null))),
    },
    {
      method: 'POST',
      path: SIGN_IN,
      handler(request) {
        if (!FORM.test(request.header('content-type')))
          return html(415, messagePage('Not understood', 'Please use the form.'));
        const form = new URLSearchParams(request.body.toString());
        const next = ownPath(form.get('next') ?? '');
        const cookie = signIn.enter(form.get('token') ?? '', request);
        if (cookie === null)
          return html(401, signInPage(next, 'That is not the token. It is the value of ADMIN_TOKEN.'));
        return redirect(next, { 'set-cookie': cookie });
      },
    },
    {
      method: 'POST',
      path: '/admin/logout',
      handler: (request) => redirect(SIGN_IN, { 'set-cookie': signIn.leave(request) }),
    },
  ];
}

/** A path of the console, never another site's address. */
function ownPath(path: string): string {
  return /^\/admin\/[\w/-]*$/.test(path) && path !== SIGN_IN ? path : HOME;
}

function refused(request: ConsoleRequest, problem: string | null): ConsoleResponse {
  const shown = request.header('authorization') === '' ? problem : 'The token in the request is not the right one.';
  return html(401, signInPage(ownPath(request.path), shown), { 'www-authenticate': 'Bearer realm="Aida"' });
}

function notFound(): ConsoleResponse {
  return html(404, messagePage('Nothing here', 'There is no such page, call or document.'));
}

function closed(): ConsoleResponse {
  return html(403, messagePage('The console is closed', 'Start Aida with ADMIN_TOKEN set to open it.'));
}
