import { plain, type HttpRequest, type HttpResponse } from '../http/message.ts';
import type { Route } from '../http/server.ts';
import type { Sound } from './hold-audio.ts';

const PREFIX = '/audio/';
const FOREVER = 'public, max-age=31536000, immutable';

export function audioPath({ hash }: Sound): string {
  return PREFIX + hash;
}

/** Prepared sounds by the hash of their bytes. Nothing about a call: the carrier fetches them unsigned, and keeps them. */
export function audioRoute(find: (hash: string) => Sound | undefined): Route {
  const handler = (request: HttpRequest): HttpResponse => {
    const sound = find(request.path.slice(PREFIX.length));
    if (!sound) return plain(404, 'There is no such sound.');
    const etag = `"${sound.hash}"`;
    const headers = { 'cache-control': FOREVER, etag };
    if (request.header('if-none-match') === etag) return { status: 304, headers };
    return { status: 200, headers: { ...headers, 'content-type': 'audio/wav' }, body: sound.file };
  };
  return { method: 'GET', path: `${PREFIX}*`, handler };
}
