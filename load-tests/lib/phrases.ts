import { encodeUtterance } from '../../src/sim/voice/encode.ts';
import { wordsOf } from './words.ts';

/** Something that callers say: encoded once, said in many calls. */
export interface Phrase {
  readonly text: string;
  /** What the model makes of it, where it gives back what it heard. */
  readonly answer: string | null;
  /** Base64 of each frame. */
  readonly payloads: readonly string[];
}

export type Base64 = (bytes: Uint8Array) => string;

export const ECHO = 'You said:';
const NUMBERS =
  'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty';

/** Some three seconds each, each different, none of which the fake model has an answer of its own to. */
function sentences(): string[] {
  return wordsOf(NUMBERS).map((number) => `I was thinking about item ${number} on my little list.`);
}

const GOODBYE = 'That is all for now. Goodbye.';
const STOP = 'Wait a moment, I wanted to say something else.';

/** What a generator's callers say. */
export class Phrases {
  readonly turns: readonly Phrase[];
  readonly interruption: Phrase;
  readonly goodbye: Phrase;
  readonly silence: string;

  constructor(base64: Base64) {
    const encode = (text: string, index: number, isEchoed: boolean): Phrase => ({
      text,
      answer: isEchoed ? `${ECHO} ${text}` : null,
      payloads: encodeUtterance(text, { utterance: index + 1, speaker: 'caller' }).map(base64),
    });
    const texts = sentences();
    this.turns = texts.map((text, index) => encode(text, index, true));
    this.interruption = encode(STOP, texts.length, true);
    this.goodbye = encode(GOODBYE, texts.length + 1, false);
    this.silence = base64(new Uint8Array(160).fill(0xff));
  }
}
