import { expect, test } from 'vitest';
import { checkedLines, checkedPromotion, checkedSettings, isLocalMinute } from './store-check.ts';

const good = {
  timeZone: 'Europe/Paris',
  languages: ['fr', 'en'],
  closedBehaviour: 'voicemail' as const,
  closedLine: { fr: 'Nous sommes fermés.' },
  maxCallMinutes: 10,
  staffNumbers: ['+33123456789'],
  sharedNumbers: [],
};

function checked(change: Partial<Record<keyof typeof good, unknown>>) {
  const problems: string[] = [];
  const settings = checkedSettings({ ...good, ...change } as typeof good, (problem) => problems.push(problem));
  return { settings, problems };
}

test('good settings stay as they are', () => {
  expect(checked({})).toEqual({ settings: good, problems: [] });
});

test.each([
  [{ timeZone: 'Paris' }, { timeZone: 'America/New_York' }, /^store_settings\.time_zone "Paris": no time zone/],
  [{ languages: ['fr', 'klingon'] }, { languages: ['fr'] }, /^store_settings\.languages "klingon": no language/],
  [{ languages: ['fr', 'xq'] }, { languages: ['fr'] }, /^store_settings\.languages "xq"/],
  [{ languages: [] }, { languages: ['en'] }, /^store_settings\.languages \[\]: no language; en is used$/],
  [{ closedBehaviour: 'sleep' }, { closedBehaviour: 'assistant' }, /none of assistant, announce, voicemail/],
  [{ closedLine: { french: 'Fermé' } }, { closedLine: {} }, /french is no language/],
  [{ closedLine: { fr: 'x'.repeat(161) } }, { closedLine: {} }, /not a text of up to 160 characters; it is left out$/],
  [{ closedLine: null }, { closedLine: {} }, /not texts by language/],
  [
    { maxCallMinutes: 1 },
    { maxCallMinutes: 30 },
    /^store_settings\.max_call_minutes 1: not a whole number from 2 to 240/,
  ],
  [{ maxCallMinutes: 2.5 }, { maxCallMinutes: 30 }, /30 is used$/],
  [{ staffNumbers: ['0123'] }, { staffNumbers: [] }, /^store_settings\.staff_numbers "0123": not a number/],
])('%j is replaced, and told of in one line', (change, replaced, told) => {
  const { settings, problems } = checked(change);
  expect(settings).toEqual({ ...good, ...replaced });
  expect(problems[0]).toMatch(told);
});

test('a language named twice is offered once', () => {
  expect(checked({ languages: ['es', 'en', 'es'] }).settings.languages).toEqual(['es', 'en']);
});

test('of closed lines those that can be said are kept', () => {
  const problems: string[] = [];
  const lines = checkedLines('row', { en: ' Closed. ', es: 7 }, (problem) => problems.push(problem));
  expect([lines, problems]).toEqual([{ en: 'Closed.' }, ['row 7: not a text of up to 160 characters; it is left out']]);
});

test('minutes that no calendar has', () => {
  const times = ['2026-11-01T00:00', '2028-02-29T23:59', '2026-02-29T00:00', '2026-11-01T24:00', '2026-13-01T00:00'];
  expect(times.map(isLocalMinute)).toEqual([true, true, false, false, false]);
});

test('a promotion keeps the questions that have an answer', () => {
  const problems: string[] = [];
  const promotion = { slug: 'p', startsLocal: '2026-11-01T00:00', endsLocal: '2026-12-01T00:00' };
  const fine = { question: 'May I?', answer: 'Yes.' };
  const questions = [fine, { question: 'Why?' }, 'What?'];
  expect(checkedPromotion({ ...promotion, questions }, (problem) => problems.push(problem))?.questions).toEqual([fine]);
  expect(checkedPromotion({ ...promotion, questions: 'none' }, (problem) => problems.push(problem))?.questions).toEqual(
    [],
  );
  expect(problems).toHaveLength(3);
});
