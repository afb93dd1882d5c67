/**
 * Each utterance begins with the name of its line and the number of its turn, in letters: digits would be redacted. So
 * an answer that reaches another caller, or comes a turn too late, is known by its first 20 ms.
 */
const letters = 'abcdefghijklmnop';
const lineLetters = 4;
const turnLetters = 2;
const base = letters.length;

/** The line of who speaks without having been asked; all below it are callers'. */
export const nobody = base ** lineLetters - 1;
export const turnsMax = base ** turnLetters;

/** Characters, the blank behind it included: it fits into one frame. */
export const tagChars = lineLetters + turnLetters + 1;

export interface NameTag {
  line: number;
  /** Modulo {@link turnsMax}. */
  turn: number;
}

export function writeTag(line: number, turn: number): string {
  return `${spell(line, lineLetters)}${spell(turn % turnsMax, turnLetters)} `;
}

/** Null where the text does not begin with one. */
export function readTag(text: string): NameTag | null {
  const line = count(text, 0, lineLetters);
  const turn = count(text, lineLetters, lineLetters + turnLetters);
  return line < 0 || turn < 0 || text[tagChars - 1] !== ' ' ? null : { line, turn };
}

function spell(value: number, length: number): string {
  let text = '';
  let rest = value;
  for (let i = 0; i < length; i++) {
    text = letters.charAt(rest % base) + text;
    rest = Math.floor(rest / base);
  }
  return text;
}

function count(text: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = at < text.length ? letters.indexOf(text.charAt(at)) : -1;
    if (digit < 0) return -1;
    value = value * base + digit;
  }
  return value;
}
