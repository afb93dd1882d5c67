import type { Category, Plan, PromotionOffer } from '../services/catalog.ts';
import { type LineLanguage, lineLanguage, type LineName, lineText, type LineValues } from '../services/lines.ts';
import { centsOf, dollars } from '../services/money.ts';
import { promotionLines } from '../services/promotions.ts';

/** What the keypad menu says of the store, from memory: it needs neither model nor database. */
export interface KeypadFacts {
  address: string;
  /** `We're open until 18:00 today.`, null where no hours are known. */
  hours(language: string): string | null;
  categories(): readonly Category[];
  /** Running now, sold out ones too. */
  promotions(): readonly PromotionOffer[];
  plans(): readonly Plan[];
}

/** Of one answer, the longest: half a minute of speech. Whole sentences are left out, never cut. */
const ANSWER_CHARS_MAX = 450;
/** A store's own words that are longer are cut at a word. */
const SENTENCE_CHARS_MAX = 220;
const CATEGORIES_MAX = 4;
const ITEMS_MAX = 3;
const PROMOTIONS_MAX = 2;
const PLANS_MAX = 5;

/** Keys that the menu minds; any other is told so. Those that lead out of it are the call's, not the menu's. */
export const menuKeys = '01234569*';

/** A store that is not known. */
export const noKeypadFacts: KeypadFacts = {
  address: '',
  hours: () => null,
  categories: () => [],
  promotions: () => [],
  plans: () => [],
};

const answers: Readonly<Record<string, (facts: KeypadFacts, language: string) => string[]>> = {
  '1': hoursAndAddress,
  '4': highlights,
  '5': promotions,
  '6': subscriptions,
  '9': () => [],
};

/** What is said to a key before the options are read again; '' is no key. */
export function menuAnswer(key: string, facts: KeypadFacts, language: string): string[] {
  if (key === '') return [];
  return fitting(answers[key]?.(facts, language) ?? [said('notUnderstood', language)]);
}

/** What may be pressed: only what leads somewhere is offered, though every key is answered. */
export function menuOptions(facts: KeypadFacts, hasStaff: boolean, language: string): string[] {
  const offered: [LineName, boolean][] = [
    ['menuHours', true],
    ['menuStaff', hasStaff],
    ['menuMessage', true],
    ['menuHighlights', facts.categories().some(({ items }) => items.length > 0)],
    ['menuPromotion', facts.promotions().length > 0],
    ['menuPlans', facts.plans().length > 0],
    ['menuAgain', true],
  ];
  return offered.filter(([, isOffered]) => isOffered).map(([line]) => said(line, language));
}

function hoursAndAddress({ hours, address }: KeypadFacts, language: string): string[] {
  const known = hours(language) ?? said('hoursUnknown', language);
  return address.trim() === '' ? [known] : [known, said('address', language, { address: plain(address) })];
}

function highlights({ categories }: KeypadFacts, language: string): string[] {
  const filled = categories().filter(({ items }) => items.length > 0);
  if (filled.length === 0) return [said('menuUnknown', language)];
  return filled.slice(0, CATEGORIES_MAX).map(({ name, items }) => {
    const named = items.slice(0, ITEMS_MAX).map((item) => priced(item, language));
    return plain(`${name}: ${named.join(', ')}.`);
  });
}

function priced({ name, sizes }: Category['items'][number], language: string): string {
  const cents = sizes.map(({ price }) => centsOf(price));
  if (cents.length === 0) return name;
  const price = dollars(Math.min(...cents));
  return cents.length === 1 ? `${name} ${price}` : said('menuItemFrom', language, { item: name, price });
}

function promotions({ promotions: running }: KeypadFacts, language: string): string[] {
  const offered = running().slice(0, PROMOTIONS_MAX);
  if (offered.length === 0) return [said('noPromotion', language)];
  return offered.flatMap((promotion) => {
    const { name, offer, code, soldOut } = promotion;
    if (soldOut) return [said('soldOut', language, { promotion: plain(name) })];
    if (lineLanguage(language) === 'en') return promotionLines([promotion]).flat().map(plain);
    return [`${name}. ${offer}`, ...(code === null ? [] : [said('promotionCode', language, { code })])].map(plain);
  });
}

function subscriptions({ plans }: KeypadFacts, language: string): string[] {
  const known = plans().slice(0, PLANS_MAX);
  if (known.length === 0) return [said('noPlans', language)];
  return known.map(({ name, price, interval, intervalCount }) =>
    plain(`${name}: ${dollars(centsOf(price))} ${every(intervalCount, interval, language)}.`),
  );
}

type Interval = Plan['interval'];

const intervals: Readonly<Record<LineLanguage, (count: number, interval: Interval) => string>> = {
  en: (count, interval) => (count === 1 ? `every ${interval}` : `every ${count} ${interval}s`),
  es(count, interval) {
    const one = { week: 'semana', month: 'mes', year: 'año' }[interval];
    const many = { week: 'semanas', month: 'meses', year: 'años' }[interval];
    return count === 1 ? `cada ${one}` : `cada ${count} ${many}`;
  },
  fr(count, interval) {
    const one = { week: 'chaque semaine', month: 'chaque mois', year: 'chaque année' }[interval];
    const many = { week: 'toutes les {n} semaines', month: 'tous les {n} mois', year: 'tous les {n} ans' }[interval];
    return count === 1 ? one : many.replace('{n}', String(count));
  },
};

function every(count: number, interval: Interval, language: string): string {
  return intervals[lineLanguage(language)](count, interval);
}

/** These sentences do not name the store. */
const nobody = { name: '', greeting: '', languages: [] };

function said(line: LineName, language: string, values: LineValues = {}): string {
  return lineText(line, nobody, language, values);
}

/** The first sentences that fit; the very first in any case. */
function fitting(sentences: readonly string[]): string[] {
  let chars = 0;
  return sentences.filter((sentence, index) => {
    chars += sentence.length;
    return index === 0 || chars <= ANSWER_CHARS_MAX;
  });
}

/** A store's own words as they can be said: no character that a document may not hold, and not without end. */
function plain(text: string): string {
  const clean = text.replaceAll(/\p{Cc}+/gu, ' ').trim();
  if (clean.length <= SENTENCE_CHARS_MAX) return clean;
  const cut = clean.slice(0, SENTENCE_CHARS_MAX);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), 1)).replace(/[\s,;:]+$/, '')}.`;
}
