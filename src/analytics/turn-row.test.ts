import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Turn } from '../../entities/turn.ts';
import type { CallEvent } from '../../machines/call-events.ts';
import type { StoredFact } from './stored-fact.ts';
import { story, wholeCall } from './story.fixture.ts';
import { foldTurn, turnFact } from './turn-row.ts';

function fold(facts: readonly StoredFact[]): Map<string, Turn> {
  const rows = new Map<string, Turn>();
  for (const stored of facts) {
    const fact = turnFact(stored);
    if (fact) rows.set(fact.itemId, foldTurn(rows.get(fact.itemId) ?? null, stored, fact));
  }
  return rows;
}

const one = (...facts: CallEvent[]) => [...fold(story('CA1', facts)).values()];
const said = (text: string): CallEvent => ({
  type: 'assistant.said',
  at: 10,
  itemId: 'i',
  responseId: 'r',
  text,
  totalMs: 1_000,
});
const heard = (text: string, heardMs: number, cut: boolean): CallEvent => ({
  type: 'assistant.heard',
  at: 20,
  itemId: 'i',
  text,
  heardMs,
  totalMs: 1_000,
  cut,
});
const redacted = (text: string): CallEvent => ({ type: 'journal.redacted', at: 30, itemId: 'i', text });

test('what was heard stands beside what was said', () => {
  expect(one(said('one two three'), heard('one two', 600, true))).toMatchObject([
    {
      who: 'assistant',
      text: 'one two three',
      heardText: 'one two',
      heardMs: 600,
      totalMs: 1_000,
      cut: true,
      seq: 1,
      at: new Date(10),
    },
  ]);
  expect(one(said('one two'), heard('one two', 1_000, false))).toMatchObject([{ heardText: 'one two', cut: false }]);
  expect(one(said('never heard'))).toMatchObject([{ heardText: null, heardMs: null }]);
});

test('what is taken back is nowhere, said or heard', () => {
  expect(
    one(said('it is 4111 then'), heard('it is 4111 then', 1_000, false), redacted('it is [card] then')),
  ).toMatchObject([{ text: 'it is [card] then', heardText: 'it is [card] then' }]);
  expect(one(said('it is 4111 then'), heard('it is 41', 500, true), redacted('it is [card] then'))).toMatchObject([
    { heardText: 'it is [card]' },
  ]);
  expect(one(said('it is 4111 then'), heard('it', 100, true), redacted('it is [card] then'))).toMatchObject([
    { heardText: 'it' },
  ]);
  expect(one(redacted('[card]'), said('4111'))).toMatchObject([{ who: 'assistant', text: '[card]' }]);
});

test('a transcription that failed, and an empty item, are no turns', () => {
  expect(one({ type: 'caller.said', at: 1, itemId: 'i', text: '', after: null }, said(''))).toEqual([]);
});

test('a whole call in any order, repeated, comes to the same turns', () => {
  const facts = story('CA1', wholeCall);
  const expected = fold(facts);
  expect([...expected.keys()]).toEqual(['i1', 'i2', 'i3', 'i4', 'i5', 'i6']);
  fc.assert(
    fc.property(fc.shuffledSubarray([...facts, ...facts], { minLength: facts.length * 2 }), (shuffled) => {
      const rows = fold(shuffled);
      expect(rows).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});
