import type { DataSource } from 'typeorm';
import { QueryFailedError } from 'typeorm';
import { StoreSettingsEntity } from '../../entities/store-settings.ts';
import { DirectoryError } from '../directory/errors.ts';
import { defaultStore, emptyCatalog } from '../services/catalog.ts';
import { isTimeZone } from '../services/local-time.ts';
import { PasswordsBusyError } from '../services/passwords.ts';
import type { Log } from '../telemetry/log.ts';
import { flashOf } from './cookies.ts';
import { isCsrf, isFromElsewhere } from './csrf.ts';
import { readForm, type Form } from './form.ts';
import { pageLimits, type PageRequest, type PageRoute, type Store } from './guard.ts';
import { keptOf } from './kept.ts';
import { redirect, type ConsoleRequest, type ConsoleResponse } from './message.ts';
import { navFor } from './nav.ts';
import { createPaths } from './paths.ts';
import { refusal, type RefusalKind } from './refusal.ts';
import { mayAct } from './roles.ts';
import type { Caller, Sessions } from './session.ts';
import { signInPage } from './sign-in.ts';
import { wordsIn } from './words.ts';

export const PASSWORD_PAGE = '/admin/password';
/** What somebody with a password to begin with may have. */
const BEFORE_PASSWORD = new Set([PASSWORD_PAGE, '/admin/logout']);

export interface GateDeps {
  dataSource: DataSource;
  sessions: Sessions;
  routes: readonly PageRoute[];
  log: Pick<Log, 'error' | 'warn'>;
}

/** Answers every request of the console: nothing goes to a page before it is known who asks. */
export function createGate(deps: GateDeps): (request: ConsoleRequest) => Promise<ConsoleResponse> {
  const { sessions, routes, log } = deps;
  const find = createPaths(routes);
  const leastRoles = new Map(routes.filter(({ method }) => method === 'GET').map(({ path, role }) => [path, role]));

  async function answer(request: ConsoleRequest): Promise<ConsoleResponse> {
    const isPost = request.method === 'POST';
    if (isPost && isFromElsewhere(request)) return refusal(request, 'elsewhere');
    const caller = await sessions.callerOf(request);
    if (!caller) return unknown(request);
    if (caller.passwordIsTemporary && !BEFORE_PASSWORD.has(request.path)) return redirect(PASSWORD_PAGE);
    const found = find(request.method, request.path);
    if (found.kind !== 'route') return refusal(request, found.kind, found.kind === 'method' ? found.allow : {});
    const { route, params } = found;
    if (!mayAct(caller.who.role, route.role)) return refusal(request, 'role', {}, route.role);
    const form = isPost ? posted(request, route) : EMPTY;
    if (typeof form === 'string') return refusal(request, form);
    const shown = form.fields.get('csrf') ?? request.header('x-csrf-token');
    if (isPost && caller.secret !== null && !isCsrf(shown, caller.csrf)) return outdated(request, caller, form);
    form.fields.delete('csrf');
    return route.handler(await pageRequest(request, { caller, form, params, route }));
  }

  async function pageRequest(
    request: ConsoleRequest,
    { caller, form, params, route }: { caller: Caller; form: Form; params: Record<string, string>; route: PageRoute },
  ): Promise<PageRequest> {
    const store = await readStore(deps.dataSource);
    const { who, csrf, hasAccount } = caller;
    return {
      method: request.method,
      path: request.path,
      query: request.query,
      header: (name) => request.header(name),
      address: request.address,
      body: request.body,
      who,
      csrf,
      form: form.fields,
      files: form.files,
      search: new URLSearchParams(request.query),
      params,
      store,
      words: wordsIn(store.timeZone),
      async stillIn() {
        const now = await sessions.callerOf(request);
        return now !== null && now.who.id === who.id && mayAct(now.who.role, route.role);
      },
      frame: {
        nav: caller.passwordIsTemporary ? [] : navFor(who.role, request.path, leastRoles),
        flash: flashOf(request),
        hasAccount,
      },
    };
  }

  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      const kind = faultOf(error);
      log.error({ err: error, path: request.path }, 'a console page failed');
      return refusal(request, kind);
    }
  };
}

const EMPTY: Form = { fields: new URLSearchParams(), files: new Map() };

function posted(request: ConsoleRequest, route: PageRoute): Form | RefusalKind {
  if (request.body.length > (route.bodyBytesMax ?? pageLimits.formBytesMax)) return 'size';
  return readForm(request.header('content-type'), request.body) ?? 'form';
}

/** Nobody, or nobody any more: what was typed waits in the page that asks who it is. */
function unknown(request: ConsoleRequest): ConsoleResponse {
  if (request.header('hx-request') === 'true') return refusal(request, 'ended');
  const target = request.query === '' ? request.path : `${request.path}?${request.query}`;
  if (request.method !== 'POST') return signInPage(request, { next: target, kept: null });
  return signInPage(request, { next: request.path, kept: keptOf(target, request) });
}

/** A page from before the last sign-in posts: its owner is asked once more, with all that was typed. */
function outdated(request: ConsoleRequest, caller: Caller, { fields, files }: Form): ConsoleResponse {
  if (request.header('hx-request') === 'true')
    return refusal(request, 'outdated', { 'hx-trigger': JSON.stringify({ csrf: caller.csrf }) });
  fields.delete('csrf');
  return refusal(request, files.size > 0 ? 'outdatedFile' : 'outdated', {}, undefined, {
    action: request.query === '' ? request.path : `${request.path}?${request.query}`,
    fields: [...fields],
    csrf: caller.csrf,
  });
}

function faultOf(error: unknown): RefusalKind {
  if (error instanceof DirectoryError) return 'redis';
  if (error instanceof PasswordsBusyError) return 'busy';
  return error instanceof QueryFailedError || isConnectionError(error) ? 'database' : 'fault';
}

const CONNECTION =
  /Query read timeout|Connection terminated|timeout exceeded|connection timeout|ECONN|EPIPE|ENOTFOUND/i;
const isConnectionError = (error: unknown): boolean =>
  error instanceof Error && CONNECTION.test(`${error.message} ${'code' in error ? String(error.code) : ''}`);

export async function readStore(dataSource: DataSource): Promise<Store> {
  const settings = await dataSource.getRepository(StoreSettingsEntity).findOneBy({ id: 1 });
  const timeZone = settings && isTimeZone(settings.timeZone) ? settings.timeZone : emptyCatalog.schedule.timeZone;
  return { name: settings?.name || defaultStore.name, timeZone };
}
