import { FRAME_BYTES } from '../../voice/index.ts';
import { seededRandom } from '../../model/options.ts';
import { base64Of, type Phrase, type PhraseBook, tagFrame } from '../voice/phrases.ts';

const bytesPerMs = 8;
/** Lengths of deltas, odd ones from a tenth of a second to a second: a client that relies on a length must fail. */
const deltaBytesMin = 801;
const deltaBytesSpan = 3_601;
/** Ways in which each answer is cut, chosen in turn. */
const cutsMax = 3;
const seed = 20_261_123;

/** One delta of an answer. The first holds the tag, so it is encoded anew for each turn. */
export interface Piece {
  base64: string;
  fromByte: number;
  toByte: number;
  ms: number;
  /** Words of the transcript that go ahead of it. */
  words: string;
}

export interface CutAnswer {
  phrase: Phrase;
  pieces: readonly Piece[];
  ms: number;
}

/** Answers as the model sends them, cut and encoded ahead. */
export class Answers {
  readonly #cuts: readonly (readonly CutAnswer[])[];

  constructor(book: PhraseBook) {
    const random = seededRandom(seed);
    this.#cuts = book.phrases.map((phrase) => Array.from({ length: cutsMax }, () => cut(phrase, random)));
  }

  of(number: number, occasion: number): CutAnswer {
    const cuts = this.#cuts[number % this.#cuts.length] as readonly CutAnswer[];
    return cuts[occasion % cuts.length] as CutAnswer;
  }
}

/** The first delta with the tag of who is answered. */
export function taggedPiece({ phrase, pieces }: CutAnswer, line: number, turn: number): string {
  const bytes = phrase.bytes.slice(0, (pieces[0] as Piece).toByte);
  bytes.set(tagFrame(phrase, line, turn));
  return base64Of(bytes);
}

function cut(phrase: Phrase, random: () => number): CutAnswer {
  const pieces: Piece[] = [];
  const { length } = phrase.bytes;
  let said = 0;
  for (let at = 0; at < length;) {
    const to = Math.min(length, at + deltaBytesMin + 2 * Math.floor(random() * deltaBytesSpan));
    const share = to === length ? phrase.words.length : Math.ceil((phrase.words.length * to) / length);
    const blank = phrase.words.indexOf(' ', share);
    const end = to === length || blank < 0 ? phrase.words.length : blank;
    const base64 = at === 0 ? '' : base64Of(phrase.bytes.subarray(at, to));
    pieces.push({
      base64,
      fromByte: at,
      toByte: to,
      ms: (to - at) / bytesPerMs,
      words: phrase.words.slice(said, Math.max(said, end)),
    });
    said = Math.max(said, end);
    at = to;
  }
  return { phrase, pieces, ms: length / bytesPerMs };
}

/** Frames whose last byte is within the first `bytes`. */
export const framesWithin = (bytes: number): number => Math.floor(bytes / FRAME_BYTES);
