import { z } from 'zod';
import type { Item } from '../services/catalog.ts';
import { centsOf, dollars, priceRange } from '../services/money.ts';
import { speaksOf, spokenPromotion } from '../services/promotions.ts';
import { defineTool, needCatalog } from './tool.ts';

const INSTEAD_MAX = 3;
const DEFAULT_DESCRIPTION = 'A delicious coffee selection.';

export const getProductDetails = defineTool({
  name: 'get_product_details',
  description:
    'Get details about one coffee or other product: description, sizes, prices, options. Give its name as the caller said it.',
  parameters: z.object({
    productName: z.string().max(200).describe('Name of the product, as the caller said it'),
  }),
  subject: 'the product',
  writes: false,
  deadlineMs: 1_000,
  run({ productName }, services) {
    needCatalog(services);
    const { item, others } = services.product(productName);
    if (!item)
      return {
        answer: {
          found: false,
          product: null,
          suggestions: others,
          ...(others.length > 0 ? {} : categoriesOf(services)),
        },
      };
    const promotions = services
      .promotions()
      .filter((each) => speaksOf(each, item.name) || speaksOf(each, item.category.name));
    return {
      answer: {
        found: true,
        product: detailsOf(item),
        ...(item.soldOut && soldOutWords(item, services)),
        ...(others.length > 0 ? { alsoPossible: others } : {}),
        ...(promotions.length > 0 ? { promotions: promotions.map(spokenPromotion) } : {}),
      },
    };
  },
});

function soldOutWords(item: Item, services: Parameters<typeof needCatalog>[0]): Record<string, unknown> {
  return {
    message: `${item.name} is sold out for now.`,
    note: 'Say that first, then offer one of the others.',
    instead: insteadOf(item, services),
  };
}

/** Of the same category, to be had. */
function insteadOf({ category }: Item, services: Parameters<typeof needCatalog>[0]): string[] {
  const others = services.menu(category.slug).categories?.flatMap(({ items }) => items) ?? [];
  return others.flatMap(({ name, soldOut }) => (soldOut ? [] : name)).slice(0, INSTEAD_MAX);
}

function categoriesOf(services: Parameters<typeof needCatalog>[0]): Record<string, unknown> {
  return { categories: services.menu(null).categories?.map(({ name }) => name) ?? [] };
}

function detailsOf({ name, description, category, sizes, modifiers }: Item): Record<string, unknown> {
  return {
    name,
    description: description?.trim() || DEFAULT_DESCRIPTION,
    category: category.name,
    priceRange: priceRange(sizes.map(({ price }) => price)),
    sizes: sizes.map((size) => ({
      name: size.name,
      price: dollars(centsOf(size.price)),
      ...(size.soldOut && { soldOut: true }),
    })),
    modifiers: modifiers.map((modifier) => ({
      kind: modifier.kind,
      name: modifier.name,
      price: extra(modifier.price),
      ...(modifier.soldOut && { soldOut: true }),
    })),
  };
}

function extra(price: string): string {
  const cents = centsOf(price);
  return cents === 0 ? 'free' : `${dollars(cents)} more`;
}
