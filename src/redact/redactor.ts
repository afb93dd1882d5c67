import { isCardNumber, isIssued } from './cards.ts';
import { findSensitive, mask, type RedactSettings, withContacts } from './sensitive.ts';
import { CARD } from './spans.ts';
import { createTurnRedactor, type TurnRedactor } from './turns.ts';

export type { RedactSettings } from './sensitive.ts';

/**
 * Takes out what must not pass the first write: card numbers always, telephone numbers, mail and street addresses by
 * setting, as digits and as spoken words. Time linear in the text; applying it twice changes nothing.
 */
export interface Redactor {
  text(text: string): string;
  /** Every string in the value (keys too) by `text`, and numbers that are card numbers. Same shape, new value. */
  json<T>(value: T): T;
  /** Text in which cards are searched over turn ends: for one call. */
  turns(): TurnRedactor;
}

export function createRedactor(settings: RedactSettings): Redactor {
  const contacts = (text: string): string => mask(text, withContacts(text, [], settings));
  const text = (value: string): string => mask(value, findSensitive(value, settings));
  return {
    text,
    json: <T>(value: T): T => redactValue(value, text) as T,
    turns: () => createTurnRedactor(contacts),
  };
}

/** One whose settings may change, or become known later; the turns of a call go by those at its beginning. */
export function createLiveRedactor(settings: () => RedactSettings): Redactor {
  let known = settings();
  let redactor = createRedactor(known);
  const current = (): Redactor => {
    const { phone, mail, address = false } = settings();
    if (phone !== known.phone || mail !== known.mail || address !== (known.address ?? false)) {
      known = { phone, mail, address };
      redactor = createRedactor(known);
    }
    return redactor;
  };
  return {
    text: (text) => current().text(text),
    json: (value) => current().json(value),
    turns: () => current().turns(),
  };
}

function redactValue(value: unknown, text: (value: string) => string): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return isCard(value) ? CARD : value;
  if (Array.isArray(value)) return value.map((item) => redactValue(item, text));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [text(key), redactValue(item, text)]));
}

/** Times in ms have 13 digits as well, but no issuer's; beyond 2^53 the last digits are lost and Luhn says nothing. */
function isCard(value: number): boolean {
  if (!Number.isInteger(value) || value < 1e12 || value >= 1e19) return false;
  const digits = BigInt(value).toString();
  return isIssued(digits) && (isCardNumber(digits) || !Number.isSafeInteger(value));
}
