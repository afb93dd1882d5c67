import { expect, test } from 'vitest';
import { matcherOf } from './words.ts';

test.each([
  ['oat latte', 'An OAT latte, please', true],
  ['oat latte', 'Oat milk latte', false],
  ['latte', 'Lattes', false],
  ['4.50', 'It is $4.50.', true],
  ['07:00 18:00', 'Open 07:00 - 18:00 today', true],
  ["we're closed", 'We’re closed today.', true],
  ['/open (until|till) \\d+/', "We're open until 18:00", true],
  ['/OPEN/', 'open', true],
  ['/closed/', 'open', false],
])('%s in "%s": %s', (pattern, heard, found) => {
  expect(matcherOf(pattern)?.(heard)).toBe(found);
});

test('an expression that is none and words without letters are refused', () => {
  expect(matcherOf('/(/')).toBeNull();
  expect(matcherOf('...')).toBeNull();
});
