import { appendEvent } from '../model/append.ts';
import { asciiOf, decodeAscii } from '../model/base64-ascii.ts';
import type { MediaFrame } from './frame.ts';

const eventMark = '{"event":"media","sequenceNumber":"';
const mediaMark = '","media":{"track":"inbound","chunk":"';
const timestampMark = '","timestamp":"';
const payloadMark = '","payload":"';
const quote = 34;
const brace = 125;
const digitsMax = 12;
/** A frame of 20 ms has some 350; what is longer goes to the full parser. */
const messageBytesMax = 4096;
/**
 * The message at hand, of whichever stream, with room for the event's end. It stands so that its payload begins at a
 * multiple of four: all before and in it is read in words.
 */
const scratch = asciiOf(messageBytesMax + 16);
const { bytes } = scratch;
const words = new Uint32Array(bytes.buffer);
/** The event's beginning in whole words, which end where the payload begins. */
const prefixWords = wordsBefore(appendEvent.prefix);
/** Its payload decoded, and a view of each length that came. */
const audio = new Uint8Array(messageBytesMax);
const views: Uint8Array[] = [];

/** Where the numbers stand and what stands around them, in the frames that arrive at present. */
interface Layout {
  /** Of the message in the scratch. */
  shift: number;
  /** All before the payload, in words of four bytes; bytes of numbers and before the message are zero. */
  words: Uint32Array;
  mask: Uint32Array;
  payloadFrom: number;
  tail: Uint8Array;
  /** From and to of the numbers' digits. */
  digits: readonly number[];
  timestampFrom: number;
  timestampTo: number;
}

/**
 * Cuts the payload out of one stream's media frames. The first frame of a layout is read number by number; the next
 * ones are compared with it word by word, in which only digits may differ. Whatever is cut here the full parser
 * would read the same.
 */
export class FrameSlicer {
  readonly #middles: readonly [middle: string, tail: string][];
  #layout: Layout | null = null;

  constructor(streamSid: string) {
    // The stream's id stands before the media or behind it. One that needs escapes is left to the full parser.
    const named = `"streamSid":"${streamSid}`;
    const isPlain = /^[\w-]{1,64}$/.test(streamSid);
    this.#middles = isPlain
      ? [
          [`",${named}${mediaMark}`, '"}}'],
          [mediaMark, `"},${named}"}`],
        ]
      : [];
  }

  /** Hot. False: not of a known layout, the full parser decides. */
  slice(message: Uint8Array, into: MediaFrame): boolean {
    const { length } = message;
    if (length > messageBytesMax) return false;
    let layout = this.#layout;
    bytes.set(message, layout === null ? 0 : layout.shift);
    if (layout === null || !fits(length, layout)) {
      layout = this.#learn(message);
      if (layout === null) return false;
      this.#layout = layout;
    }
    const from = layout.payloadFrom;
    const to = layout.shift + length - layout.tail.length;
    const audioBytes = decodeAscii(scratch, from, to, audio);
    if (audioBytes < 0) return false;
    let timestampMs = 0;
    for (let i = layout.timestampFrom; i < layout.timestampTo; i++)
      timestampMs = timestampMs * 10 + (bytes[i] as number) - 48;
    // The header is longer than the event's beginning, which takes its place.
    const prefixAt = from / 4 - prefixWords.length;
    for (let i = 0; i < prefixWords.length; i++) words[prefixAt + i] = prefixWords[i] as number;
    bytes[to] = quote;
    bytes[to + 1] = brace;
    into.event = bytes;
    into.from = from - appendEvent.prefix.length;
    into.to = to + 2;
    into.audio = views[audioBytes] ??= audio.subarray(0, audioBytes);
    into.timestampMs = timestampMs;
    return true;
  }

  /** Leaves the message where its layout wants it. */
  #learn(message: Uint8Array): Layout | null {
    const { length } = message;
    bytes.set(message);
    const text = Buffer.from(bytes.buffer).toString('latin1', 0, length);
    if (!text.startsWith(eventMark)) return null;
    const sequenceTo = digitsEnd(eventMark.length);
    const found = this.#middles.find(([middle]) => sequenceTo >= 0 && text.startsWith(middle, sequenceTo));
    if (!found) return null;
    const [middle, tail] = found;
    const chunkFrom = sequenceTo + middle.length;
    const chunkTo = digitsEnd(chunkFrom);
    if (chunkTo < 0 || !text.startsWith(timestampMark, chunkTo)) return null;
    const timestampFrom = chunkTo + timestampMark.length;
    const timestampTo = digitsEnd(timestampFrom);
    if (timestampTo < 0 || !text.startsWith(payloadMark, timestampTo)) return null;
    const headerBytes = timestampTo + payloadMark.length;
    if (!text.endsWith(tail) || length - tail.length <= headerBytes) return null;
    const digits = [eventMark.length, sequenceTo, chunkFrom, chunkTo, timestampFrom, timestampTo];
    const layout = layoutOf(headerBytes, tail, digits);
    bytes.set(message, layout.shift);
    return layout;
  }
}

function wordsBefore(text: string): Uint32Array {
  const whole = new Uint8Array(Math.ceil(text.length / 4) * 4);
  whole.set(Buffer.from(text), whole.length - text.length);
  return new Uint32Array(whole.buffer);
}

function layoutOf(headerBytes: number, tail: string, digitsOfMessage: readonly number[]): Layout {
  const shift = -headerBytes & 3;
  const digits = digitsOfMessage.map((at) => shift + at);
  const payloadFrom = shift + headerBytes;
  const header = new Uint8Array(payloadFrom);
  const mask = new Uint8Array(payloadFrom);
  header.set(bytes.subarray(0, headerBytes), shift);
  mask.fill(0xff, shift);
  for (let i = 0; i < digits.length; i += 2) {
    mask.fill(0, digits[i], digits[i + 1]);
    header.fill(0, digits[i], digits[i + 1]);
  }
  return {
    shift,
    words: new Uint32Array(header.buffer),
    mask: new Uint32Array(mask.buffer),
    payloadFrom,
    tail: new Uint8Array(Buffer.from(tail)),
    digits,
    timestampFrom: digits[4] as number,
    timestampTo: digits[5] as number,
  };
}

function fits(length: number, layout: Layout): boolean {
  const { words: expected, mask, payloadFrom, tail, digits } = layout;
  const tailFrom = layout.shift + length - tail.length;
  if (tailFrom <= payloadFrom) return false;
  let differs = 0;
  for (let i = 0; i < expected.length; i++)
    differs |= ((words[i] as number) & (mask[i] as number)) ^ (expected[i] as number);
  for (let i = 0; i < tail.length; i++) differs |= (bytes[tailFrom + i] as number) ^ (tail[i] as number);
  if (differs !== 0) return false;
  for (let range = 0; range < digits.length; range += 2) {
    const to = digits[range + 1] as number;
    for (let i = digits[range] as number; i < to; i++) if (((bytes[i] as number) - 48) >>> 0 > 9) return false;
  }
  return true;
}

/** The position of the quote behind one to twelve digits, else -1. */
function digitsEnd(from: number): number {
  for (let at = from; at - from <= digitsMax; at++) {
    const code = bytes[at] as number;
    if (code === quote) return at > from ? at : -1;
    if (code < 48 || code > 57) return -1;
  }
  return -1;
}
