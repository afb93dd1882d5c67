import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a signed-in person may open the line with, once and soon. */
export interface Ticket {
  callSid: string;
  /** Whose account it was given to. */
  name: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export const ticketLifeMs = 30_000;
const NAME_CHARS_MAX = 64;
const TICKET_CHARS_MAX = 512;

export function issueTicket(ticket: Ticket, secret: string): string {
  const name = ticket.name.slice(0, NAME_CHARS_MAX);
  const body = Buffer.from(JSON.stringify([ticket.callSid, name, ticket.expiresAt])).toString('base64url');
  return `${body}.${sign(body, secret)}`;
}

/** Null for one that is forged or too old. Whoever reads it sees to it that it is used once. */
export function readTicket(text: string, secret: string, now: number): Ticket | null {
  if (text.length > TICKET_CHARS_MAX) return null;
  const [body = '', signature = ''] = text.split('.');
  const expected = Buffer.from(sign(body, secret));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  // Its own signature vouches for its shape.
  const [callSid, name, expiresAt] = JSON.parse(Buffer.from(body, 'base64url').toString()) as [string, string, number];
  return expiresAt > now ? { callSid, name, expiresAt } : null;
}

function sign(body: string, secret: string): string {
  return createHmac('sha256', secret).update(`phone ticket v1 ${body}`).digest('base64url');
}
