import { createHash, timingSafeEqual } from 'node:crypto';
import type { ConsoleRequest } from './message.ts';

const BEARER = /^Bearer +(\S+)$/i;

/** True for the token itself; takes as long for any other. */
export function tokenCheck(token: string): (shown: string) => boolean {
  const tokenDigest = digest(token);
  return (shown) => timingSafeEqual(digest(shown), tokenDigest);
}

/** What a program shows in place of a cookie, null if it shows nothing. */
export function bearerOf(request: Pick<ConsoleRequest, 'header'>): string | null {
  return BEARER.exec(request.header('authorization'))?.[1] ?? null;
}

/** Equal lengths for the comparison, whatever was shown. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
