import { readNumbers } from './numbers.ts';
import { merge, type Span } from './spans.ts';

/** Words of a street's name between its number and what kind of street it is. */
const NAME_WORDS_MAX = 4;
const NAME_CHARS_MAX = 24;
/** A house number, spoken or written. */
const NUMBER_DIGITS_MAX = 5;

const kinds =
  'street|str|st|avenue|ave|av|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|place|pl|square|sq|terrace|ter|way|parkway|pkwy|circle|cir|highway|hwy|alley|crescent|close|row|walk|wharf|plaza|trail';
const streetKind = new RegExp(`^(?:${kinds})$`);
/** Kinds of street that are said of much else: a name has to stand before them. */
const nameable = /^\p{L}[\p{L}'’.-]*$/u;
/** Words that no street's name begins with, or has in it. */
const noName = new Set(
  (
    'a about all am an and are at be before blocks block but by can cents cup cups day days degrees dollars for from go had has have hour hours i in ' +
    'is it its just lanes left let like long me meters miles mile minute minutes more much my no not now of off on or other out ounce ounces over past people ' +
    'per percent please pm points pound pounds right seats she so stop streets than that the their them then there they things this three times to two until up us ' +
    'was we week weeks were what when where which who will with years yards you your'
  ).split(' '),
);
const spanishKinds =
  /(?<![\p{L}\p{N}])(?:calle|avenida|av\.|avda\.?|bulevar|paseo|camino|carretera|colonia|callejón|callejon)(?: (?:de|del|la|las|los|el))?(?: [\p{L}'’-]{2,24}){1,4},? (?:n[uú]mero |no\. |# ?)?\d{1,5}(?!\d)/giu;
const boxes = /(?<![\p{L}\p{N}])(?:p\.? ?o\.? ?box|post office box|apartado(?: postal)?) (?:number )?\d{1,6}(?!\d)/giu;

/** Street addresses: a number, a name and what kind of street it is; in Spanish the other way round; post boxes. */
export function findAddresses(text: string): Span[] {
  const spans: Span[] = [];
  for (const pattern of [spanishKinds, boxes])
    for (const match of text.matchAll(pattern)) spans.push({ start: match.index, end: match.index + match[0].length });
  for (const { start, end, digits } of readNumbers(text)) {
    if (digits.length > NUMBER_DIGITS_MAX || digits.startsWith('0')) continue;
    const to = streetEnd(text, end);
    if (to !== null) spans.push({ start, end: to });
  }
  return merge(spans);
}

/** A letter after a house number, and the space after it. */
const unit = /^ ?[A-Z] /;
const UNIT_CHARS = 3;
const wordAt = /[^\s,;:!?]{1,64}/y;

/** Where a street's name and kind end that begin right after a number, null if none does. */
function streetEnd(text: string, from: number): number | null {
  // "18A Brackett Terrace", "23 B Washington Avenue"
  let at = unit.test(text.slice(from, from + UNIT_CHARS)) ? text.indexOf(' ', from + 1) : from;
  for (let words = 0; words <= NAME_WORDS_MAX; words += 1) {
    while (text[at] === ' ' || (words === 0 && text[at] === '-')) at += 1;
    wordAt.lastIndex = at;
    const found = wordAt.exec(text)?.[0] ?? '';
    const word = found.replace(/[.'’"]+$/u, '');
    const plain = word.toLowerCase();
    if (word === '' || word.length > NAME_CHARS_MAX) return null;
    const isKind = streetKind.test(plain);
    // "Saint John's Road": what may stand for a street begins a name here.
    if (isKind && words > 0 && !(plain === 'st' && words === 1 && isNameWord(nextWord(text, at + found.length))))
      return at + word.length;
    if (!isNameWord(word) && !/^\d{1,3}(?:st|nd|rd|th)$/.test(plain)) return null;
    at += found.length;
  }
  return null;
}

function nextWord(text: string, at: number): string {
  wordAt.lastIndex = at + 1;
  return text[at] === ' ' ? (wordAt.exec(text)?.[0] ?? '') : '';
}

function isNameWord(word: string): boolean {
  return nameable.test(word) && !noName.has(word.toLowerCase());
}
