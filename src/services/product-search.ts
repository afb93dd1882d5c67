import type { Category, Item } from './catalog.ts';
import { itemsOf } from './menu.ts';
import { plainWords, slugOf, wordDistance } from './words.ts';

const SUGGESTIONS_MAX = 3;
const OTHERS_MAX = 4;

export interface ProductSearch {
  item: Item | null;
  /** Other items that the words fit as well, or near misses where none fits. Names. */
  others: string[];
}

const filler = new Set([
  'a',
  'an',
  'the',
  'please',
  'your',
  'some',
  'one',
  'of',
  'with',
  'and',
  'do',
  'you',
  'have',
  'any',
  'i',
  'id',
  'would',
  'like',
  'want',
  'get',
  'can',
  'could',
  'me',
  'my',
  'that',
  'this',
  'cup',
  'glass',
  'about',
  'how',
  'much',
  'is',
  'what',
  'whats',
  'for',
  'in',
  'it',
  'to',
  'price',
  'cost',
  'drink',
  'drinks',
  'um',
  'uh',
  'hmm',
  'sell',
  'are',
  'there',
  'on',
  'tell',
  'need',
  'piece',
  'called',
]);

const sizeWords = new Set([
  'small',
  'medium',
  'large',
  'big',
  'regular',
  'tall',
  'grande',
  'venti',
  'single',
  'double',
  'size',
  'sized',
  'ounce',
  'oz',
]);

/** More words than this are no product's name: the rest is ignored. */
const SAID_WORDS_MAX = 8;
const CONTAINED_CHARS_MIN = 3;

interface Fit {
  item: Item;
  /** Words of the name that were said. */
  hits: number;
  /** Words said that the item explains in no way. */
  misses: number;
  /** Misspellings, summed. */
  distance: number;
  /** Words of the name that were not said. */
  unsaid: number;
}

/** Finds an item by words as they were spoken and transcribed. Inactive items are not in a catalog, so never found. */
export function findProduct(categories: readonly Category[], spoken: string): ProductSearch {
  const items = itemsOf(categories);
  const all = plainWords(spoken);
  const exact = namedExactly(items, all.join(' '));
  if (exact) return { item: exact, others: [] };
  const fits = rank(items, all.filter((word) => !filler.has(word)).slice(0, SAID_WORDS_MAX));
  const fitting = fits.filter(({ misses }) => misses === 0);
  const [best] = fitting;
  const ofCategory = itemsOf(
    categories.filter(({ slug, name }) => slug === slugOf(spoken) || slugOf(name) === slugOf(spoken)),
  );
  if (!best) return { item: null, others: names(ofCategory.length > 0 ? ofCategory : itemsIn(fits), SUGGESTIONS_MAX) };
  // Who asks for "a coffee" may mean any of that category, not only what is called Coffee Box.
  return {
    item: best.item,
    others: names([...itemsIn(fitting.slice(1)), ...ofCategory.filter((item) => item !== best.item)], OTHERS_MAX),
  };
}

function namedExactly(items: readonly Item[], said: string): Item | undefined {
  const slug = slugOf(said);
  return items.find((item) => wordsOf(item).name.join(' ') === said || item.slug === slug);
}

function rank(items: readonly Item[], said: readonly string[]): Fit[] {
  if (said.length === 0) return [];
  const nearest = nearestWords();
  return items
    .map((item) => fitOf(item, said, nearest))
    .filter(({ hits }) => hits > 0)
    .toSorted((a, b) => a.misses - b.misses || b.hits - a.hits || a.distance - b.distance || a.unsaid - b.unsaid);
}

function fitOf(item: Item, said: readonly string[], nearest: Nearest): Fit {
  const { name, spellings, around, choices } = wordsOf(item);
  const phrase = said.join(' ');
  if (phrase.length >= CONTAINED_CHARS_MIN && name.join(' ').includes(phrase)) {
    return { item, hits: said.length, misses: 0, distance: 0, unsaid: name.length - said.length };
  }
  const fit: Fit = { item, hits: 0, misses: 0, distance: 0, unsaid: 0 };
  let chosen = 0;
  for (let at = 0; at < said.length; at += 1) {
    const word = said[at] ?? '';
    const alone = nearest(word, spellings);
    const joined = alone === null && at + 1 < said.length ? nearest(`${word}${said[at + 1] ?? ''}`, spellings) : null;
    if (alone !== null || joined !== null) {
      fit.hits += alone === null ? 2 : 1;
      fit.distance += alone ?? joined ?? 0;
      if (alone === null) at += 1;
    } else if (nearest(word, choices) !== null) {
      chosen += 1;
    } else if (nearest(word, around) === null && !sizeWords.has(word)) {
      fit.misses += 1;
    }
  }
  // A choice explains a word only beside the thing itself: "soy latte" is a latte, "soy milk" is no oat milk latte.
  if (!said.some((word) => nearest(word, name.slice(-1)) !== null)) fit.misses += chosen;
  fit.unsaid = Math.max(0, name.length - fit.hits);
  return fit;
}

interface ItemWords {
  name: readonly string[];
  spellings: readonly string[];
  /** Of its category and sizes. */
  around: readonly string[];
  /** Of its modifiers. */
  choices: readonly string[];
}

const itemWords = new WeakMap<Item, ItemWords>();

function wordsOf(item: Item): ItemWords {
  let words = itemWords.get(item);
  if (!words) {
    const name = plainWords(item.name);
    const around = [item.category.name, item.category.slug, ...item.sizes.map((size) => size.name)];
    const choices = item.modifiers.map((modifier) => modifier.name);
    words = { name, spellings: withJoined(name), around: unique(around), choices: unique(choices) };
    itemWords.set(item, words);
  }
  return words;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts.flatMap(plainWords))];
}

type Nearest = (said: string, words: readonly string[]) => number | null;

/** Distance to the nearest of some words, remembering each pair for the length of one search. */
function nearestWords(): Nearest {
  const known = new Map<string, number | null>();
  return (said, words) => {
    let best: number | null = null;
    for (const word of words) {
      const pair = `${said} ${word}`;
      let distance = known.get(pair);
      if (distance === undefined) known.set(pair, (distance = wordDistance(said, word)));
      if (distance !== null && (best === null || distance < best)) best = distance;
    }
    return best;
  };
}

/** `oat milk latte` is also heard as `oatmilk latte`, `cold brew` as `coldbrew`. */
function withJoined(words: readonly string[]): string[] {
  return [...words, ...words.slice(1).map((word, index) => `${words[index] ?? ''}${word}`)];
}

function itemsIn(fits: readonly Fit[]): Item[] {
  return fits.map(({ item }) => item);
}

function names(items: readonly Item[], max: number): string[] {
  return [...new Set(items.map(({ name }) => name))].slice(0, max);
}
