import { plain, type HttpRequest, type HttpResponse } from '../http/message.ts';
import type { Route } from '../http/server.ts';
import { LINE_RATE, wavOf } from '../services/mulaw.ts';
import type { StoredSound } from '../services/prepared-lines.ts';

const PREFIX = '/audio/';
const HASH = /^[0-9a-f]{64}$/;
const QUERY = /^(?:s=([1-9]\d{0,2}))?$/;
const FOREVER = 'public, max-age=31536000, immutable';

/** Where a sound is fetched, or the first whole seconds of it. */
export function audioPath(hash: string, seconds?: number): string {
  return `${PREFIX}${hash}${seconds === undefined ? '' : `?s=${seconds}`}`;
}

/**
 * Prepared sounds by the hash of their file, as WAV. Nothing about a call: the carrier fetches them unsigned, and keeps
 * them. `find` never rejects.
 */
export function audioRoute(find: (hash: string) => Promise<StoredSound | null>): Route {
  const handler = async (request: HttpRequest): Promise<HttpResponse> => {
    const hash = request.path.slice(PREFIX.length);
    const [isKnown, seconds] = QUERY.exec(request.query) ?? [];
    const sound = isKnown !== undefined && HASH.test(hash) ? await find(hash) : null;
    if (sound === null) return plain(404, 'There is no such sound.');
    const etag = `"${hash}${seconds === undefined ? '' : `-${seconds}`}"`;
    const headers = { 'cache-control': FOREVER, etag };
    if (request.header('if-none-match') === etag) return { status: 304, headers };
    const ulaw = seconds === undefined ? sound.ulaw : sound.ulaw.subarray(0, Number(seconds) * LINE_RATE);
    return { status: 200, headers: { ...headers, 'content-type': 'audio/wav' }, body: wavOf(ulaw) };
  };
  return { method: 'GET', path: `${PREFIX}*`, handler };
}
