import { describe, expect, test } from 'vitest';
import { RULES } from '../../model/rules.ts';
import { encodeUtterance, FRAME_BYTES, VoiceReader } from '../../voice/index.ts';
import { phrasesMax } from '../model/model-options.ts';
import { nobody, readTag, writeTag } from './name-tag.ts';
import { type Phrase, phraseBook, tagFrame } from './phrases.ts';
import { heard, PhraseReader } from './phrase-reader.ts';

const book = phraseBook({ speaker: 'assistant', seconds: 1, count: 12 });
const phraseAt = (number: number): Phrase => book.phrases[number] as Phrase;

/** Phrase `number` with a tag, as it is on the line. */
function spoken(number: number, line: number, turn: number): Buffer {
  const phrase = phraseAt(number);
  const bytes = Buffer.from(phrase.bytes);
  bytes.set(tagFrame(phrase, line, turn));
  return bytes;
}

function readAll(reader: PhraseReader, bytes: Buffer): number[] {
  const kinds: number[] = [];
  for (let at = 0; at < bytes.length; at += FRAME_BYTES) kinds.push(reader.take(bytes, at));
  return kinds;
}

const frameOf = (bytes: Buffer, frame: number): Buffer =>
  bytes.subarray(frame * FRAME_BYTES, (frame + 1) * FRAME_BYTES);

describe('name tags', () => {
  test('are read back, and fit into a frame', () => {
    for (const line of [0, 1, 65_534, nobody]) {
      for (const turn of [0, 7, 255]) expect(readTag(writeTag(line, turn))).toEqual({ line, turn });
    }
    expect(readTag(writeTag(3, 256))).toEqual({ line: 3, turn: 0 });
    expect(readTag('The bakery')).toBeNull();
    expect(readTag('')).toBeNull();
  });
});

describe('phrases', () => {
  test('are the simulated voice, whole, with their tag and their words', () => {
    const reader = new VoiceReader();
    reader.push(spoken(4, 77, 3));
    reader.end();
    expect(reader.intact).toBe(true);
    expect(reader.spans).toHaveLength(1);
    expect(reader.spans[0]).toMatchObject({ speaker: 'assistant', utterance: 4, missing: 0, ended: true });
    expect(reader.text()).toBe(writeTag(77, 3) + phraseAt(4).words);
  });

  test('count their words, the tag as one, and hold no digits', () => {
    for (const phrase of book.phrases) {
      const words = phrase.words.split(' ').length + 1;
      expect(phrase.wordsIn.reduce((sum, count) => sum + count, 0)).toBe(words);
      expect(phrase.words).not.toMatch(/\d/);
    }
    expect(new Set(book.phrases.map(({ words }) => words)).size).toBe(book.phrases.length);
  });

  test('are loud enough for a detector from the first frames to the last', () => {
    for (const { isLoud, frameCount } of book.phrases) {
      let quiet = 0;
      let longest = 0;
      for (const loud of isLoud) longest = Math.max(longest, (quiet = loud ? 0 : quiet + 1));
      expect(longest).toBeLessThan(5);
      expect(isLoud.slice(frameCount - 5)).toContain(1);
    }
  });
});

describe('the phrase reader', () => {
  test('hears a whole phrase frame by frame, silence around it', () => {
    const reader = new PhraseReader(book);
    const padding = Buffer.alloc(FRAME_BYTES, 0xff);
    expect(reader.take(padding, 0)).toBe(heard.silence);
    const kinds = readAll(reader, spoken(2, 9, 1));
    expect(kinds.slice(0, -1).every((kind) => kind === heard.speech)).toBe(true);
    expect(kinds.at(-1)).toBe(heard.end);
    expect(reader.take(padding, 0)).toBe(heard.silence);
    const { line, turn, frames, lost, repeated, strange, isOpen, wordsLost } = reader;
    const { frameCount } = phraseAt(2);
    expect({ line, turn, frames, lost, repeated, strange, isOpen, wordsLost }).toEqual({
      ...{ line: 9, turn: 1, frames: frameCount, lost: 0, repeated: 0, strange: 0, isOpen: false, wordsLost: 0 },
    });
    expect(reader.words).toBe(phraseAt(2).words.split(' ').length + 1);
  });

  test('counts frames that are lost, repeated, damaged and from elsewhere', () => {
    const reader = new PhraseReader(book);
    const bytes = spoken(5, 1, 0);
    for (const frame of [0, 1, 2, 2, 6, 5]) reader.take(frameOf(bytes, frame), 0);
    expect([reader.lost, reader.repeated, reader.strange]).toEqual([3, 2, 0]);
    const damaged = Buffer.from(frameOf(bytes, 7));
    damaged[60] = (damaged[60] as number) ^ 1;
    expect(reader.take(damaged, 0)).toBe(heard.strange);
    expect(reader.strange).toBe(1);
    readAll(reader, spoken(6, 1, 1));
    expect(reader.lost).toBe(3 + phraseAt(5).frameCount - 7);
  });

  test('the words of what is lost are missing, the words of what was cut are not', () => {
    const lost = new PhraseReader(book);
    const cut = new PhraseReader(book);
    const beginning = spoken(3, 1, 0).subarray(0, 10 * FRAME_BYTES);
    for (const reader of [lost, cut]) readAll(reader, beginning);
    lost.miss();
    cut.cut();
    expect(lost.words + lost.wordsLost).toBe(phraseAt(3).words.split(' ').length + 1);
    expect(lost.wordsLost).toBeGreaterThan(0);
    expect([cut.lost, cut.wordsLost]).toEqual([0, 0]);
  });

  test('a phrase without its beginning is nobody’s', () => {
    const reader = new PhraseReader(book);
    readAll(reader, spoken(1, 4, 4).subarray(3 * FRAME_BYTES));
    expect([reader.line, reader.lost]).toEqual([nobody, 3]);
  });

  test('follows what stands in no book by its own numbers, and finds the tag in what is given back', () => {
    const reader = new PhraseReader(book);
    const said = `You said: ${writeTag(12, 5)}${phraseAt(0).words}`;
    const frames = encodeUtterance(said, { utterance: 3, speaker: 'assistant' }).map((frame) => Buffer.from(frame));
    const kinds = frames.filter((_, index) => index !== 70).map((frame) => reader.take(frame, 0));
    expect(kinds.at(-1)).toBe(heard.end);
    expect(new Set(kinds.slice(0, -1))).toEqual(new Set([heard.speech]));
    const { line, turn, lost, wordsLost, repeated, strange, phrase } = reader;
    expect({ line, turn, lost, wordsLost, repeated, strange, phrase }).toEqual({
      ...{ line: 12, turn: 5, lost: 1, wordsLost: 1, repeated: 0, strange: 0, phrase: null },
    });
    expect(reader.words).toBeGreaterThanOrEqual(said.split(' ').length - 1);
    expect(reader.take(frames[7] as Buffer, 0)).toBe(heard.again);
  });

  test('what is said by somebody else is not taken for a phrase of the book with the same number', () => {
    const reader = new PhraseReader(book);
    for (const frame of encodeUtterance('Something else.', { utterance: 2, speaker: 'assistant' })) {
      reader.take(Buffer.from(frame), 0);
    }
    expect([reader.phrase, reader.line, reader.words, reader.lost, reader.strange]).toEqual([null, nobody, 2, 0, 0]);
  });

  test('the strict fake gives every question back: none of them is something that it has an answer to', () => {
    const questions = phraseBook({ speaker: 'caller', seconds: 3, count: phrasesMax });
    for (const { words } of questions.phrases) {
      const text = writeTag(1, 2) + words;
      expect(RULES.filter(({ when }) => when.test(text.toLowerCase())).map(({ name }) => name)).toEqual([]);
    }
  });

  test('the same phrase said again begins again', () => {
    const reader = new PhraseReader(book);
    readAll(reader, spoken(1, 4, 4));
    readAll(reader, spoken(1, 4, 5));
    expect([reader.turn, reader.lost, reader.repeated, reader.frames]).toEqual([5, 0, 0, 2 * phraseAt(1).frameCount]);
  });
});
