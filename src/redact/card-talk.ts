import { findRuns } from './numbers.ts';
import { CARD } from './spans.ts';

/** A card is read out in pieces of four digits or so. */
const DIGITS_MIN = 4;
/** How the numbers of issuers begin. */
const ISSUED = /^[2-6]/;
const CARD_WORDS =
  /\b(?:(?:card|account) ?(?:number|details)|(?:credit|debit) ?cards?|security code|cvv|cvc|expir(?:y|ation) date|(?:número|numero) de (?:la |su |tu )?tarjeta|tarjeta de (?:crédito|débito)|numéro de (?:la |votre |ta )?carte|carte (?:bancaire|bleue|de crédito?))\b/iu;

/** True for words in which a card number is spoken of, begins, or was taken out. */
export function speaksOfCard(text: string): boolean {
  if (text.includes(CARD) || CARD_WORDS.test(text)) return true;
  return findRuns(text, 'joined').some((run) => {
    const digits = run
      .filter(({ listed, plus }) => !listed && !plus)
      .map((token) => token.digits)
      .join('');
    return digits.length >= DIGITS_MIN && ISSUED.test(digits);
  });
}
