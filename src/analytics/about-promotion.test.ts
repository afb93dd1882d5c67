import { expect, test } from 'vitest';
import { promotionAbout } from './about-promotion.ts';

const muddyPaws = {
  slug: 'muddy-paws',
  name: 'Muddy Paws Two Weeks',
  code: 'MUDDYPAWS',
  startsLocal: '2026-11-15T07:00',
  endsLocal: '2026-11-29T00:00',
  questions: [
    { question: 'Can I mix different beans?', answer: 'Yes.' },
    { question: 'Does it work for two pound bags?', answer: 'No.' },
  ],
};
const pupDays = {
  ...muddyPaws,
  slug: 'pup-days',
  name: 'Pup Days',
  code: null,
  startsLocal: '2026-11-20T00:00',
  questions: [],
};
const howliday = {
  ...muddyPaws,
  slug: 'howliday-blend',
  name: 'Howliday Blend Days',
  code: 'HOWL26',
  startsLocal: '2026-12-01T00:00',
  endsLocal: '2026-12-20T00:00',
  questions: [{ question: 'Which animal shelter gets the dollar?', answer: 'Ours.' }],
};
const all = [muddyPaws, pupDays, howliday];
const span = { startLocal: '2026-11-18T12:00', endLocal: '2026-11-18T12:03' };
const later = { startLocal: '2026-11-21T12:00', endLocal: '2026-11-21T12:03' };

const caller = (...texts: string[]) => texts.map((text) => ({ who: 'caller' as const, text }));
const assistant = (text: string) => ({ who: 'assistant' as const, text });

test.each([
  ['its name', 'Do you still have that Muddy Paws thing?', 'muddy-paws'],
  ['its code, in two words', 'I have a code, it is muddy paws', 'muddy-paws'],
  ['its code, spelled together', 'I typed MUDDYPAWS and nothing happened', 'muddy-paws'],
  ['one of its questions', 'Can I mix the beans, different ones?', 'muddy-paws'],
  ['any deal', 'Do you have any deals at the moment?', 'muddy-paws'],
  ['a promotion that is still to come', 'When does the howliday blend start?', 'howliday-blend'],
  ['a code of letters and digits', 'Does howl 26 work already?', 'howliday-blend'],
  ['a question of one that does not run', 'Which animal shelter gets the dollar?', null],
  ['hours', 'When do you open today?', null],
  ['half of a name', 'My dog has muddy feet', null],
  ['words that promotions share', 'How many days is it free?', null],
  ['nothing', '', null],
])('the caller says %s', (_, text, slug) => {
  expect(promotionAbout(caller(text), all, span)).toBe(slug);
});

test('the assistant alone makes no call about a promotion; for a caller who asked for any it tells which', () => {
  const offered = assistant('By the way, Muddy Paws Two Weeks is on: the third bag is free.');
  expect(promotionAbout([...caller('One latte, how much?'), offered], all, later)).toBe(null);
  expect(promotionAbout(caller('What specials do you have?'), all, later)).toBe('pup-days');
  expect(promotionAbout([...caller('What specials do you have?'), offered], all, later)).toBe('muddy-paws');
});

test('a name outweighs a question and a general ask; the order of turns and rows changes nothing', () => {
  const said = [
    ...caller('any deals?', 'can I mix different beans?', 'no, the howliday blend'),
    assistant('Pup Days!'),
  ];
  const orders = [said, said.toReversed()].flatMap((turns) =>
    [all, all.toReversed()].map((rows) => promotionAbout(turns, rows, later)),
  );
  expect(orders).toEqual(['howliday-blend', 'howliday-blend', 'howliday-blend', 'howliday-blend']);
});

test('a promotion that ended before the call is meant only by its name or code', () => {
  const past = { startLocal: '2026-11-29T00:00', endLocal: '2026-11-29T00:05' };
  expect(promotionAbout(caller('is there a promotion?'), [muddyPaws], past)).toBe(null);
  expect(promotionAbout(caller('is the muddy paws offer over?'), [muddyPaws], past)).toBe('muddy-paws');
});
