import { findAddresses } from './addresses.ts';
import { findCards } from './cards.ts';
import { findPhones } from './contacts.ts';
import { findMails } from './mails.ts';
import type { Span } from './spans.ts';

export interface RedactSettings {
  phone: boolean;
  mail: boolean;
  /** Absent: not. */
  address?: boolean;
}

export type SensitiveKind = 'card' | 'phone' | 'mail' | 'address';

export interface SensitiveSpan extends Span {
  kind: SensitiveKind;
}

/** What is sensitive in one text, sorted and apart: what a card number is made of is nothing else besides. */
export function findSensitive(text: string, settings: RedactSettings): SensitiveSpan[] {
  return withContacts(text, findCards(text), settings);
}

/** The same where the cards are known already: from several turns. */
export function withContacts(text: string, cards: readonly Span[], settings: RedactSettings): SensitiveSpan[] {
  const found: SensitiveSpan[] = [];
  let rest = text;
  const take = (kind: SensitiveKind, spans: readonly Span[]): void => {
    if (spans.length === 0) return;
    for (const { start, end } of spans) found.push({ start, end, kind });
    rest = blank(rest, spans);
  };
  take('card', cards);
  if (settings.mail) take('mail', findMails(rest));
  if (settings.phone) take('phone', findPhones(rest));
  if (settings.address === true) take('address', findAddresses(rest));
  return found.toSorted((left, right) => left.start - right.start);
}

/** A word in brackets in place of each span, as long as it was, so that offsets stay. */
function blank(text: string, spans: readonly Span[]): string {
  let blanked = '';
  let from = 0;
  for (const { start, end } of spans) {
    blanked += `${text.slice(from, start)}[${'x'.repeat(Math.max(0, end - start - 2))}]`;
    from = end;
  }
  return blanked + text.slice(from);
}

const marks: Record<SensitiveKind, string> = {
  card: '[card]',
  phone: '[phone]',
  mail: '[mail]',
  address: '[address]',
};

/** The text with a mark in place of each span. */
export function mask(text: string, spans: readonly SensitiveSpan[]): string {
  let masked = '';
  let from = 0;
  for (const { start, end, kind } of spans) {
    masked += text.slice(from, start) + marks[kind];
    from = end;
  }
  return from === 0 ? text : masked + text.slice(from);
}
