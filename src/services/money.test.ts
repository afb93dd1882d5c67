import fc from 'fast-check';
import { expect, test } from 'vitest';
import { centsOf, dollars, priceRange } from './money.ts';

test("priceRange: '' without sizes, $4.50 with one, $3.50 - $5.50 with several", () => {
  expect(priceRange([])).toBe('');
  expect(priceRange(['4.50'])).toBe('$4.50');
  expect(priceRange(['5.50', '3.50', '4.50'])).toBe('$3.50 - $5.50');
});

test('prices are sorted as numbers and have two decimals', () => {
  expect(priceRange(['10.00', '9.5', '9'])).toBe('$9.00 - $10.00');
});

test('sizes of one price are said once', () => {
  expect(priceRange(['4.50', '4.50'])).toBe('$4.50');
});

test('every amount survives, to the cent', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_99 }), (cents) => {
      expect(centsOf(dollars(cents).slice(1))).toBe(cents);
    }),
  );
});

test.each(['', '-1.00', '1e3', '1.234', 'free', '$4.50', 'NaN'])('no amount: %s', (amount) => {
  expect(() => centsOf(amount)).toThrow(RangeError);
});
