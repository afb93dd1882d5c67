import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ConsoleRequest } from './message.ts';

/** What forms of a session carry: it cannot be told from outside, and ends with the session. */
export const csrfOf = (secret: string): string =>
  createHmac('sha256', secret).update('console csrf v1').digest('base64url');

export function isCsrf(shown: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(shown), Buffer.from(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/**
 * Whether a browser says that another site made it post this. Old browsers and plain HTTP say the origin only, programs
 * neither; those have no cookie that somebody could misuse, and the token is asked for all the same.
 */
export function isFromElsewhere(request: Pick<ConsoleRequest, 'header'>): boolean {
  const site = request.header('sec-fetch-site');
  if (site !== '') return site !== 'same-origin' && site !== 'none';
  const origin = request.header('origin');
  if (origin === '') return false;
  return URL.parse(origin)?.host !== request.header('host');
}
