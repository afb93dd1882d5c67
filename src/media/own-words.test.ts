import { beforeEach, expect, test } from 'vitest';
import { Mouth } from './mouth.ts';
import type { Rest } from './piece.ts';

/** What goes to the carrier and what is told, in order. */
let log: string[];
let mouth: Mouth;

beforeEach(() => {
  log = [];
  mouth = new Mouth(
    {
      full: false,
      media: (payload) => log.push(`media ${Buffer.from(payload, 'base64').length / 8}`),
      mark: (name) => log.push(`mark ${name}`),
      clear: () => log.push('clear'),
    },
    {
      onSaid: (itemId, responseId, text, totalMs) => log.push(`said ${itemId} ${responseId} "${text}" ${totalMs}`),
      onHeard: (itemId, text, heardMs, totalMs, cut) =>
        log.push(`heard ${itemId} "${text}" ${heardMs}/${totalMs}${cut ? ' cut' : ''}`),
      onTruncate: (itemId, ms) => log.push(`truncate ${itemId} ${ms}`),
      onUnderrun: () => undefined,
      onDropped: () => log.push('dropped'),
      onBegun: () => log.push('begun'),
    },
  );
});

function speak(itemId: string, ms: number, now: number, late = false): void {
  mouth.audio('resp_1', itemId, Buffer.alloc(ms * 8, 1).toString('base64'), ms * 8, late);
  mouth.pump(now);
}

function play(itemId: string, ms: number, now: number, shielded = false): void {
  mouth.play({ itemId, text: 'one two three four', ulaw: Buffer.alloc(ms * 8, 2), shielded });
  mouth.pump(now);
}

function interrupt(now: number): Rest | null {
  const rest = mouth.interrupt(now);
  mouth.pump(now);
  return rest;
}

function told(): string[] {
  const entries = log;
  log = [];
  return entries;
}

const ofCarrier = (entry: string) => /^(media|mark|clear)/.test(entry);

test('a sentence of ours is said at once, in pieces of 600 ms, and no server is told of its cut', () => {
  play('line_a', 810, 0);
  expect(told()).toEqual([
    'said line_a  "one two three four" 810',
    'media 600',
    'mark g1:1:600',
    'begun',
    'media 220',
    'mark g1:1:820',
  ]);
  mouth.echoed('g1:1:600', 600);
  interrupt(610);
  expect(told()).toEqual(['clear', 'heard line_a "one two three" 610/810 cut']);
});

test('it waits for the end of an item of the model that has begun, and goes before the next one', () => {
  speak('item_A', 200, 0);
  play('line_a', 200, 10);
  expect(told().filter(ofCarrier)).toEqual(['media 200', 'mark g1:1:200']);
  expect(mouth.silent).toBe(false);
  speak('item_A', 200, 20);
  mouth.ended('resp_1', 'item_A', 'yes');
  speak('item_B', 200, 30);
  expect(told().filter((entry) => entry.startsWith('mark'))).toEqual([
    'mark g1:1:400',
    'mark g1:2:200',
    'mark g1:3:200',
  ]);
});

test('one that waits when the caller interrupts was said and not heard, and is part of the rest', () => {
  mouth.words('resp_1', 'item_A', 'five six');
  speak('item_A', 400, 0);
  play('line_a', 200, 10);
  told();
  const rest = interrupt(200);
  expect(told()).toEqual(['clear', 'truncate item_A 200', 'heard line_a "" 0/200 cut']);
  mouth.ended('resp_1', 'item_A', 'five six');
  told();
  expect(rest && mouth.resume('again', rest)).toBe('six one two three four');
  mouth.pump(300);
  expect(told()).toEqual([
    'said again  "six one two three four" 400',
    'media 200',
    'mark g2:3:200',
    'begun',
    'media 200',
    'mark g2:3:400',
  ]);
});

test('what is shielded plays alone, to its end; what came behind it is cut', () => {
  speak('item_A', 200, 0);
  mouth.ended('resp_1', 'item_A', 'yes');
  play('legal', 400, 10, true);
  expect(told().filter(ofCarrier)).toEqual(['media 200', 'mark g1:1:200']);
  mouth.echoed('g1:1:200', 200);
  expect(told().filter(ofCarrier)).toEqual(['media 400', 'mark g1:2:400']);
  speak('item_B', 200, 250);
  expect(interrupt(300)).toMatchObject({ skipMs: 0, pieces: [{ ms: 200 }] });
  expect(told()).toEqual(['truncate item_B 0']);
  mouth.ended('resp_1', 'item_B', 'no');
  mouth.echoed('g1:2:400', 600);
  expect(told()).toEqual([
    'said item_B resp_1 "no" 200',
    'heard item_B "" 0/200 cut',
    'heard legal "one two three four" 400/400',
  ]);
  speak('item_C', 200, 610);
  expect(told().filter(ofCarrier)).toEqual(['media 200', 'mark g1:4:200']);
});

test('what is shielded and waits is said after the interruption', () => {
  speak('item_A', 400, 0);
  play('legal', 200, 10, true);
  told();
  expect(interrupt(100)).not.toBe(null);
  expect(told().filter(ofCarrier)).toEqual(['clear', 'media 200', 'mark g2:2:200']);
});

test('what was cut goes on in the frame where it was cut, with the words that were not heard', () => {
  mouth.words('resp_1', 'item_A', 'one two three four five six seven eight');
  speak('item_A', 1000, 0);
  mouth.ended('resp_1', 'item_A', 'one two three four five six seven eight');
  mouth.echoed('g1:1:600', 600);
  told();
  const rest = interrupt(630);
  expect(told()).toEqual(['clear', 'truncate item_A 630', 'heard item_A "one two three four five" 630/1000 cut']);
  expect(rest && mouth.resume('again', rest)).toBe('six seven eight');
  mouth.pump(700);
  // Whole frames: ten milliseconds are heard twice rather than not at all.
  expect(told()).toEqual(['said again  "six seven eight" 380', 'media 380', 'mark g2:2:380', 'begun']);
  mouth.echoed('g2:2:380', 1_100);
  expect(told()).toEqual(['heard again "six seven eight" 380/380']);
});

test('it goes on before what was held back meanwhile; what is discarded is never heard', () => {
  speak('item_A', 400, 0);
  mouth.ended('resp_1', 'item_A', 'one two');
  const rest = interrupt(200);
  mouth.hold(true);
  mouth.audio('resp_2', 'item_B', Buffer.alloc(1600, 3).toString('base64'), 1600, false);
  mouth.audio('resp_3', 'item_C', Buffer.alloc(1600, 4).toString('base64'), 1600, false);
  mouth.pump(300);
  expect(told().filter((entry) => entry.startsWith('media'))).toEqual(['media 400']);
  mouth.discard('resp_2');
  expect(told()).toEqual(['truncate item_B 0']);
  if (rest) mouth.resume('again', rest);
  mouth.hold(false);
  mouth.pump(310);
  expect(told().filter(ofCarrier)).toEqual(['media 200', 'mark g2:4:200', 'media 200', 'mark g2:3:200']);
  mouth.ended('resp_2', 'item_B', 'what?');
  expect(told()).toEqual(['said item_B resp_2 "what?" 200', 'heard item_B "" 0/200 cut']);
});

test('nothing was cut where everything was heard', () => {
  speak('item_A', 200, 0);
  mouth.ended('resp_1', 'item_A', 'yes');
  expect(interrupt(230)).toBe(null);
  expect(interrupt(300)).toBe(null);
});

test('an answer of minutes is kept for a minute', () => {
  for (let i = 0; i < 150; i++) speak('item_A', 600, 0);
  const rest = interrupt(100);
  expect(rest?.pieces).toHaveLength(100);
});
