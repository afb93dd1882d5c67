import { describe, expect, test } from 'vitest';
import { pumpkinWeeks, smallCatalog } from '../services/catalog.fixture.ts';
import { type KeypadFacts, menuAnswer, menuOptions, noKeypadFacts } from './menu-words.ts';

const facts: KeypadFacts = {
  address: smallCatalog.store.address,
  hours: (language) => (language === 'es' ? 'Hoy estamos cerrados.' : "We're open until 18:00 today."),
  categories: () => smallCatalog.categories,
  promotions: () => [pumpkinWeeks],
  plans: () => smallCatalog.plans,
};

describe('what a key is answered with', () => {
  test.each([
    ['', []],
    ['1', ["We're open until 18:00 today.", 'You find us at 12 Bark Street, Portland.']],
    ['4', ['Coffee: Drip Coffee $2.50, Oat Milk Latte from $4.50, Secret Brew.', 'Food: Blueberry Muffin $3.50.']],
    [
      '5',
      ['Pumpkin Weeks, through Monday, November 30.', 'One dollar off every Oat Milk Latte.', 'The code is PUMPKIN26.'],
    ],
    ['6', ['Taster: $18.50 every month.', 'Pack: $32.00 every 2 weeks.']],
    ['9', []],
    ['7', ["I'm sorry, I did not understand that."]],
    ['?', ["I'm sorry, I did not understand that."]],
  ])('%s', (key, sentences) => {
    expect(menuAnswer(key, facts, 'en')).toEqual(sentences);
  });

  test('in the language of the call, the store’s own words as it wrote them', () => {
    expect(['1', '4', '5', '6'].map((key) => menuAnswer(key, facts, 'es'))).toEqual([
      ['Hoy estamos cerrados.', 'Nos encuentra en 12 Bark Street, Portland.'],
      ['Coffee: Drip Coffee $2.50, Oat Milk Latte desde $4.50, Secret Brew.', 'Food: Blueberry Muffin $3.50.'],
      ['Pumpkin Weeks. One dollar off every Oat Milk Latte', 'El código es PUMPKIN26.'],
      ['Taster: $18.50 cada mes.', 'Pack: $32.00 cada 2 semanas.'],
    ]);
    expect(menuAnswer('6', facts, 'fr')[1]).toBe('Pack: $32.00 toutes les 2 semaines.');
  });

  test('what is sold out is said to be, and its code is not', () => {
    const soldOut = { ...facts, promotions: () => [{ ...pumpkinWeeks, soldOut: true }] };
    expect(menuAnswer('5', soldOut, 'en')).toEqual(['Pumpkin Weeks is sold out.']);
  });

  test('of a store that is not known it is said so, rather than that it is closed', () => {
    expect(['1', '4', '5', '6'].map((key) => menuAnswer(key, noKeypadFacts, 'en'))).toEqual([
      ["I'm sorry, I do not have our opening hours at hand."],
      ["I'm sorry, I do not have our menu at hand."],
      ['There is no promotion at the moment.'],
      ['We have no subscriptions at the moment.'],
    ]);
  });

  test('no answer is longer than half a minute, and nothing in it breaks the document', () => {
    const [category] = smallCatalog.categories;
    if (!category) throw new Error('no category');
    const endless = Array.from({ length: 50 }, () => ({ ...category, name: `${'Very '.repeat(30)}long\u0000\u0007` }));
    const long = { ...pumpkinWeeks, name: 'word '.repeat(300), offer: 'x'.repeat(5_000) };
    const much: KeypadFacts = { ...facts, categories: () => endless, promotions: () => Array(9).fill(long) };
    for (const key of ['1', '4', '5', '6']) {
      for (const language of ['en', 'es']) {
        const text = menuAnswer(key, much, language).join(' ');
        expect(text.length).toBeLessThanOrEqual(460);
        expect(text).not.toMatch(/\p{Cc}/u);
      }
    }
  });
});

describe('what is offered', () => {
  test('all of it', () => {
    expect(menuOptions(facts, true, 'en')).toEqual([
      'Press 1 for our opening hours and our address.',
      'Press 2 to speak with our staff.',
      'Press 3 to leave a message.',
      'Press 4 for our menu.',
      'Press 5 for our current promotion.',
      'Press 6 for our subscriptions.',
      'Press 9 to hear this again.',
    ]);
  });

  test('only what there is', () => {
    expect(menuOptions(noKeypadFacts, false, 'es')).toEqual([
      'Pulse 1 para conocer nuestro horario y nuestra dirección.',
      'Pulse 3 para dejar un mensaje.',
      'Pulse 9 para escuchar esto de nuevo.',
    ]);
  });
});
