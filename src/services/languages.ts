import { plainWords } from './words.ts';

/** Languages are ISO 639-1 codes: `en`, `es`. */

/** What is spoken where a store decided nothing, and in which every sentence of ours exists. */
export const defaultLanguage = 'en';

const CODE = /^[a-z]{2}$/;
const english = namesIn('en');

function namesIn(language: string): Intl.DisplayNames {
  return new Intl.DisplayNames([language], { type: 'language', fallback: 'none' });
}

/** True for the code of a language that there is. */
export function isLanguage(code: string): boolean {
  return CODE.test(code) && english.of(code) !== undefined;
}

/** `Spanish` of `es`; the code itself where it has no name. */
export function languageName(code: string): string {
  return english.of(code) ?? code;
}

/** The offered language that these words name: `es`, `es-MX`, `Spanish`, `en español, por favor`; null for none. */
export function languageMeant(spoken: string, offered: readonly string[]): string | null {
  const code = spoken.trim().toLowerCase().slice(0, 2);
  if (/^[a-z]{2}(?:[-_][a-z]{2,4})?$/i.test(spoken.trim())) return offered.includes(code) ? code : null;
  const said = new Set(plainWords(spoken));
  return offered.find((each) => namesOf(each).some((name) => name.every((word) => said.has(word)))) ?? null;
}

/** What a language is called in English and by those who speak it, as words. */
function namesOf(code: string): string[][] {
  const names = [languageName(code), namesIn(code).of(code) ?? ''];
  return names.map(plainWords).filter((words) => words.length > 0);
}

/** What the carrier's own voice is told to speak; it knows no more than these. */
const locales: ReadonlyMap<string, string> = new Map([
  ['ca', 'ca-ES'],
  ['da', 'da-DK'],
  ['de', 'de-DE'],
  ['en', 'en-US'],
  ['es', 'es-MX'],
  ['fi', 'fi-FI'],
  ['fr', 'fr-FR'],
  ['it', 'it-IT'],
  ['ja', 'ja-JP'],
  ['ko', 'ko-KR'],
  ['nb', 'nb-NO'],
  ['nl', 'nl-NL'],
  ['no', 'nb-NO'],
  ['pl', 'pl-PL'],
  ['pt', 'pt-BR'],
  ['ru', 'ru-RU'],
  ['sv', 'sv-SE'],
  ['zh', 'zh-CN'],
]);

/** `language` of `<Say>`; null for a language that the carrier's voice does not speak. */
export function sayLocale(language: string): string | null {
  return locales.get(language) ?? null;
}
