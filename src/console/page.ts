import { flashOf, setFlash } from './cookies.ts';
import type { PageRequest } from './guard.ts';
import { html, redirect, type ConsoleResponse } from './message.ts';
import { render } from './render.ts';

type Data = Record<string, unknown>;

/**
 * A whole page in the layout; for htmx only what is inside `<main>`. `view` is a path below `views/`, `desk/voicemail`;
 * it begins with `layout('/layout', { title, styles, scripts })`. Beside `data` it sees what `viewData` gives.
 * `connect`: origins (`wss://…`) that the page's scripts may open sockets to.
 */
export async function page(
  request: PageRequest,
  view: string,
  data: Data,
  status = 200,
  connect: readonly string[] = [],
): Promise<ConsoleResponse> {
  const isPart = request.header('hx-request') === 'true';
  const body = render(view, { ...viewData(request), ...data, isPart });
  return html(status, body, flashOf(request) === '' ? {} : { 'set-cookie': setFlash('') }, connect);
}

/** A view that has no layout. */
export async function fragment(request: PageRequest, view: string, data: Data, status = 200): Promise<ConsoleResponse> {
  return html(status, render(view, { ...viewData(request), ...data }));
}

/** After a change: the page to go on with, and a sentence that it shows. */
export function saved(location: string, sentence: string): ConsoleResponse {
  return redirect(location, { 'set-cookie': setFlash(sentence) });
}

/** What every view sees. */
function viewData({ who, csrf, store, words, frame, path }: PageRequest): Data {
  return { who, csrf, store, words, path, ...frame };
}
