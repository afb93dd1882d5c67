import type { DrainProgress } from '../calls/drain.ts';
import { bearerOf, tokenCheck } from '../console/bearer.ts';
import { type HttpRequest, type HttpResponse, plain } from './message.ts';
import type { Route } from './server.ts';

/** What `/drain` answers: which process it is, and how far. */
export type DrainAnswer = DrainProgress & { incarnation: string };

export interface DrainRoutesOptions {
  /** Null: the addresses do not exist. */
  adminToken: string | null;
  incarnation: string;
  progress(): DrainProgress;
  /** Returns at once. `urgent`: no call may finish first. */
  drain(urgent: boolean): void;
}

/**
 * `POST /drain`: the node is to end; with `now` in the query its calls are handed over at once, with `incarnation` only
 * if it is this process. `GET /drain`: how far it is.
 */
export function drainRoutes({ adminToken, incarnation, progress, drain }: DrainRoutesOptions): Route[] {
  if (adminToken === null) return [];
  const isToken = tokenCheck(adminToken);
  const guarded = (request: HttpRequest, act: (query: URLSearchParams) => void): HttpResponse => {
    if (!isToken(bearerOf(request) ?? '')) {
      return plain(401, 'The token is not the one of this node.', { 'www-authenticate': 'Bearer' });
    }
    const query = new URLSearchParams(request.query);
    if ((query.get('incarnation') ?? incarnation) !== incarnation) return plain(409, 'This is another process.');
    act(query);
    const answer: DrainAnswer = { incarnation, ...progress() };
    return { status: 200, headers: { 'content-type': 'application/json' }, body: `${JSON.stringify(answer)}\n` };
  };
  return [
    { method: 'GET', path: '/drain', handler: (request) => guarded(request, () => undefined) },
    {
      method: 'POST',
      path: '/drain',
      handler: (request) => guarded(request, (query) => drain(query.has('now'))),
    },
  ];
}
