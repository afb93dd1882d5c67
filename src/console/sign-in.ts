import { PasswordsBusyError } from '../services/passwords.ts';
import { isOnThisMachine, sessionCookie } from './cookies.ts';
import { isFromElsewhere } from './csrf.ts';
import { isUrlencoded, readForm } from './form.ts';
import { pageLimits } from './guard.ts';
import { isOwnPath, packKept, unpackKept, type Kept } from './kept.ts';
import { html, redirect, type ConsoleRequest, type ConsoleResponse, type ConsoleRoute } from './message.ts';
import { refusal } from './refusal.ts';
import { render } from './render.ts';
import type { Sessions } from './session.ts';

export const HOME = '/admin/dashboard';
export const SIGN_IN = '/admin/login';
/** A form of any size that is kept, as JSON in base64. */
const BODY_BYTES_MAX = 3 * pageLimits.formBytesMax;
const MINUTE_MS = 60_000;

interface SignInView {
  next: string;
  kept: Kept | null;
  name?: string;
  problem?: string;
  status?: number;
}

/** The form that asks who it is; `next` is where it leads. */
export function signInPage(request: ConsoleRequest, view: SignInView): ConsoleResponse {
  const { next, kept, name = '', problem = '', status = 401 } = view;
  const isWrongToken = request.header('authorization') !== '' && problem === '';
  const body = render('sign-in', {
    next: isOwnPath(next) ? next : HOME,
    kept: kept ? packKept(kept) : '',
    hasKept: kept !== null,
    name,
    problem: isWrongToken ? 'The token in the request is not the right one.' : problem,
  });
  return html(status, body, status === 401 ? { 'www-authenticate': 'Bearer realm="Aida"' } : {});
}

export function signInRoutes(sessions: Sessions): ConsoleRoute[] {
  return [
    {
      method: 'GET',
      path: SIGN_IN,
      async handler(request) {
        const caller = sessionCookie(request) === '' ? null : await sessions.callerOf(request).catch(() => null);
        const next = new URLSearchParams(request.query).get('next') ?? HOME;
        return caller
          ? redirect(isOwnPath(next) ? next : HOME)
          : signInPage(request, { next, kept: null, status: 200 });
      },
    },
    { method: 'POST', path: SIGN_IN, handler: (request) => enter(sessions, request), bodyBytesMax: BODY_BYTES_MAX },
  ];
}

async function enter(sessions: Sessions, request: ConsoleRequest): Promise<ConsoleResponse> {
  if (isFromElsewhere(request)) return refusal(request, 'elsewhere');
  const type = request.header('content-type');
  const form = isUrlencoded(type) ? readForm(type, request.body)?.fields : undefined;
  if (!form) return refusal(request, 'form');
  const name = form.get('name') ?? '';
  const kept = unpackKept(form.get('kept') ?? '');
  const given = form.get('next') ?? '';
  const next = isOwnPath(given) ? given : HOME;
  const again = (problem: string, status: number) => signInPage(request, { next, kept, name, problem, status });
  if (request.header('origin').startsWith('http:') && !isOnThisMachine(request))
    return again('The console needs https here: what you type would travel in the clear.', 403);
  try {
    const result = await sessions.signIn(name, form.get('password') ?? '', request);
    if (result.kind === 'wait') return again(waitWords(result.ms), 429);
    if (result.kind === 'wrong') return again('Name and password do not belong together.', 401);
    const headers = { 'set-cookie': result.cookie };
    if (!kept) return redirect(next, headers);
    return html(200, render('kept', { ...kept, name: result.who.name, csrf: result.csrf }), headers);
  } catch (error) {
    if (error instanceof PasswordsBusyError) return again('Many are signing in at once. Try again in a moment.', 503);
    return again('Nobody can sign in just now: a database does not answer. Calls go on. Try again in a moment.', 503);
  }
}

export function waitWords(ms: number): string {
  const minutes = Math.max(1, Math.ceil(ms / MINUTE_MS));
  return `Too many tries. Wait ${minutes === 1 ? 'a minute' : `${minutes} minutes`}, then try again.`;
}
