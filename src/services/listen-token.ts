import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What lets a browser listen to one call, once, at the node that has it. */
export interface ListenTicket {
  callSid: string;
  /** Who listens, by account. */
  by: string;
  /** Redis-clock ms after which it opens nothing. */
  expiresAt: number;
  /** Tells it from every other one. */
  nonce: string;
}

export type ListenRefusal = 'malformed' | 'forged' | 'expired';
export type ListenCheck = { ok: true; ticket: ListenTicket } | { ok: false; refused: ListenRefusal };

/** From the button to the socket. */
export const listenTokenLifeMs = 20_000;
export const listenTokenCharsMax = 512;

/** So that no token of a stream is one of these, whose secret is the same. */
const PURPOSE = 'aida listen v1';
const shape = /^([A-Za-z0-9_-]{1,400})\.([A-Za-z0-9_-]{43})$/;

export function issueListenToken(ticket: Omit<ListenTicket, 'nonce'>, secret: string): string {
  const whole: ListenTicket = { ...ticket, nonce: randomBytes(12).toString('base64url') };
  const text = Buffer.from(JSON.stringify(whole)).toString('base64url');
  return `${text}.${mac(text, secret).toString('base64url')}`;
}

/** `now` is Redis-clock ms. That it is used once is the node's to see. */
export function checkListenToken(token: string, now: number, secret: string): ListenCheck {
  const [, text = '', given = ''] = (token.length <= listenTokenCharsMax ? shape.exec(token) : null) ?? [];
  if (text === '') return { ok: false, refused: 'malformed' };
  const expected = mac(text, secret);
  const received = Buffer.from(given, 'base64url');
  // 43 characters hold two bits too many: only the canonical spelling counts.
  const isGenuine = received.length === expected.length && timingSafeEqual(received, expected);
  if (!isGenuine || expected.toString('base64url') !== given) return { ok: false, refused: 'forged' };
  // Nobody but this project makes it: the shape is ours.
  const ticket = JSON.parse(Buffer.from(text, 'base64url').toString()) as ListenTicket;
  return ticket.expiresAt > now ? { ok: true, ticket } : { ok: false, refused: 'expired' };
}

function mac(text: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(`${PURPOSE}\n${text}`).digest();
}
