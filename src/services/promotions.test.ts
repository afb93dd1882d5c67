import { expect, test } from 'vitest';
import { pumpkinWeeks } from './catalog.fixture.ts';
import { promotionLines, promotionTexts, speaksOf, spokenEnd, spokenPromotion } from './promotions.ts';

test('the end is said as people say it', () => {
  expect(spokenEnd(pumpkinWeeks)).toBe('through Monday, November 30');
  expect(spokenEnd({ ...pumpkinWeeks, endsLocal: '2026-11-20T18:30' })).toBe('until 18:30 on Friday, November 20');
});

test('offer, code and terms in sentences', () => {
  expect(spokenPromotion(pumpkinWeeks)).toBe(
    'Pumpkin Weeks, through Monday, November 30: One dollar off every Oat Milk Latte. The code is PUMPKIN26. Terms: One for each customer and day.',
  );
  expect(spokenPromotion({ ...pumpkinWeeks, code: null, terms: '' })).toBe(
    'Pumpkin Weeks, through Monday, November 30: One dollar off every Oat Milk Latte.',
  );
});

test('to those who wait, in short sentences, and nothing that is sold out', () => {
  const sober = { ...pumpkinWeeks, name: 'Sober Weeks', code: null };
  expect(promotionLines([pumpkinWeeks, { ...pumpkinWeeks, soldOut: true }, sober])).toEqual([
    ['Pumpkin Weeks, through Monday, November 30.', 'One dollar off every Oat Milk Latte.', 'The code is PUMPKIN26.'],
    ['Sober Weeks, through Monday, November 30.', 'One dollar off every Oat Milk Latte.'],
  ]);
});

test('it speaks of a product by its whole name', () => {
  expect(
    ['Oat Milk Latte', 'oat-milk latte', 'Milk', 'Mocha', 'Pumpkin'].map((subject) => speaksOf(pumpkinWeeks, subject)),
  ).toEqual([true, true, true, false, true]);
  expect(speaksOf({ ...pumpkinWeeks, offer: 'Two for one on teas' }, 'Tea')).toBe(false);
});

test('its questions are answered, sold out or not', () => {
  expect(promotionTexts([pumpkinWeeks])[1]).toMatchObject({
    title: 'Pumpkin Weeks',
    body: 'Yes, gift cards are welcome.',
  });
  expect(promotionTexts([{ ...pumpkinWeeks, soldOut: true }])[1]?.body).toBe(
    'Yes, gift cards are welcome. But Pumpkin Weeks is sold out.',
  );
});
