import { beforeEach, expect, test } from 'vitest';
import { Mouth } from './mouth.ts';

/** What goes to the carrier and what is told, in order. */
let log: string[];
let full: boolean;
let mouth: Mouth;

beforeEach(() => {
  log = [];
  full = false;
  mouth = new Mouth(
    {
      get full() {
        return full;
      },
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
      onBegun: () => undefined,
    },
  );
});

function speak(itemId: string, ms: number, now: number, late = false): void {
  mouth.audio('resp_1', itemId, Buffer.alloc(ms * 8, 1).toString('base64'), ms * 8, late);
  mouth.pump(now);
}

function told(): string[] {
  const entries = log;
  log = [];
  return entries;
}

test('a delta goes on at once, with a mark behind each 600 ms; the last echo tells the item as heard', () => {
  mouth.words('resp_1', 'item_A', 'We open ');
  speak('item_A', 800, 0);
  expect(told()).toEqual(['media 600', 'mark g1:1:600', 'media 200', 'mark g1:1:800']);
  expect(mouth.silent).toBe(false);
  mouth.ended('resp_1', 'item_A', 'We open at seven.');
  expect(told()).toEqual(['said item_A resp_1 "We open at seven." 800']);
  expect(mouth.echoed('g1:1:600', 610)).toBe(600);
  expect(told()).toEqual([]);
  expect(mouth.echoed('g1:1:800', 812)).toBe(800);
  expect(told()).toEqual(['heard item_A "We open at seven." 800/800']);
  expect(mouth.silent).toBe(true);
});

test('the last samples go out with the item, filled up to a frame', () => {
  mouth.audio('resp_1', 'item_A', Buffer.alloc(200, 1).toString('base64'), 200, false);
  mouth.pump(0);
  expect(told()).toEqual(['media 20', 'mark g1:1:20']);
  mouth.ended('resp_1', 'item_A', 'Hm');
  mouth.pump(0);
  expect(told()).toEqual(['said item_A resp_1 "Hm" 25', 'media 20', 'mark g1:1:40']);
  mouth.echoed('g1:1:20', 20);
  expect(told()).toEqual([]);
  mouth.echoed('g1:1:40', 40);
  expect(told()).toEqual(['heard item_A "Hm" 25/25']);
});

test('no more than five seconds ahead; echoes let the rest out', () => {
  for (let i = 0; i < 12; i++) speak('item_A', 600, 0);
  expect(told().filter((entry) => entry === 'media 600')).toHaveLength(8);
  expect(mouth.waiting).toBe(true);
  mouth.echoed('g1:1:600', 600);
  expect(told()).toEqual(['media 600', 'mark g1:1:5400']);
  mouth.echoed('g1:1:1200', 1200);
  mouth.echoed('g1:1:1800', 1800);
  expect(mouth.waiting).toBe(true);
  mouth.echoed('g1:1:2400', 2400);
  expect(mouth.waiting).toBe(false);
});

test('row 25: a carrier that does not read holds audio back', () => {
  full = true;
  speak('item_A', 400, 0);
  expect(told()).toEqual([]);
  full = false;
  mouth.pump(10);
  expect(told()).toEqual(['media 400', 'mark g1:1:400']);
});

test('an interruption clears, cuts what plays where the ear was, what waits at nothing', () => {
  mouth.words('resp_1', 'item_A', 'one two three four five six');
  speak('item_A', 600, 0);
  speak('item_A', 600, 0);
  mouth.ended('resp_1', 'item_A', 'one two three four five six');
  speak('item_B', 600, 10);
  mouth.echoed('g1:1:600', 620);
  told();
  mouth.interrupt(800);
  expect(told()).toEqual([
    'clear',
    'truncate item_A 780',
    'heard item_A "one two three" 780/1200 cut',
    'truncate item_B 0',
  ]);
  mouth.ended('resp_1', 'item_B', 'seven eight');
  expect(told()).toEqual(['said item_B resp_1 "seven eight" 600', 'heard item_B "" 0/600 cut']);
  expect(mouth.echoed('g1:1:1200', 801)).toBe('old');
  expect(mouth.silent).toBe(true);
  speak('item_C', 200, 900);
  expect(told()).toEqual(['media 200', 'mark g2:3:200']);
});

test('an item whose last mark came back is not truncated', () => {
  speak('item_A', 200, 0);
  mouth.ended('resp_1', 'item_A', 'yes');
  mouth.echoed('g1:1:200', 210);
  speak('item_B', 200, 220);
  told();
  mouth.interrupt(300);
  expect(told()).toEqual(['clear', 'truncate item_B 80']);
});

test('what played out without its echo yet is whole', () => {
  speak('item_A', 200, 0);
  mouth.ended('resp_1', 'item_A', 'yes');
  told();
  mouth.interrupt(230);
  expect(told()).toEqual(['clear', 'heard item_A "yes" 200/200']);
});

test('audio of an interrupted response that comes late counts as generated and is not sent', () => {
  mouth.words('resp_1', 'item_A', 'one two');
  speak('item_A', 400, 0);
  told();
  mouth.interrupt(200);
  speak('item_A', 400, 210, true);
  mouth.words('resp_1', 'item_A', ' three four');
  mouth.ended('resp_1', 'item_A', null);
  expect(told()).toEqual([
    'clear',
    'truncate item_A 200',
    'said item_A resp_1 "one two three four" 800',
    'heard item_A "one" 200/800 cut',
  ]);
});

test('an item that gets its first audio after the interruption is forgotten by the server too', () => {
  mouth.begin('resp_1', 'item_A');
  mouth.interrupt(100);
  expect(told()).toEqual(['clear']);
  speak('item_A', 400, 110, true);
  mouth.responseEnded('resp_1');
  expect(told()).toEqual(['said item_A resp_1 "" 400', 'truncate item_A 0', 'heard item_A "" 0/400 cut']);
  speak('item_A', 400, 120, true);
  mouth.words('resp_1', 'item_A', 'late');
  expect([told(), mouth.transcriptsDue]).toEqual([[], 0]);
});

test('an answer without audio was said and not heard', () => {
  mouth.words('resp_1', 'item_A', 'Well');
  mouth.ended('resp_1', 'item_A', null);
  expect(told()).toEqual(['said item_A resp_1 "Well" 0', 'heard item_A "" 0/0 cut']);
  mouth.begin('resp_1', 'item_B');
  mouth.responseEnded('resp_1');
  expect(told()).toEqual([]);
});

test('when the session is lost what it generated is played, and nobody is told to forget', () => {
  mouth.words('resp_1', 'item_A', 'As I was saying');
  speak('item_A', 400, 0);
  mouth.sessionLost();
  expect(told()).toEqual(['media 400', 'mark g1:1:400', 'said item_A resp_1 "As I was saying" 400']);
  speak('item_B', 200, 100);
  mouth.interrupt(300);
  expect(told()).toEqual([
    'media 200',
    'mark g1:2:200',
    'clear',
    'heard item_A "As I was" 300/400 cut',
    'truncate item_B 0',
  ]);
});

test('row 25: more than two minutes of waiting audio is dropped, and the server forgets it', () => {
  for (let i = 0; i < 210; i++) speak('item_A', 600, 0);
  const entries = told();
  expect(entries.filter((entry) => entry === 'dropped').length).toBeGreaterThan(0);
  mouth.ended('resp_1', 'item_A', 'long');
  for (let ms = 600; mouth.waiting; ms += 600) mouth.echoed(`g1:1:${ms}`, ms);
  const sentMs = [...entries, ...told()].filter((entry) => entry === 'media 600').length * 600;
  expect(sentMs).toBe(124_800);
  mouth.echoed(`g1:1:${sentMs}`, sentMs);
  expect(told()).toEqual(['truncate item_A 124800', 'heard item_A "" 124800/126000 cut']);
});

test('an echo that never comes does not keep the line busy', () => {
  speak('item_A', 400, 0);
  mouth.ended('resp_1', 'item_A', 'yes');
  mouth.tick(10_400);
  expect(mouth.silent).toBe(false);
  mouth.tick(10_401);
  expect(mouth.silent).toBe(true);
  expect(told().at(-1)).toBe('heard item_A "yes" 400/400');
});

test('marks that are none of ours say nothing', () => {
  speak('item_A', 400, 0);
  for (const name of ['', 'p', 'g1', 'g1:1', 'g1:9:400', 'g1:1:401', 'g2:1:400', 'g1:1:-4', 'g1:1:1e2']) {
    expect(mouth.echoed(name, 100), name).toBe(null);
  }
});

test('the end of the stream tells what was heard until then', () => {
  speak('item_A', 400, 0);
  mouth.ended('resp_1', 'item_A', 'one two');
  speak('item_B', 400, 0);
  mouth.words('resp_1', 'item_B', 'three four');
  told();
  mouth.close(600);
  expect(told()).toEqual([
    'heard item_A "one two" 400/400',
    'said item_B resp_1 "three four" 400',
    'heard item_B "three" 200/400 cut',
  ]);
});
