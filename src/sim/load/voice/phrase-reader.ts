import { FRAME_BYTES, isSilence, readFrame, type Speaker, type VoiceFrame } from '../../voice/index.ts';
import { nobody, readTag, tagChars } from './name-tag.ts';
import type { Phrase, PhraseBook } from './phrases.ts';

const padding = Buffer.alloc(FRAME_BYTES, 0xff);
/** What the strict fake model says before the words that it gives back, the tag first. */
const echo = 'You said: ';
/** A word of speech in frames: what is counted of lost frames whose words nobody knows. */
const framesPerWord = 18;

/** What one frame of 20 ms turned out to be. */
export const heard = {
  /** Padding, or too quiet to be anything. */
  silence: 0,
  /** The next frame of an utterance, or the first one of another. */
  speech: 1,
  /** The same, the last one of its utterance. */
  end: 2,
  /** One that was heard before, or comes after a later one. */
  again: 3,
  /** Sound that is no frame of the simulated voice, or a damaged one. */
  strange: 4,
} as const;
export type Heard = (typeof heard)[keyof typeof heard];

/** Something said that stands in no book. */
interface Unknown {
  speaker: Speaker;
  utterance: number;
  /** Its first words. */
  text: string;
  endsInBlank: boolean;
}

/**
 * Follows utterances frame by frame. A frame of the book that is the expected one costs a comparison of memory; first
 * frames, faulty ones, and what stands in no book are decoded.
 */
export class PhraseReader {
  readonly #book: PhraseBook;
  #bytes: Buffer = padding;
  /** The phrase of the book that is being heard, or was last; null where it is in none. */
  phrase: Phrase | null = null;
  #unknown: Unknown | null = null;
  /** Number of the frame that was heard last. */
  frame = -1;
  /** Whose utterance it is, by its first words; {@link nobody} where they do not say. */
  line = nobody;
  turn = -1;
  /** Its last frame has not come yet. */
  isOpen = false;
  frames = 0;
  words = 0;
  /** Frames left out, those at the end of an utterance only once another one begins or `miss` says so. */
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
    if (this.isOpen && phrase && this.#isFrame(this.frame + 1, samples, at))
      return this.#follow(phrase, this.frame + 1);
    if (samples.compare(padding, 0, FRAME_BYTES, at, at + FRAME_BYTES) === 0) return heard.silence;
    return this.#look(samples, at);
  }

  /** What is left of the utterance will not come, and was not meant to. */
  cut(): void {
    this.isOpen = false;
  }

  /** What is left of the utterance did not come. */
  miss(): void {
    if (this.isOpen) this.#lose(this.frame + 1, this.phrase?.frameCount ?? this.frame + 2);
    this.isOpen = false;
  }

  #isFrame(frame: number, samples: Buffer, at: number): boolean {
    const from = frame * FRAME_BYTES;
    return samples.compare(this.#bytes, from, from + FRAME_BYTES, at, at + FRAME_BYTES) === 0;
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
    if (voice === null) {
      if (isSilence(samples.subarray(at, at + FRAME_BYTES))) return heard.silence;
      this.strange++;
      return heard.strange;
    }
    const phrase = this.#isKnown(voice) ? null : this.#phraseOf(voice, samples, at);
    if (phrase === null) return this.#takeUnknown(voice);
    if (voice.frame === 0) return this.#begin(phrase, voice);
    if (phrase !== this.phrase) this.#join(phrase);
    return this.#place(voice.frame, this.frame) ?? this.#follow(phrase, voice.frame);
  }

  /** It goes on with what stands in no book; frames without words may be the same as those of the book. */
  #isKnown({ speaker, utterance, frame }: VoiceFrame): boolean {
    const unknown = this.#unknown;
    return unknown?.speaker === speaker && unknown.utterance === utterance && (this.isOpen || frame > 0);
  }

  /** The phrase of the book that this frame is of: by its tag the first one, by all of its bytes another. */
  #phraseOf(voice: VoiceFrame, samples: Buffer, at: number): Phrase | null {
    const phrase = voice.speaker === this.#book.speaker ? this.#book.phrases[voice.utterance] : undefined;
    if (!phrase || voice.frame >= phrase.frameCount) return null;
    if (voice.frame === 0) return readTag(voice.text) === null ? null : phrase;
    const from = voice.frame * FRAME_BYTES;
    const isSame = samples.compare(phrase.bytes, from, from + FRAME_BYTES, at, at + FRAME_BYTES) === 0;
    return isSame ? phrase : null;
  }

  /** Null: a frame to go on with, those before it are counted as lost. */
  #place(frame: number, last: number): Heard | null {
    if (frame <= last || !this.isOpen) {
      this.repeated++;
      return heard.again;
    }
    if (frame > last + 1) this.#lose(last + 1, frame);
    return null;
  }

  #begin(phrase: Phrase, voice: VoiceFrame): Heard {
    const tag = readTag(voice.text);
    if (phrase === this.phrase && tag?.line === this.line && tag.turn === this.turn) {
      this.repeated++;
      return heard.again;
    }
    this.#join(phrase);
    this.line = tag?.line ?? nobody;
    this.turn = tag?.turn ?? -1;
    return this.#follow(phrase, 0);
  }

  #join(phrase: Phrase): void {
    this.#open(phrase, null);
    this.#bytes = Buffer.from(phrase.bytes.buffer, phrase.bytes.byteOffset, phrase.bytes.length);
  }

  #open(phrase: Phrase | null, unknown: Unknown | null): void {
    this.miss();
    this.phrase = phrase;
    this.#unknown = unknown;
    this.frame = -1;
    this.line = nobody;
    this.turn = -1;
    this.isOpen = true;
  }

  #takeUnknown(voice: VoiceFrame): Heard {
    const { speaker, utterance, frame, last, text } = voice;
    if (!this.#isKnown(voice)) this.#open(null, { speaker, utterance, text: '', endsInBlank: true });
    const again = this.#place(frame, this.frame);
    if (again !== null) return again;
    this.frame = frame;
    this.frames++;
    this.isOpen = !last;
    this.#read(this.#unknown as Unknown, text);
    return last ? heard.end : heard.speech;
  }

  #read(unknown: Unknown, text: string): void {
    for (const character of text) {
      const isBlank = character === ' ';
      if (!isBlank && unknown.endsInBlank) this.words++;
      unknown.endsInBlank = isBlank;
    }
    const tagEnd = echo.length + tagChars;
    if (unknown.text.length >= tagEnd) return;
    unknown.text += text;
    if (unknown.text.length < tagEnd || !unknown.text.startsWith(echo)) return;
    const tag = readTag(unknown.text.slice(echo.length));
    this.line = tag?.line ?? nobody;
    this.turn = tag?.turn ?? -1;
  }

  #lose(from: number, to: number): void {
    const { phrase } = this;
    this.lost += to - from;
    if (phrase) for (let frame = from; frame < to; frame++) this.wordsLost += phrase.wordsIn[frame] as number;
    else this.wordsLost += Math.ceil((to - from) / framesPerWord);
  }
}
