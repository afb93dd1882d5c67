import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { ConsoleRequest } from './message.ts';

const COOKIE = 'aida_console';
const SIGNED_IN_S = 12 * 3_600;
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
const BEARER = /^Bearer +(\S+)$/i;

/** Who may see the console: whoever shows the token, or a cookie that was given for it. */
export interface SignIn {
  allows(request: ConsoleRequest): boolean;
  /** The `set-cookie` value for a right token, null for a wrong one. */
  enter(token: string, request: ConsoleRequest): string | null;
  /** The `set-cookie` value that ends it. */
  leave(request: ConsoleRequest): string;
}

/**
 * The cookie is its expiry and a signature keyed by the token, so that a new token ends all sessions. `now`: ms.
 */
export function createSignIn(token: string, now: () => number): SignIn {
  const sign = (expiresAt: string) =>
    createHmac('sha256', token).update(`console cookie v1 ${expiresAt}`).digest('base64url');
  const isToken = tokenCheck(token);

  function isSigned(cookie: string): boolean {
    const [expiresAt = '', signature = ''] = cookie.split('.');
    if (!timingSafeEqual(digest(signature), digest(sign(expiresAt)))) return false;
    return Number(expiresAt) > now();
  }

  return {
    allows(request) {
      const bearer = bearerOf(request);
      if (bearer !== null) return isToken(bearer);
      return isSigned(cookieOf(request));
    },
    enter(shown, request) {
      if (!isToken(shown)) return null;
      const expiresAt = String(now() + SIGNED_IN_S * 1_000);
      return setCookie(`${expiresAt}.${sign(expiresAt)}`, SIGNED_IN_S, request);
    },
    leave: (request) => setCookie('', 0, request),
  };
}

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

function cookieOf(request: ConsoleRequest): string {
  for (const part of request.header('cookie').split(';')) {
    const [name = '', value = ''] = part.split('=', 2);
    if (name.trim() === COOKIE) return value.trim();
  }
  return '';
}

function setCookie(value: string, maxAgeS: number, request: ConsoleRequest): string {
  // TLS ends before us. Only a browser on this machine may do without: others would send the cookie in the clear.
  const secure = LOOPBACK.test(request.header('host')) ? '' : '; Secure';
  return `${COOKIE}=${value}; Path=/admin; Max-Age=${maxAgeS}; HttpOnly; SameSite=Lax${secure}`;
}
