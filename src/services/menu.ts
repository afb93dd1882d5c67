import type { Category, Item } from './catalog.ts';
import { plainWords, slugOf, wordDistance } from './words.ts';

const filler = new Set([
  'the',
  'a',
  'an',
  'your',
  'all',
  'of',
  'menu',
  'menus',
  'category',
  'section',
  'list',
  'item',
  'items',
  'and',
  'some',
  'any',
  'please',
  'whole',
  'full',
  'entire',
  'everything',
  'what',
  'do',
  'you',
  'have',
]);

export interface MenuFound {
  /** One with a category, all without. */
  categories: readonly Category[];
}

export interface MenuUnknown {
  categories: null;
  /** Names of what there is. */
  names: string[];
}

/** The menu, or one category of it by slug or by its name as it is said. */
export function menuOf(categories: readonly Category[], spoken: string | null): MenuFound | MenuUnknown {
  if (spoken === null) return { categories };
  const found = categoryNamed(categories, spoken);
  if (found) return { categories: [found] };
  const asksForAll = plainWords(spoken).every((word) => filler.has(word));
  return asksForAll ? { categories } : { categories: null, names: categories.map(({ name }) => name) };
}

function categoryNamed(categories: readonly Category[], spoken: string): Category | undefined {
  const slug = slugOf(spoken);
  const exact = categories.find(
    (category) => category.slug === spoken || category.slug === slug || slugOf(category.name) === slug,
  );
  if (exact) return exact;
  const said = plainWords(spoken).filter((word) => !filler.has(word));
  if (said.length === 0) return undefined;
  const ranked = categories
    .map((category) => {
      const words = plainWords(`${category.name} ${category.slug}`);
      const distances = said.map((word) => closest(word, words));
      return {
        category,
        distance: distances.includes(null) ? null : distances.reduce<number>((sum, each) => sum + (each ?? 0), 0),
      };
    })
    .filter((each): each is { category: Category; distance: number } => each.distance !== null);
  return ranked.toSorted((a, b) => a.distance - b.distance)[0]?.category;
}

function closest(said: string, words: readonly string[]): number | null {
  let best: number | null = null;
  for (const word of words) {
    const distance = wordDistance(said, word);
    if (distance !== null && (best === null || distance < best)) best = distance;
  }
  return best;
}

/** Without what is sold out for now. */
export function toBeHad(categories: readonly Category[]): Category[] {
  return categories.map((category) => ({ ...category, items: category.items.filter(({ soldOut }) => !soldOut) }));
}

export function itemsOf(categories: readonly Category[]): Item[] {
  return categories.flatMap(({ items }) => items);
}
