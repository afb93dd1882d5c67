import { expect, test } from 'vitest';
import { Doubt } from './doubt.ts';

const cut = { rest: { pieces: [], skipMs: 0 }, midAnswer: false };

/** A sound of so many ms that cut something, from 0 on; the server's window of silence is 500 ms. */
function doubted(soundMs: number): Doubt {
  const doubt = new Doubt();
  doubt.begin('item_1', cut, 0);
  doubt.stopped(soundMs + 500);
  return doubt;
}

test('no words: it goes on; words: it stays cut', () => {
  expect(doubted(300).words('item_1', ' ')).toBe('resume');
  expect(doubted(300).words('item_1', 'Stop.')).toBe('over');
  expect(new Doubt().words('item_1', '')).toBe(null);
});

test('a sound that cut nothing is no doubt', () => {
  const doubt = new Doubt();
  doubt.begin('item_1', null, 0);
  expect(doubt.open).toBe(false);
});

test('the answer to a short sound is held back until its words are known, but not for long', () => {
  const doubt = doubted(300);
  expect(doubt.answerBegins('resp_1', 1_000)).toBe(true);
  expect(doubt.tick(1_600, 1)).toBe(null);
  expect(doubt.tick(1_700, 1)).toBe('over');
  expect(doubt.end()).toEqual({ cut, heldId: 'resp_1' });
  expect(doubt.open).toBe(false);
});

test('the answer to a long sound is heard at once, and the doubt is over', () => {
  const doubt = doubted(901);
  expect(doubt.answerBegins('resp_1', 1_500)).toBe(false);
  expect(doubt.open).toBe(false);
});

test('a sound of which the server made no turn was nothing; one whose words never come is forgotten', () => {
  expect(doubted(300).tick(1_999, 0)).toBe(null);
  expect(doubted(300).tick(2_000, 0)).toBe('resume');
  expect(doubted(300).tick(5_799, 1)).toBe(null);
  expect(doubted(300).tick(5_800, 1)).toBe('over');
});

test('words of a turn before it say nothing of a sound', () => {
  const doubt = doubted(300);
  expect(doubt.words('item_0', 'What is on the menu?')).toBe(null);
  expect(doubt.words('item_1', '')).toBe('resume');
});

test('of what nobody has in words only a short sound is a noise', () => {
  expect(doubted(300).words('item_1', null)).toBe('resume');
  expect(doubted(901).words('item_1', null)).toBe('over');
  expect(doubted(901).words('item_1', '')).toBe('resume');
});

test('of two sounds both must be without words', () => {
  const doubt = doubted(300);
  doubt.begin('item_2', null, 900);
  expect(doubt.words('item_1', '')).toBe(null);
  doubt.stopped(1_600);
  expect(doubt.words('item_2', '')).toBe('resume');
  expect(doubt.end().cut).toBe(cut);
});
