import { expect, test } from 'vitest';
import { createRedactor } from '../redact/redactor.ts';
import { createFactRedactor } from './redact-fact.ts';
import type { Told } from './stream-port.ts';

const said = (itemId: string, text: string): Told => ({
  type: 'assistant.said',
  itemId,
  responseId: 'r',
  text,
  totalMs: 900,
});
const heard = (itemId: string, text: string, cut: boolean): Told => ({
  type: 'assistant.heard',
  itemId,
  text,
  heardMs: 300,
  totalMs: 900,
  cut,
});
const plain = () => createFactRedactor(createRedactor({ phone: false, mail: false }));
const texts = (facts: Told[]) => facts.map((fact) => ('text' in fact ? fact.text : null));

test('the second part of a number does not come back by what was heard of it', () => {
  const redact = plain();
  redact(said('a', 'You said 5555 3412'));
  redact(heard('a', 'You said 5555 3412', false));
  expect(redact(said('b', 'You said 4444 1115, right?'))).toMatchObject([
    { type: 'journal.redacted', itemId: 'a', text: 'You said [card]' },
    { type: 'assistant.said', itemId: 'b', text: 'You said [card], right?' },
  ]);
  expect(texts(redact(heard('b', 'You said 4444 1115, right?', false)))).toEqual(['You said [card], right?']);
});

test('a cut answer is kept as far as it was heard, up to the number', () => {
  const redact = plain();
  redact(said('a', 'Your card 5555 3412 4444 1115 is on file.'));
  expect(texts(redact(heard('a', 'Your card 5555 3412', true)))).toEqual(['Your card [card]']);
  redact(said('b', 'It is on file for you.'));
  expect(texts(redact(heard('b', 'It is on', true)))).toEqual(['It is on']);
});

test('what was heard of an item that nobody said is redacted by itself', () => {
  expect(texts(plain()(heard('a', 'It is 5555341244441115', true)))).toEqual(['It is [card]']);
});
