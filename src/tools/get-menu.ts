import { z } from 'zod';
import type { Category } from '../services/catalog.ts';
import { priceRange } from '../services/money.ts';
import { speaksOf } from '../services/promotions.ts';
import { defineTool, needCatalog } from './tool.ts';

export const getMenu = defineTool({
  name: 'get_menu',
  description:
    'Get the coffee menu: its categories and the items in them with their prices. Name a category to get only that one, with descriptions.',
  parameters: z.object({
    category: z.string().max(100).describe('Menu category (coffee, espresso, food, etc.)').optional(),
  }),
  subject: 'the menu',
  writes: false,
  deadlineMs: 1_000,
  run({ category = null }, services) {
    needCatalog(services);
    const menu = services.menu(category);
    if (!menu.categories)
      return { answer: { found: false, note: 'There is no such category. These are all.', categories: menu.names } };
    const [only] = menu.categories;
    if (category === null || menu.categories.length > 1 || !only)
      return { answer: { categories: menu.categories.map(overview) } };
    const promotions = services.promotions().filter((promotion) => speaksOf(promotion, only.name));
    return {
      answer: {
        category: only.name,
        items: only.items.map(({ name, description, sizes, soldOut }) => ({
          name,
          price: pricesOf(sizes),
          ...(soldOut && { soldOut }),
          ...(description ? { description } : {}),
        })),
        ...(promotions.length > 0 ? { promotions: promotions.map(({ name }) => name) } : {}),
      },
    };
  },
});

function overview({ name, items }: Category): Record<string, unknown> {
  return { category: name, items: items.map(lineOf) };
}

function lineOf({ name, sizes, soldOut }: Category['items'][number]): string {
  return [name, pricesOf(sizes), soldOut ? '(sold out)' : ''].filter(Boolean).join(' ');
}

function pricesOf(sizes: Category['items'][number]['sizes']): string {
  return priceRange(sizes.map(({ price }) => price));
}
