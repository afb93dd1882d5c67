import fc from 'fast-check';
import { expect, test } from 'vitest';
import { heardText } from './heard.ts';

test('the part heard ends at a word', () => {
  const text = 'We open at seven.';
  const at = (share: number) => heardText(text, share * 1000, 1000);
  expect([0, 0.1, 0.12, 0.4, 0.41, 0.42, 0.99, 1, 1.2].map(at)).toEqual([
    '',
    '',
    'We',
    'We',
    'We',
    'We open',
    'We open at',
    text,
    text,
  ]);
  expect(heardText('', 10, 20)).toBe('');
  expect(heardText('word', 10, 0)).toBe('');
});

test('it is always a beginning of the text in whole words', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(2000), fc.integer({ min: 1, max: 2000 }), (text, heardMs, totalMs) => {
      const part = heardText(text, heardMs, totalMs);
      expect(text.startsWith(part)).toBe(true);
      expect(part === text || part === '' || /^\s/.test(text.slice(part.length))).toBe(true);
    }),
  );
});
