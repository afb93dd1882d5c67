import { energy, encodeUtterance, FRAME_BYTES, joinBytes, type Speaker } from '../../voice/index.ts';
import { writeFrame } from '../../voice/frame.ts';
import { tagChars, writeTag } from './name-tag.ts';

const framesPerSecond = 50;
/** Of a person who is not in a hurry. */
const charsPerSecond = 12;
/** Root mean square of a frame that a detector takes for speech, at the threshold that Aida asks for. */
export const loudEnergy = 0.012;

/** Something that is said again and again, encoded once. Only its first frame differs: see {@link tagFrame}. */
export interface Phrase {
  /** Place in its book, and the number of the utterance. */
  readonly number: number;
  readonly speaker: Speaker;
  /** What is said after the tag. */
  readonly words: string;
  readonly frameCount: number;
  /** All frames, one behind the other; the first one is only a place for the tag's. */
  readonly bytes: Uint8Array;
  /** Base64 of each frame alone. */
  readonly base64: readonly string[];
  /** By frame: a detector takes it for speech. */
  readonly isLoud: Uint8Array;
  /** By frame: words that begin in it, the tag's in the first. */
  readonly wordsIn: Uint8Array;
}

/** What one kind of speaker says. */
export interface PhraseBook {
  readonly speaker: Speaker;
  readonly phrases: readonly Phrase[];
}

export interface PhraseBookOptions {
  speaker: Speaker;
  /** How long each one lasts; lengths differ by some words. */
  seconds: number;
  count: number;
}

const subjects = [
  'The bakery',
  'Our kitchen',
  'The counter',
  'This street',
  'The garden',
  'Your order',
  'My neighbour',
];
const verbs = ['keeps', 'brings', 'finds', 'wants', 'remembers', 'prefers'];
const things = ['warm bread', 'green tea', 'coffee beans', 'fresh soup', 'a quiet table', 'lemon cake', 'good news'];
const times = ['in the morning', 'after lunch', 'on market days', 'every evening', 'when it rains'];

/** Sentences without digits, names and wishes: nothing in them is redacted, asked for or acted on. */
function sentences(number: number, charsMin: number): string {
  const of = (list: readonly string[], step: number): string => list[(number + step) % list.length] ?? '';
  let text = '';
  for (let step = 0; text.length < charsMin; step += number + 1) {
    text += `${of(subjects, step)} ${of(verbs, 2 * step)} ${of(things, 3 * step)} ${of(times, step)}. `;
  }
  return text.trimEnd();
}

export function phraseBook({ speaker, seconds, count }: PhraseBookOptions): PhraseBook {
  const phrases = Array.from({ length: count }, (_, number) => encode(speaker, number, seconds));
  return { speaker, phrases };
}

function encode(speaker: Speaker, number: number, seconds: number): Phrase {
  const blank = ' '.repeat(tagChars);
  const words = sentences(number, seconds * charsPerSecond);
  const wanted = Math.round(seconds * framesPerSecond) + (number % 5) - 2;
  const frames = encodeUtterance(blank + words, {
    utterance: number,
    speaker,
    charsPerSecond: ((tagChars + words.length) / wanted) * framesPerSecond,
  });
  const bytes = joinBytes(frames);
  // The tag is said in the first frame alone, so nothing of its place may be left in the others.
  const texts = spread(words, frames.length);
  texts.forEach((text, frame) => writeText(bytes, frame, { speaker, number, frames: frames.length }, text));
  return {
    number,
    speaker,
    words,
    frameCount: frames.length,
    bytes,
    base64: frames.map((_, frame) => base64Of(bytes.subarray(frame * FRAME_BYTES, (frame + 1) * FRAME_BYTES))),
    isLoud: Uint8Array.from(frames, (samples) => (energy(samples) >= loudEnergy ? 1 : 0)),
    wordsIn: wordsByFrame(texts),
  };
}

/** Words of frames 1 and on: so many characters each that all are said by the last one. */
function spread(words: string, frames: number): string[] {
  const texts: string[] = [''];
  for (let frame = 1, at = 0; frame < frames; frame++) {
    const to = Math.ceil((words.length * frame) / (frames - 1));
    texts.push(words.slice(at, to));
    at = to;
  }
  return texts;
}

function wordsByFrame(texts: readonly string[]): Uint8Array {
  let before = ' ';
  return Uint8Array.from(texts, (text, frame) => {
    let begun = frame === 0 ? 1 : 0;
    for (const character of text) {
      if (character !== ' ' && before === ' ') begun++;
      before = character;
    }
    return begun;
  });
}

interface Place {
  speaker: Speaker;
  number: number;
  frames: number;
}

function writeText(bytes: Uint8Array, frame: number, { speaker, number, frames }: Place, text: string): void {
  const head = { utterance: number, frame, speaker, generation: 0, last: frame === frames - 1 };
  writeFrame(bytes, frame * FRAME_BYTES, head, Buffer.from(text, 'latin1'));
}

/** The first frame of a phrase with the tag of this line and turn in it. */
export function tagFrame(phrase: Phrase, line: number, turn: number): Uint8Array {
  const frame = phrase.bytes.slice(0, FRAME_BYTES);
  const place = { speaker: phrase.speaker, number: phrase.number, frames: phrase.frameCount };
  writeText(frame, 0, place, writeTag(line, turn));
  return frame;
}

export function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
