import { findRuns, type NumberRun, type NumberToken, type Reading } from './numbers.ts';
import { merge, type Span } from './spans.ts';

const DIGITS_MIN = 13;
const DIGITS_MAX = 19;
const ISSUER_DIGITS = 4;
/** Digits of one card that a transcription wrote as other words: in "seven to six, eight to four" there are more. */
const GUESSED_MAX = 3;
/** A word that a digit was taken for, and words for digits besides. */
const MISHEARD = /\b(?:one|two|three|four|five|six|seven|eight|nine|zero|oh),? (?:to|too|for|fore|ate|won|tree)\b/i;

/** First digits and lengths by which issuers number their cards: only needed where other digits stand around. */
const issuers: { pattern: RegExp; lengths: readonly number[] }[] = [
  { pattern: /^4/, lengths: [13, 16, 19] },
  { pattern: /^(?:5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720))/, lengths: [16] },
  { pattern: /^3[47]/, lengths: [15] },
  { pattern: /^3(?:0[0-59]|[689])/, lengths: [14, 15, 16, 17, 18, 19] },
  { pattern: /^35/, lengths: [16, 17, 18, 19] },
  { pattern: /^(?:6|5[06-8])/, lengths: [13, 14, 15, 16, 17, 18, 19] },
  { pattern: /^220[0-4]/, lengths: [16, 17, 18, 19] },
  { pattern: /^(?:1800|2131)/, lengths: [15] },
  { pattern: /^(?:8[12]|9792)/, lengths: [16] },
];

/**
 * Where card numbers stand, from the first digit to the last. `turnEnds` as for `findRuns`: what was said over
 * several turns comes as one span for each.
 */
export function findCards(text: string, turnEnds: readonly number[] = []): Span[] {
  const cards = (reading: Reading): Span[] =>
    findRuns(text, reading, turnEnds).flatMap((run) => cardsOfRun(run, turnEnds));
  return merge([
    ...cards('added'),
    ...(/hundred|thousand/i.test(text) ? cards('joined') : []),
    ...(MISHEARD.test(text) ? cards('misheard') : []),
  ]);
}

/** True for 13 to 19 digits that pass Luhn's check. */
export function isCardNumber(digits: string): boolean {
  if (digits.length < DIGITS_MIN || digits.length > DIGITS_MAX || /^0+$/.test(digits)) return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    sum += index % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
}

export function isIssued(digits: string): boolean {
  return issuedLengths(digits).includes(digits.length);
}

function issuedLengths(digits: string): readonly number[] {
  return issuers.find(({ pattern }) => pattern.test(digits))?.lengths ?? [];
}

/**
 * A run that as a whole is a card number is one, whoever issued it. Among more digits (an expiry date before or
 * after) only what an issuer could have given out counts, or every second receipt would be blackened.
 */
function cardsOfRun(run: NumberRun, turnEnds: readonly number[]): Span[] {
  const spans: Span[] = [];
  for (let first = 0; first < run.length; first += 1) {
    const lengths = issuedLengths(leading(run, first));
    let digits = '';
    let listed = true;
    let guessed = 0;
    for (let last = first; last < run.length && digits.length < DIGITS_MAX; last += 1) {
      const token = run[last];
      if (!token) break;
      digits += token.digits;
      listed &&= token.listed;
      if (token.guessed && (guessed += 1) > GUESSED_MAX) break;
      const whole = guessed === 0 && first === 0 && last === run.length - 1;
      if (listed || !(whole || lengths.includes(digits.length)) || !isCardNumber(digits)) continue;
      spans.push(...spansOf(run.slice(first, last + 1), turnEnds));
    }
  }
  return spans;
}

/** As many digits as issuers are told apart by. */
function leading(run: NumberRun, first: number): string {
  let digits = '';
  for (let index = first; index < run.length && digits.length < ISSUER_DIGITS; index += 1)
    digits += run[index]?.digits.slice(0, ISSUER_DIGITS) ?? '';
  return digits;
}

function spansOf(tokens: NumberToken[], turnEnds: readonly number[]): Span[] {
  const spans: Span[] = [];
  for (const { start, end } of tokens) {
    const last = spans.at(-1);
    if (last && !turnEnds.some((offset) => offset >= last.end && offset <= start)) last.end = end;
    else spans.push({ start, end });
  }
  return spans;
}
