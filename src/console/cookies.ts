import type { ConsoleRequest } from './message.ts';

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
const SESSION = 'aida_session';
const FLASH = 'aida_flash';
const FLASH_S = 60;
const FLASH_CHARS_MAX = 300;

type Asked = Pick<ConsoleRequest, 'header'>;

/** TLS ends before us. Only a browser on this machine may do without: others would send the cookie in the clear. */
export const isOnThisMachine = (request: Asked): boolean => LOOPBACK.test(request.header('host'));

/** With the prefix no other host of the domain and no page without TLS can plant one. */
const sessionName = (request: Asked): string => (isOnThisMachine(request) ? SESSION : `__Host-${SESSION}`);

export const sessionCookie = (request: Asked): string => cookieOf(request, sessionName(request));

/** The value of `set-cookie` for a secret; '' ends it. */
export function setSession(request: Asked, secret: string, maxAgeS: number): string {
  const secure = isOnThisMachine(request) ? '' : '; Secure';
  return `${sessionName(request)}=${secret}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Lax${secure}`;
}

/** A sentence for the next page. */
export function setFlash(sentence: string): string {
  // Cut in the middle of a sign it would be no text.
  const value = encodeURIComponent(sentence.slice(0, FLASH_CHARS_MAX).toWellFormed());
  return `${FLASH}=${value}; Path=/; Max-Age=${sentence === '' ? 0 : FLASH_S}; HttpOnly; SameSite=Lax`;
}

export function flashOf(request: Asked): string {
  try {
    return decodeURIComponent(cookieOf(request, FLASH)).slice(0, FLASH_CHARS_MAX);
  } catch {
    return '';
  }
}

function cookieOf(request: Asked, wanted: string): string {
  for (const part of request.header('cookie').split(';')) {
    const [name = '', value = ''] = part.split('=', 2);
    if (name.trim() === wanted) return value.trim();
  }
  return '';
}
