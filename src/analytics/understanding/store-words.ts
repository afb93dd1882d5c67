import type { Promotion } from '../../../entities/promotion.ts';
import { editDistance, singular, soundOf, textWords } from '../../services/words.ts';

/** What a store calls its things: from its own rows, so that a new product needs no new rule. */
export interface StoreWords {
  /** ISO 639-1 of what is spoken with callers. */
  languages: readonly string[];
  products: readonly NamedWords[];
  /** Names of subscription plans. */
  plans: readonly string[];
  promotions: readonly KnownPromotion[];
  /** Questions that the knowledge base answers. */
  questions: readonly string[];
}

export type KnownPromotion = Pick<Promotion, 'slug' | 'name' | 'code' | 'questions' | 'startsLocal' | 'endsLocal'>;

/** A product by its words. */
export interface NamedWords {
  slug: string;
  name: readonly string[];
  /** A word that says which product is meant even without the others; '' where none does. */
  telling: readonly string[];
}

const TELLING_CHARS_MIN = 4;
const SOUNDS_CHARS_MIN = 5;
const MISSPELT_CHARS_MIN = 6;

/** Words of names that are said of much else. */
const common = new Set(
  (
    'art about bean beans black blend bowl box bread breakfast brew butter cake club coffee cold cookie croissant cream cup day decaf dog drip drink ' +
    'eye free fresh good half house iced large light long milk more origin over pour roll sandwich scone single small special ' +
    'late later stray sweet tea toast white whole with hot red boy water fruit green extra regular medium'
  ).split(' '),
);

/** What tells products by their names; `choices` are words that stand for a way to have any of them. */
export function namedWords(
  items: readonly { slug: string; name: string }[],
  choices: readonly string[] = [],
): NamedWords[] {
  const named = items.map(({ slug, name }) => ({ slug, name: textWords(name).map(singular) }));
  const uses = new Map<string, number>();
  for (const { name } of named) for (const word of new Set(name)) uses.set(word, (uses.get(word) ?? 0) + 1);
  const chosen = new Set(choices.flatMap(textWords).map(singular));
  return named.map(({ slug, name }) => ({
    slug,
    name,
    telling: name.filter(
      (word) => word.length >= TELLING_CHARS_MIN && uses.get(word) === 1 && !common.has(word) && !chosen.has(word),
    ),
  }));
}

/** Slugs of the products that these words name, the longest names first; a word names one of them. */
export function productsNamed(text: string, products: readonly NamedWords[]): string[] {
  const words: (string | null)[] = textWords(text).map(singular);
  const found: { slug: string; at: number }[] = [];
  for (const { slug, name } of products.toSorted((a, b) => b.name.length - a.name.length)) {
    for (let place = placeOf(words, name); place; place = placeOf(words, name)) {
      found.push({ slug, at: place.from });
      words.fill(null, place.from, place.to);
    }
  }
  for (const { slug, telling } of products) {
    if (found.some((each) => each.slug === slug)) continue;
    const at = words.findIndex((word) => word !== null && telling.some((each) => sounds(word, each)));
    if (at < 0) continue;
    found.push({ slug, at });
    words[at] = null;
  }
  return [...new Set(found.toSorted((a, b) => a.at - b.at).map(({ slug }) => slug))];
}

/** The text without the words of names that stand in it whole. */
export function withoutProducts(text: string, products: readonly NamedWords[]): string {
  const words: (string | null)[] = textWords(text);
  const single = (): (string | null)[] => words.map((word) => word && singular(word));
  let found = false;
  for (const { name } of products) {
    if (name.length < 2) continue;
    for (let place = placeOf(single(), name); place; place = placeOf(single(), name)) {
      words.fill(null, place.from, place.to);
      found = true;
    }
  }
  return found ? words.filter((word) => word !== null).join(' ') : text;
}

/** Where the whole name stands, each word as it sounds, words run together or apart as transcriptions do. */
function placeOf(words: readonly (string | null)[], name: readonly string[]): { from: number; to: number } | null {
  const joined = name.join('');
  for (let from = 0; from < words.length; from += 1) {
    if (name.every((word, index) => sounds(words[from + index] ?? null, word))) return { from, to: from + name.length };
    if (name.length > 1 && sounds(words[from] ?? null, joined)) return { from, to: from + 1 };
  }
  return null;
}

/** The same word, or one that sounds like it; a letter may differ in longer ones, but not the first. */
function sounds(said: string | null, meant: string): boolean {
  if (said === null) return false;
  if (said === meant) return true;
  if (meant.length < SOUNDS_CHARS_MIN || said.length < TELLING_CHARS_MIN || common.has(said)) return false;
  if (soundOf(said) === soundOf(meant)) return true;
  const [shorter, longer] = [Math.min(said.length, meant.length), Math.max(said.length, meant.length)];
  if (said[0] !== meant[0] || longer < MISSPELT_CHARS_MIN) return false;
  if (editDistance(said, meant, 1) <= 1) return true;
  return shorter >= MISSPELT_CHARS_MIN && editDistance(soundOf(said), soundOf(meant), 1) <= 1;
}

/** Words of a question that tell it from others. */
const asking = new Set(
  (
    'a an and any are at be can do does for from get have here how i if in is it like me my of on or our so some that the ' +
    'there this to us was we what when where which who why will with you your'
  ).split(' '),
);
const QUESTION_WORDS_MIN = 2;
const QUESTION_SHARE = 0.6;

/** True if one of the questions is asked in other words. */
export function asksKnown(text: string, questions: readonly string[]): boolean {
  const said = new Set(textWords(text).map(singular));
  return questions.some((question) => {
    const own = [...new Set(textWords(question).map(singular))].filter((word) => !asking.has(word));
    const shared = own.filter((word) => said.has(word)).length;
    return (
      shared >= Math.min(QUESTION_WORDS_MIN, own.length) && own.length > 0 && shared >= own.length * QUESTION_SHARE
    );
  });
}
