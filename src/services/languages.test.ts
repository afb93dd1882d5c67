import { expect, test } from 'vitest';
import { isLanguage, languageMeant, languageName, sayLocale } from './languages.ts';

test('what is a language', () => {
  expect(['en', 'es', 'EN', 'xq', 'eng', '', 'e1'].map(isLanguage)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
  expect(languageName('es')).toBe('Spanish');
});

test.each([
  ['es', 'es'],
  ['ES', 'es'],
  ['es-MX', 'es'],
  ['Spanish', 'es'],
  ['español', 'es'],
  ['en espanol, por favor', 'es'],
  ['English', 'en'],
  ['French', null],
  ['fr', null],
  ['something', null],
  ['', null],
])('%s is meant as %s', (spoken, code) => {
  expect(languageMeant(spoken, ['en', 'es'])).toBe(code);
});

test('what the carrier is told to speak', () => {
  expect(['en', 'es', 'eu'].map(sayLocale)).toEqual(['en-US', 'es-MX', null]);
});
