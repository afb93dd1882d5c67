import { merge, type Span } from './spans.ts';

const LOCAL_PART_LENGTH_MAX = 64;
const DOMAIN_LENGTH_MAX = 255;
const localPart = /^[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]$/u;
const domainPart = /^[\p{L}\p{N}.-]$/u;

/** Words of a spoken address on each side of the "at". */
const PIECES_MAX = 24;
const WORD_CHARS_MAX = 128;
const atWords = new Set(['at', 'arroba']);
const dotWords = new Set(['dot', 'punto', 'point']);
/** Between two parts of a name. */
const joinWords = new Set([...dotWords, 'underscore', 'dash', 'hyphen', 'minus', 'plus', 'guion', 'guión', 'bajo']);
const piece = /^[\p{L}\p{N}][\p{L}\p{N}_+'.-]{0,63}$/u;
const single = /^[\p{L}\p{N}]\.?$/u;
const writtenDomain = /^(?:[\p{L}\p{N}-]{1,63}\.){1,4}([\p{L}]{2,24})$/u;
/** Ends of domains that people say: "look at this dot on the map" has none. */
const topLevel = new Set(
  (
    'com org net edu gov mil int info biz name pro io me co ai app dev xyz shop store online site tech cloud studio coffee cafe blog art club life live ' +
    'email mail example test us uk ca mx es de fr it pt nl be ch at ie se no dk fi pl cz gr br ar cl pe ve ec cu do pr gt hn ni cr pa uy py bo au nz in jp ' +
    'cn kr ru ua tr za eu tv fm gg ly to la school university company family'
  ).split(' '),
);

/** Mail addresses as written, and as said with "at" and "dot", in English and Spanish. */
export function findMails(text: string): Span[] {
  const spans = text.includes('@') ? writtenMails(text) : [];
  return merge(/\b(?:at|arroba)\b/i.test(text) ? [...spans, ...spokenMails(text)] : spans);
}

function writtenMails(text: string): Span[] {
  const spans: Span[] = [];
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > 0 && at - start < LOCAL_PART_LENGTH_MAX && localPart.test(text[start - 1] ?? '')) start -= 1;
    let end = at + 1;
    while (end < text.length && end - at <= DOMAIN_LENGTH_MAX && domainPart.test(text[end] ?? '')) end += 1;
    while (/[.-]/.test(text[end - 1] ?? '')) end -= 1;
    if (start < at && text.slice(at + 1, end).includes('.')) spans.push({ start, end });
  }
  return spans;
}

interface Word extends Span {
  text: string;
}

function spokenMails(text: string): Span[] {
  const words: Word[] = [];
  for (const match of text.matchAll(/[^\s,;:!?()"]+/g)) {
    const start = match.index;
    // What is longer is no part of an address: it is not looked at again for every "at" around it.
    const word = match[0].length > WORD_CHARS_MAX ? '' : match[0].toLowerCase();
    words.push({ start, end: start + match[0].length, text: word });
  }
  const spans: Span[] = [];
  words.forEach(({ text: word }, index) => {
    if (!atWords.has(word)) return;
    const from = localStart(words, index - 1);
    const to = from === null ? null : domainEnd(words, index + 1);
    if (from !== null && to !== null) spans.push({ start: from, end: to });
  });
  return spans;
}

/** Where the part before the "at" begins, read backwards; null where none can stand there. */
function localStart(words: readonly Word[], last: number): number | null {
  let at = last;
  if (!isPiece(words[at])) return null;
  for (let pieces = 0; pieces < PIECES_MAX; pieces += 1) {
    const before = words[at - 1];
    if (!before) break;
    if (joinWords.has(before.text)) {
      // "Guion bajo" are two words.
      const joined = before.text === 'bajo' ? at - 3 : at - 2;
      if (!isPiece(words[joined])) break;
      at = joined;
    } else if (single.test(before.text) && (single.test(words[at]?.text ?? '') || before.text.endsWith('.'))) at -= 1;
    else break;
  }
  return words[at]?.start ?? null;
}

function isPiece(word: Word | undefined): boolean {
  return word !== undefined && piece.test(word.text) && !joinWords.has(word.text) && !atWords.has(word.text);
}

/** Where the domain after the "at" ends; null where there is none. */
function domainEnd(words: readonly Word[], first: number): number | null {
  let end: number | null = null;
  let letters = 0;
  let dots = 0;
  for (let at = first; at < Math.min(words.length, first + PIECES_MAX); at += 1) {
    const word = words[at];
    if (!word) break;
    const bare = word.text.replace(/[.'-]+$/u, '');
    const written = writtenDomain.exec(bare);
    if (written && dots === 0 && topLevel.has(written[1] ?? '')) return word.start + bare.length;
    if (dotWords.has(word.text)) {
      if (letters < 2 && dots === 0) return null;
      dots += 1;
      const label = words[at + 1];
      const name = label?.text.replace(/[.'-]+$/u, '') ?? '';
      if (!label || !piece.test(name)) return end;
      if (topLevel.has(name)) end = label.start + name.length;
      at += 1;
      letters = 2;
      continue;
    }
    // After the first dot nothing but dots goes on, before it there are letters, one word, and dashes.
    if (dots > 0) return end;
    if (['dash', 'hyphen', 'guion', 'guión'].includes(word.text)) continue;
    if (!piece.test(bare) || bare !== word.text) return null;
    const isLetter = single.test(bare);
    if (letters >= 2 && !isLetter && !['dash', 'hyphen', 'guion', 'guión'].includes(words[at - 1]?.text ?? '')) {
      if (!single.test(words[at - 1]?.text ?? '')) return null;
    }
    letters += isLetter ? 1 : 2;
  }
  return end;
}
