/** Words as a caller says them and a transcription spells them, compared forgivingly. */

/** Longest text that is compared; the rest is ignored. */
const SPOKEN_CHARS_MAX = 200;
const WORDS_MAX = 24;
const WORD_CHARS_MAX = 40;
/** A store's own words are some hundreds. */
const KNOWN_WORDS_MAX = 5_000;

/** Lower case, without accents, apostrophes and punctuation; as many words as a caller may mean. */
export function plainWords(text: string): string[] {
  return textWords(text.slice(0, SPOKEN_CHARS_MAX))
    .slice(0, WORDS_MAX)
    .map((word) => word.slice(0, WORD_CHARS_MAX));
}

/** The same of a stored text, however long. */
export function textWords(text: string): string[] {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[\p{M}'’`]/gu, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/** `Oat Milk Latte` → `oat-milk-latte`. */
export function slugOf(text: string): string {
  return plainWords(text).join('-');
}

/** `muffins` → `muffin`, `berries` → `berry`, `sandwiches` → `sandwich`, `espresso` stays. */
export function singular(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (word.length > 4 && /(?:ch|sh|ss|x)es$/.test(word)) return word.slice(0, -2);
  return word.length > 3 && word.endsWith('s') && !/(?:ss|us|is)$/.test(word) ? word.slice(0, -1) : word;
}

/** Sounds of words that were compared before: everything that is said is compared with every word of the store. */
const knownSounds = new Map<string, string>();

/** Spellings that sound alike become one: `mocca`, `mocha` and `moka` are `moka`. */
export function soundOf(word: string): string {
  if (word.length > WORD_CHARS_MAX) return spelledAsHeard(word);
  let sound = knownSounds.get(word);
  if (sound === undefined) {
    if (knownSounds.size >= KNOWN_WORDS_MAX) knownSounds.clear();
    sound = spelledAsHeard(word);
    knownSounds.set(word, sound);
  }
  return sound;
}

function spelledAsHeard(word: string): string {
  return word
    .replaceAll('ph', 'f')
    .replaceAll(/ch|ck|[cq]/g, 'k')
    .replaceAll('x', 'ks')
    .replaceAll('z', 's')
    .replaceAll(/[ae][iy]/g, 'e')
    .replaceAll(/(.)\1+/g, '$1')
    .replace(/(?<=..)e$/, '');
}

interface Forms {
  word: string;
  sound: string;
}

/** Forms of words that were compared before: mostly the same ones, those of the store. */
const known = new Map<string, Forms>();

function formsOf(word: string): Forms {
  let forms = known.get(word);
  if (!forms) {
    if (known.size >= KNOWN_WORDS_MAX) known.clear();
    const one = singular(word);
    forms = { word: one, sound: soundOf(one) };
    known.set(word, forms);
  }
  return forms;
}

/**
 * 0 for the same word (singular or plural), up to 2 for one that is misspelled, shortened by its ending (`ice` for
 * `iced`) or sounds alike, null for another word.
 */
export function wordDistance(said: string, meant: string): number | null {
  const a = formsOf(said);
  const b = formsOf(meant);
  if (a.word === b.word) return 0;
  const shorter = Math.min(a.word.length, b.word.length);
  const apart = Math.abs(a.word.length - b.word.length);
  if (shorter >= 3 && apart <= 2 && (a.word.startsWith(b.word) || b.word.startsWith(a.word))) return 1;
  if (shorter < 4) return null;
  if (a.sound === b.sound) return 1;
  if (shorter < 5) return null;
  const allowed = shorter >= 7 ? 2 : 1;
  const spelled = editDistance(a.word, b.word, allowed);
  if (spelled <= allowed) return spelled;
  return allowed === 2 && editDistance(a.sound, b.sound, 1) <= 1 ? 2 : null;
}

/** Insertions, deletions, changes and swaps of neighbours that lead from one word to the other; `max` + 1 if more. */
export function editDistance(a: string, b: string, max: number): number {
  if (Math.abs(a.length - b.length) > max) return max + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return Math.min(last[b.length] ?? 0, max + 1);
}
