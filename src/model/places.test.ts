import { expect, test } from 'vitest';
import { Places } from './places.ts';

test('what was told has the id of its turn; what is no turn stands for the turn before it', () => {
  const places = new Places();
  places.add('aida_1', null);
  places.add('aida_2', 'line_greeting_1');
  places.add('aida_3', null);
  places.add('item_1', 'item_1');
  places.add('item_2', null);
  expect(['aida_1', 'aida_2', 'aida_3', 'item_1', 'item_2'].map((id) => places.turnAt(id))).toEqual([
    null,
    'line_greeting_1',
    'line_greeting_1',
    'item_1',
    'item_1',
  ]);
  expect([places.turnAt('item_9'), places.turnAt(null)]).toEqual(['item_9', null]);
  expect(['line_greeting_1', 'item_1', 'item_2'].map((id) => places.itemOf(id))).toEqual(['aida_2', 'item_1', null]);
});

test('old places are forgotten', () => {
  const places = new Places();
  for (let i = 0; i <= 256; i++) places.add(`aida_${i}`, `turn_${i}`);
  expect([places.turnAt('aida_0'), places.turnAt('aida_1')]).toEqual(['aida_0', 'turn_1']);
  expect([places.itemOf('turn_0'), places.itemOf('turn_1')]).toEqual([null, 'aida_1']);
});
