import type { Role } from './guard.ts';
import { html, type ConsoleRequest, type ConsoleResponse } from './message.ts';
import { render } from './render.ts';

interface Refusal {
  status: number;
  title: string;
  sentence: string;
}

/** Every answer that is no page. */
const refusals = {
  nothing: { status: 404, title: 'Nothing here', sentence: 'There is no such page, call or document.' },
  method: { status: 405, title: 'Not like this', sentence: 'This address does not answer that kind of request.' },
  role: { status: 403, title: 'Not for you', sentence: 'This takes another role than yours. An admin can change it.' },
  elsewhere: {
    status: 403,
    title: 'Not from here',
    sentence: 'Another site sent this request. Nothing was done. Open the console and do it there.',
  },
  outdated: {
    status: 403,
    title: 'Once more, please',
    sentence: 'This page is older than your sign-in. Nothing was saved yet, and nothing you typed is lost.',
  },
  outdatedFile: {
    status: 403,
    title: 'Once more, please',
    sentence: 'This page is older than your sign-in. Nothing was saved. Open it again and choose the file once more.',
  },
  ended: {
    status: 401,
    title: 'You have been signed out',
    sentence: 'What you typed is still here. Sign in again in another tab, then go on.',
  },
  form: { status: 415, title: 'Not understood', sentence: 'Please use the form.' },
  size: { status: 413, title: 'Too large', sentence: 'This is more than the page takes. Nothing was saved.' },
  busy: { status: 503, title: 'Not now', sentence: 'Many are signing in at once. Please try again in a moment.' },
  redis: {
    status: 503,
    title: 'Not now',
    sentence: 'Aida cannot see who is signed in: Redis does not answer. Calls go on; please try again in a moment.',
  },
  database: {
    status: 503,
    title: 'Not now',
    sentence: 'The database does not answer. Calls go on; please try again in a moment.',
  },
  fault: { status: 500, title: 'Something went wrong', sentence: 'It was our fault, and it was written down.' },
} satisfies Record<string, Refusal>;

export type RefusalKind = keyof typeof refusals;

/** A form to be posted once more. */
export interface Again {
  action: string;
  fields: [string, string][];
  csrf: string;
}

/** For htmx a notice that leaves the page as it is, for a browser a page. */
export function refusal(
  request: ConsoleRequest,
  kind: RefusalKind,
  headers: Record<string, string> = {},
  role?: Role,
  again?: Again,
): ConsoleResponse {
  const { status, title, sentence } = refusals[kind];
  const said = role ? `This takes the role ${role} at least. An admin can give it to you.` : sentence;
  const offersSignIn = kind === 'ended';
  if (request.header('hx-request') === 'true') {
    const body = render('part/notice', { sentence: said, offersSignIn });
    return html(status, body, { 'hx-retarget': '#notice', 'hx-reswap': 'innerHTML', ...headers });
  }
  return html(status, render('message', { title, sentence: said, again }), headers);
}

/** A page that is not there, for handlers. */
export const nothingHere = (request: ConsoleRequest): ConsoleResponse => refusal(request, 'nothing');
