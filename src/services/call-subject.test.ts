import { expect, test } from 'vitest';
import type { Turn } from '../../machines/call-events.ts';
import { subjectOf } from './call-subject.ts';

const caller = (text: string): Turn => ({ who: 'caller', itemId: text, text });
const assistant = (text: string): Turn => ({ who: 'assistant', itemId: text, text, cut: false });

test.each([
  [
    'the reason and the last words that say something',
    'refund',
    ['I got two bags of the wrong beans.', 'Yes.'],
    'refund; the caller said: I got two bags of the wrong beans',
  ],
  ['the mere ask for a person is no news', 'refund', ['Can I talk to a person please?'], 'refund'],
  [
    'what it is about may stand beside it',
    '',
    ['I want to speak to somebody about the wedding cake for Saturday.'],
    'the caller said: I want to speak to somebody about the wedding cake for Saturday',
  ],
  ['a key that was pressed is no reason', 'key pressed', ['Hm.'], ''],
  ['nothing is known', '', [], ''],
] as const)('%s', (_, about, words, subject) => {
  expect(
    subjectOf({ about, turns: [...words.map(caller), assistant('I will connect you with a person, one moment.')] }),
  ).toBe(subject);
});

test('long words are cut between two of them', () => {
  const subject = subjectOf({ about: '', turns: [caller('beans '.repeat(60))] });
  expect(subject.length).toBeLessThan(170);
  expect(subject).toMatch(/beans …$/);
});
