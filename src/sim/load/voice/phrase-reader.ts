import { FRAME_BYTES, isSilence, readFrame, type VoiceFrame } from '../../voice/index.ts';
import { nobody, readTag } from './name-tag.ts';
import type { Phrase, PhraseBook } from './phrases.ts';

const padding = Buffer.alloc(FRAME_BYTES, 0xff);

/** What one frame of 20 ms turned out to be. */
export const heard = {
  /** Padding, or too quiet to be anything. */
  silence: 0,
  /** The next frame of the phrase, or the first one of another. */
  speech: 1,
  /** The same, the last one of its phrase. */
  end: 2,
  /** One that was heard before, or comes after a later one. */
  again: 3,
  /** Sound that is no frame of a phrase in the book, or a damaged one. */
  strange: 4,
} as const;
export type Heard = (typeof heard)[keyof typeof heard];

/**
 * Follows phrases of one book frame by frame. A frame that is the expected one costs a comparison of memory; only first
 * frames and faulty ones are decoded.
 */
export class PhraseReader {
  readonly #book: PhraseBook;
  #bytes: Buffer = padding;
  /** The phrase that was heard last; null before the first. */
  phrase: Phrase | null = null;
  /** Number of the frame that was heard last. */
  frame = -1;
  /** Whose phrase it is, by its first frame; {@link nobody} where that was lost. */
  line = nobody;
  turn = -1;
  /** Its last frame has not come yet. */
  isOpen = false;
  frames = 0;
  words = 0;
  /** Frames left out, those at the end of a phrase only once another one begins or `skip` says so. */
  lost = 0;
  wordsLost = 0;
  repeated = 0;
  strange = 0;

  constructor(book: PhraseBook) {
    this.#book = book;
  }

  /** The next 160 bytes. */
  take(samples: Buffer, at: number): Heard {
    const { phrase } = this;
    if (this.isOpen && phrase) {
      const from = (this.frame + 1) * FRAME_BYTES;
      if (samples.compare(this.#bytes, from, from + FRAME_BYTES, at, at + FRAME_BYTES) === 0) {
        return this.#follow(phrase, this.frame + 1);
      }
    }
    if (samples.compare(padding, 0, FRAME_BYTES, at, at + FRAME_BYTES) === 0) return heard.silence;
    return this.#look(samples, at);
  }

  /** What is left of the phrase will not come, and was not meant to. */
  cut(): void {
    this.isOpen = false;
  }

  /** What is left of the phrase did not come. */
  miss(): void {
    const { phrase } = this;
    if (this.isOpen && phrase) this.#lose(phrase, this.frame + 1, phrase.frameCount);
    this.isOpen = false;
  }

  #follow(phrase: Phrase, frame: number): Heard {
    this.frame = frame;
    this.frames++;
    this.words += phrase.wordsIn[frame] as number;
    this.isOpen = frame + 1 < phrase.frameCount;
    return this.isOpen ? heard.speech : heard.end;
  }

  #look(samples: Buffer, at: number): Heard {
    const voice = readFrame(samples, at);
    const phrase = voice?.speaker === this.#book.speaker ? this.#book.phrases[voice.utterance] : undefined;
    if (!voice || !phrase || voice.frame >= phrase.frameCount) {
      if (voice === null && isSilence(samples.subarray(at, at + FRAME_BYTES))) return heard.silence;
      this.strange++;
      return heard.strange;
    }
    if (voice.frame === 0) return this.#begin(phrase, voice);
    if (phrase !== this.phrase) return this.#join(phrase, voice.frame);
    if (voice.frame > this.frame && this.isOpen) {
      this.#lose(phrase, this.frame + 1, voice.frame);
      return this.#follow(phrase, voice.frame);
    }
    this.repeated++;
    return heard.again;
  }

  #begin(phrase: Phrase, voice: VoiceFrame): Heard {
    const tag = readTag(voice.text);
    const isAgain = phrase === this.phrase && tag?.line === this.line && tag.turn === this.turn;
    if (isAgain) {
      this.repeated++;
      return heard.again;
    }
    this.#open(phrase);
    this.line = tag?.line ?? nobody;
    this.turn = tag?.turn ?? -1;
    return this.#follow(phrase, 0);
  }

  /** In the middle of a phrase whose beginning was lost. */
  #join(phrase: Phrase, frame: number): Heard {
    this.#open(phrase);
    this.line = nobody;
    this.turn = -1;
    this.#lose(phrase, 0, frame);
    return this.#follow(phrase, frame);
  }

  #open(phrase: Phrase): void {
    this.miss();
    this.phrase = phrase;
    this.#bytes = Buffer.from(phrase.bytes.buffer, phrase.bytes.byteOffset, phrase.bytes.length);
  }

  #lose(phrase: Phrase, from: number, to: number): void {
    this.lost += to - from;
    for (let frame = from; frame < to; frame++) this.wordsLost += phrase.wordsIn[frame] as number;
  }
}
