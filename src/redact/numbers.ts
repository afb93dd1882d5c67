import { fillers, joiners, misheard, repeats, scales, shared, spanishWords, teens, tens, units } from './words.ts';

/** A piece of text that stands for digits: `4111`, `four`, `double four`, `forty one hundred`. */
export interface NumberToken {
  start: number;
  end: number;
  digits: string;
  /** A price, time or date by its shape: nobody writes a whole card number in such pieces. */
  listed: boolean;
  /** `+` or a leading 00 stands before it. */
  plus: boolean;
  /** A word that only sounds like a digit. */
  guessed?: true;
}

/** Numbers with nothing but separators and fillers between them. */
export type NumberRun = NumberToken[];

/**
 * How `hundred` and `thousand` are read: "forty one hundred eleven" is 4111, or 4100 and 11. `misheard`: as `added`,
 * and words that sound like digits (`for`, `to`) count as such between two digits that were spoken.
 */
export type Reading = 'added' | 'joined' | 'misheard';

interface Word {
  start: number;
  end: number;
  text: string;
  kind: 'digits' | 'letters' | 'opaque';
}

const SEPARATOR_LENGTH_MAX = 32;
/** Words that may stand between two parts of one number when they were said in different turns. */
const WORDS_BETWEEN_TURNS_MAX = 10;
/** From the third change between letters and digits on, a word is an id, not a number with something glued to it. */
const CHANGES_MAX = 2;
/** The carrier's ids, whatever their 32 digits are. */
const carrierId = /^[A-Z]{2}[0-9a-f]{32}$/;
/** Most words: nothing in them is to be told apart, and they are too short for an id of the carrier's. */
const plainWord = /^[A-Za-z]{1,33}$/;
/** What a spoken number begins with. */
const firstWords = new Set([repeats, units, teens, tens].flatMap((table) => Object.keys(table)));
const wordPattern = /[\p{L}\p{N}_]+/gu;
const shapes = [
  /(?<![\d:.])\d{1,2}:\d{2}(?![\d:])/y,
  /(?<![\d.])\d{1,3}\.\d{2}(?![\d.])/y,
  /(?<![\d/-])\d{4}-\d{2}-\d{2}(?![\d-])/y,
  /(?<![\d/-])\d{1,2}\/\d{1,2}\/(?:\d{4}|\d{2})(?![\d/])/y,
];

/**
 * Every run of numbers in the text, in time linear in its length. `turnEnds` are offsets at which one turn ends and
 * the next begins: a few words around such an offset do not end a run.
 */
export function findRuns(text: string, reading: Reading, turnEnds: readonly number[] = []): NumberRun[] {
  const runs: NumberRun[] = [];
  let run: NumberRun = [];
  let wordsSince = 0;
  const words = splitWords(text);
  for (let index = 0; index < words.length;) {
    const found = readNumber(text, words, index, reading);
    const word = words[index];
    if (!word) break;
    if (!found) {
      if (word.kind === 'opaque' || !fillers.has(word.text)) wordsSince += 1;
      index += 1;
      continue;
    }
    const last = run.at(-1);
    if (last && !continues(text, last.end, found.token.start, wordsSince, turnEnds)) {
      runs.push(run);
      run = [];
    }
    run.push(found.token);
    wordsSince = 0;
    index = found.next;
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

/** Every number for itself, as it is read where nothing follows it: `one twenty three` is three of them, joined. */
export function readNumbers(text: string): NumberToken[] {
  const words = splitWords(text);
  const numbers: NumberToken[] = [];
  for (let index = 0; index < words.length;) {
    const found = readNumber(text, words, index, 'added');
    if (!found) {
      index += 1;
      continue;
    }
    const { token } = found;
    const last = numbers.at(-1);
    // "Five oh one Pine Boulevard", "three forty nine Main Street": said in pieces.
    const joins = last && !token.listed && /^[ -]$/.test(text.slice(last.end, token.start)) && isSpoken(text, token);
    if (last && joins)
      numbers[numbers.length - 1] = { ...token, start: last.start, digits: last.digits + token.digits };
    else numbers.push(token);
    index = found.next;
  }
  return numbers;
}

function isSpoken(text: string, { start }: NumberToken): boolean {
  return /\p{L}/u.test(text[start] ?? '');
}

function continues(text: string, end: number, start: number, words: number, turnEnds: readonly number[]): boolean {
  const turned = turnEnds.some((offset) => offset >= end && offset <= start);
  if (turned) return words <= WORDS_BETWEEN_TURNS_MAX;
  if (words > 0) return false;
  return text.slice(end, start).replace(/\p{L}+/gu, '').length <= SEPARATOR_LENGTH_MAX;
}

function splitWords(text: string): Word[] {
  const words: Word[] = [];
  for (const match of text.matchAll(wordPattern)) {
    if (plainWord.test(match[0])) {
      const end = match.index + match[0].length;
      words.push({ start: match.index, end, text: match[0].toLowerCase(), kind: 'letters' });
      continue;
    }
    const parts = [...match[0].matchAll(/\d+|[^\d_]+|_+/gu)];
    const letters = parts.some((part) => /^[^\d_]/u.test(part[0]));
    const isId =
      letters &&
      (parts.length > CHANGES_MAX + 1 || parts.some((part) => part[0].startsWith('_')) || carrierId.test(match[0]));
    if (isId) {
      words.push({ start: match.index, end: match.index + match[0].length, text: match[0], kind: 'opaque' });
      continue;
    }
    for (const part of parts) {
      if (part[0].startsWith('_')) continue;
      const start = match.index + part.index;
      const plain = part[0].normalize('NFKC').toLowerCase();
      words.push({ start, end: start + part[0].length, text: plain, kind: /^\d+$/.test(plain) ? 'digits' : 'letters' });
    }
  }
  return words;
}

interface Found {
  token: NumberToken;
  next: number;
}

function readNumber(text: string, words: Word[], index: number, reading: Reading): Found | null {
  const word = words[index];
  if (!word || word.kind === 'opaque') return null;
  if (word.kind === 'digits') return readDigits(text, words, index);
  if (!firstWords.has(word.text)) return reading === 'misheard' ? readMisheard(words, index) : null;
  if (shared.has(word.text) && !isSpanish(words[index - 1]) && !isSpanish(words[index + 1])) return null;
  const times = own(repeats, word.text);
  if (times !== undefined) return readRepeat(words, index, times);
  const below = readBelowHundred(words, index);
  if (!below) return null;
  const scaled = readScaled(words, below, reading);
  return { token: spoken(words, index, scaled.next, scaled.digits), next: scaled.next };
}

function isSpanish(word: Word | undefined): boolean {
  return word !== undefined && spanishWords.has(word.text);
}

/** A word that sounds like a digit, between two spoken digits. */
function readMisheard(words: Word[], index: number): Found | null {
  const digit = own(misheard, words[index]?.text ?? '');
  const isDigit = (word: Word | undefined) =>
    word !== undefined && (own(units, word.text) !== undefined || own(misheard, word.text) !== undefined);
  if (digit === undefined || !isDigit(words[index - 1]) || !isDigit(words[index + 1])) return null;
  return { token: { ...spoken(words, index, index + 1, String(digit)), guessed: true }, next: index + 1 };
}

function readDigits(text: string, words: Word[], index: number): Found | null {
  const word = words[index];
  if (!word) return null;
  const plus = text[word.start - 1] === '+' || /^00[1-9]/.test(word.text);
  for (const shape of shapes) {
    shape.lastIndex = word.start;
    const match = shape.exec(text);
    if (!match) continue;
    const end = word.start + match[0].length;
    let next = index;
    while ((words[next]?.end ?? Infinity) <= end) next += 1;
    return { token: { start: word.start, end, digits: match[0].replace(/\D/g, ''), listed: true, plus: false }, next };
  }
  return { token: { start: word.start, end: word.end, digits: word.text, listed: false, plus }, next: index + 1 };
}

/** "double four", "triple 0". */
function readRepeat(words: Word[], index: number, times: number): Found | null {
  const word = words[index + 1];
  const digit = word && (own(units, word.text) ?? (/^\d$/.test(word.text) ? Number(word.text) : undefined));
  if (digit === undefined) return null;
  return { token: spoken(words, index, index + 2, String(digit).repeat(times)), next: index + 2 };
}

interface Value {
  digits: string;
  next: number;
}

function readBelowHundred(words: Word[], index: number): Value | null {
  const text = words[index]?.text ?? '';
  const single = own(units, text) ?? own(teens, text);
  if (single !== undefined) return { digits: String(single), next: index + 1 };
  const ten = own(tens, text);
  if (ten === undefined) return null;
  const isJoined = joiners.has(words[index + 1]?.text ?? '') && spanishWords.has(text);
  const joined = isJoined ? own(units, words[index + 2]?.text ?? '') : undefined;
  // "Cuarenta y uno"
  if (joined) return { digits: String(ten + joined), next: index + 3 };
  const unit = spanishWords.has(text) ? undefined : own(units, words[index + 1]?.text ?? '');
  return unit ? { digits: String(ten + unit), next: index + 2 } : { digits: String(ten), next: index + 1 };
}

/** Applies "hundred" and "thousand", and in the added reading the remainder after them. */
function readScaled(words: Word[], first: Value, reading: Reading): Value {
  let { digits, next } = first;
  for (
    let scale = own(scales, words[next]?.text ?? '');
    scale !== undefined;
    scale = own(scales, words[next]?.text ?? '')
  ) {
    next += 1;
    let value = Number(digits) * scale;
    if (!Number.isSafeInteger(value)) break;
    const at = words[next]?.text === 'and' ? next + 1 : next;
    const rest = reading === 'joined' ? null : readBelowHundred(words, at);
    if (rest && !rest.digits.startsWith('0')) {
      value += Number(rest.digits);
      next = rest.next;
    }
    digits = String(value);
    if (rest && scale === 1000 && own(scales, words[next]?.text ?? '') === 100) {
      // "four thousand one hundred eleven": the hundreds belong to the remainder.
      const hundreds = readScaled(words, { digits: rest.digits, next }, reading);
      return { digits: String(value - Number(rest.digits) + Number(hundreds.digits)), next: hundreds.next };
    }
  }
  return { digits, next };
}

function spoken(words: Word[], from: number, to: number, digits: string): NumberToken {
  return {
    start: words[from]?.start ?? 0,
    end: words[to - 1]?.end ?? 0,
    digits,
    listed: false,
    plus: words[from - 1]?.text === 'plus',
  };
}

function own(table: Record<string, number>, key: string): number | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
