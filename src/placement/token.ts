import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a stream's token vouches for. Its single use is the claim's to check. */
export interface StreamToken {
  callSid: string;
  epoch: number;
  /** Redis-clock ms after which it is refused. */
  expiresAt: number;
}

export type TokenRefusal = 'token malformed' | 'token forged' | 'token expired';
export type TokenCheck = { ok: true; epoch: number } | { ok: false; refused: TokenRefusal };

/** From the TwiML to the stream's `start`: longer than the reservation lives, so that the reservation decides. */
export const streamTokenLifeMs = 60_000;

const VERSION = 'v1';
const shape = /^([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/;
const RADIX = 36;

/** Text for `<Parameter name="token">`: epoch and expiry in the clear, the call only under the HMAC. */
export function issueToken(token: StreamToken, secret: string): string {
  const epoch = token.epoch.toString(RADIX);
  const expiresAt = token.expiresAt.toString(RADIX);
  return `${epoch}.${expiresAt}.${mac(token.callSid, epoch, expiresAt, secret).toString('base64url')}`;
}

/** True to the call that `start` names? `now` is Redis-clock ms. */
export function checkToken(token: string, callSid: string, now: number, secret: string): TokenCheck {
  const match = shape.exec(token);
  if (!match) return { ok: false, refused: 'token malformed' };
  const [, epoch = '', expiresAt = '', given = ''] = match;
  const expected = mac(callSid, epoch, expiresAt, secret);
  const received = Buffer.from(given, 'base64url');
  // 43 characters hold two bits too many: only the canonical spelling counts.
  const isGenuine = received.length === expected.length && timingSafeEqual(received, expected);
  if (!isGenuine || expected.toString('base64url') !== given) return { ok: false, refused: 'token forged' };
  if (Number.parseInt(expiresAt, RADIX) <= now) return { ok: false, refused: 'token expired' };
  return { ok: true, epoch: Number.parseInt(epoch, RADIX) };
}

function mac(callSid: string, epoch: string, expiresAt: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(`${VERSION}\n${callSid}\n${epoch}\n${expiresAt}`).digest();
}
