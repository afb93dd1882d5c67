import { logLevels } from '../config-telemetry.ts';
import { bearerOf, tokenCheck } from '../console/bearer.ts';
import type { LogLevel } from '../telemetry/log-level.ts';
import { type HttpRequest, type HttpResponse, plain } from './message.ts';
import type { Route } from './server.ts';

export interface LogRoutesOptions {
  /** Null: the addresses do not exist. */
  adminToken: string | null;
  logLevel: Pick<LogLevel, 'now' | 'set'>;
}

const MINUTE_MS = 60_000;
const MINUTES_DEFAULT = '15';
const MINUTES_MAX = 24 * 60;
const levels: readonly string[] = logLevels;

/** `GET /log-level`: what this process writes. `POST /log-level?level=debug&minutes=15`: another level, for so long. */
export function logRoutes({ adminToken, logLevel }: LogRoutesOptions): Route[] {
  if (adminToken === null) return [];
  const isToken = tokenCheck(adminToken);
  const answer = (): HttpResponse => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: `${JSON.stringify(logLevel.now)}\n`,
  });
  const guarded = (request: HttpRequest, act: () => HttpResponse): HttpResponse =>
    isToken(bearerOf(request) ?? '')
      ? act()
      : plain(401, 'The token is not the one of this node.', { 'www-authenticate': 'Bearer' });
  const change = (request: HttpRequest): HttpResponse => {
    const query = new URLSearchParams(request.query);
    const level = query.get('level') ?? '';
    const given = query.get('minutes') ?? MINUTES_DEFAULT;
    const minutes = /^\d{1,4}$/.test(given) ? Number(given) : 0;
    if (!levels.includes(level)) return plain(400, `level is one of ${levels.join(', ')}.`);
    if (minutes < 1 || minutes > MINUTES_MAX) return plain(400, `minutes is 1 to ${MINUTES_MAX}.`);
    logLevel.set(level, minutes * MINUTE_MS);
    return answer();
  };
  return [
    { method: 'GET', path: '/log-level', handler: (request) => guarded(request, answer) },
    { method: 'POST', path: '/log-level', handler: (request) => guarded(request, () => change(request)) },
  ];
}
