import { describe, expect, test } from 'vitest';
import type { Category, Item } from './catalog.ts';
import { menuOf } from './menu.ts';
import { findProduct } from './product-search.ts';
import { soundOf, wordDistance } from './words.ts';

const sizes = ['Small', 'Medium', 'Large'].map((name) => ({ name, price: '4.50' }));
const milks = ['Soy Milk', 'Vanilla Syrup', 'Extra Shot'].map((name) => ({ kind: 'extra', name, price: '0.75' }));

function category(slug: string, name: string, items: string[]): Category {
  const entries: Item[] = items.map((item) => ({
    slug: item.toLowerCase().replaceAll(' ', '-').replace('è', 'e'),
    name: item,
    description: null,
    category: { slug, name },
    sizes,
    modifiers: milks,
  }));
  return { slug, name, description: null, items: entries };
}

const categories = [
  category('coffee', 'Coffee', [
    'House Drip Coffee',
    'Iced Coffee',
    'Cold Brew',
    'Caffè Latte',
    'Oat Milk Latte',
    'Vanilla Latte',
    'Mocha',
  ]),
  category('espresso', 'Espresso', ['Espresso', 'Double Espresso', 'Cappuccino', 'Caramel Macchiato', 'Americano']),
  category('tea', 'Tea', ['Chai Latte', 'Matcha Latte', 'Earl Grey']),
  category('food', 'Food & Pastries', [
    'Blueberry Muffin',
    'Butter Croissant',
    'Chocolate Croissant',
    'Turkey Sandwich',
    'Everything Bagel',
  ]),
];
const find = (words: string) => findProduct(categories, words).item?.name ?? null;

describe('product by spoken words', () => {
  test.each([
    ['oat latte', 'Oat Milk Latte'],
    ['Oat Milk Latte', 'Oat Milk Latte'],
    ['oat-milk-latte', 'Oat Milk Latte'],
    ['OATMILK LATTE', 'Oat Milk Latte'],
    ['an oat latte please', 'Oat Milk Latte'],
    ['large oat milk lattes', 'Oat Milk Latte'],
    ['oat milk late', 'Oat Milk Latte'],
    ['cappucino', 'Cappuccino'],
    ['capuccino', 'Cappuccino'],
    ['kapuchino', 'Cappuccino'],
    ['cappuccinos', 'Cappuccino'],
    ['ice coffee', 'Iced Coffee'],
    ['expresso', 'Espresso'],
    ['double expresso', 'Double Espresso'],
    ['coldbrew', 'Cold Brew'],
    ['carmel machiato', 'Caramel Macchiato'],
    ['mocca', 'Mocha'],
    ['caffe latte', 'Caffè Latte'],
    ['chai tea', 'Chai Latte'],
    ['blue berry muffins', 'Blueberry Muffin'],
    ['berry muffin', 'Blueberry Muffin'],
    ['chocolate crossant', 'Chocolate Croissant'],
    ['do you have any turkey sandwiches', 'Turkey Sandwich'],
    ['earl gray', 'Earl Grey'],
    ['americana', 'Americano'],
  ])('%s is %s', (words, name) => {
    expect(find(words)).toBe(name);
  });

  test('parity: contained in any case, or by slug of the spoken words', () => {
    expect(find('MACCH')).toBe('Caramel Macchiato');
    expect(find('Earl-Grey')).toBe('Earl Grey');
  });

  test('an option explains a word beside the thing itself only', () => {
    expect(find('vanilla mocha')).toBe('Mocha');
    expect(find('soy milk')).toBeNull();
  });

  test('the plainest of several fitting ones comes first, the others are named', () => {
    expect(findProduct(categories, 'croissant')).toMatchObject({
      item: { name: 'Butter Croissant' },
      others: ['Chocolate Croissant'],
    });
    expect(findProduct(categories, 'latte').others).toContain('Oat Milk Latte');
  });

  test('the name of a category brings what is in it beside the item that is called so', () => {
    const { item, others } = findProduct(categories, 'coffee');
    expect(item?.name).toBe('Iced Coffee');
    expect(others).toEqual(['House Drip Coffee', 'Cold Brew', 'Caffè Latte', 'Oat Milk Latte']);
    expect(findProduct(categories, 'food')).toEqual({
      item: null,
      others: ['Blueberry Muffin', 'Butter Croissant', 'Chocolate Croissant'],
    });
  });

  test('near misses suggest, strangers do not', () => {
    expect(findProduct(categories, 'pistachio croissant')).toEqual({
      item: null,
      others: ['Butter Croissant', 'Chocolate Croissant'],
    });
    expect(findProduct(categories, 'hamburger')).toEqual({ item: null, others: [] });
  });

  test.each(['', '   ', 'the', '%', "'; DROP TABLE menu_item; --", '<script>', '🐶', '拿铁', 'constructor'])(
    'nothing is found for %j',
    (words) => {
      expect(find(words)).toBeNull();
    },
  );

  test('a million characters are answered from the first two hundred', () => {
    expect(find(`cappuccino ${'x'.repeat(1_000_000)}`)).toBeNull();
    expect(find(`${'please '.repeat(10)}cappuccino ${' '.repeat(1_000_000)}`)).toBe('Cappuccino');
  });
});

describe('menu category by spoken words', () => {
  test('slug, name in any case, misspelled, plural, with filler', () => {
    const named = (words: string) => menuOf(categories, words).categories?.map(({ slug }) => slug) ?? null;
    expect(['coffee', 'Espresso', 'expresso', 'the food menu', 'pastry', 'teas'].map(named)).toEqual([
      ['coffee'],
      ['espresso'],
      ['espresso'],
      ['food'],
      ['food'],
      ['tea'],
    ]);
    expect(named('menu')).toHaveLength(4);
    expect(named('the whole menu')).toHaveLength(4);
  });

  test('an unknown one gives the list of categories', () => {
    expect(menuOf(categories, 'sushi')).toEqual({
      categories: null,
      names: ['Coffee', 'Espresso', 'Tea', 'Food & Pastries'],
    });
  });
});

test('words apart stay apart', () => {
  expect(
    ['mocha matcha', 'chai chair', 'tea ten', 'coke cake', 'float flat', 'latte lattice', 'coffee toffee'].map(
      (pair) => {
        const [said = '', meant = ''] = pair.split(' ');
        return wordDistance(said, meant);
      },
    ),
  ).toEqual([null, 1, null, null, null, null, 1]);
  expect(soundOf('mocca')).toBe(soundOf('mocha'));
});
