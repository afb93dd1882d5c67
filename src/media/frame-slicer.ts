import { appendEvent } from '../model/append.ts';
import { base64BytesIn } from '../model/base64.ts';
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
/** The message at hand, with room for the event's end. */
const bytes = Buffer.alloc(messageBytesMax + 8);
const pairs = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
const prefix = new Uint8Array(Buffer.from(appendEvent.prefix));

/** Where the numbers stand and what stands around them, in the frames that arrive at present. */
interface Layout {
  /** All before the payload, in words of four bytes and what is left; bytes of numbers are zero. */
  words: Uint32Array;
  mask: Uint32Array;
  rest: Uint8Array;
  headerBytes: number;
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
    bytes.set(message);
    let layout = this.#layout;
    if (layout === null || !fits(length, layout)) {
      layout = this.#learn(length);
      if (layout === null) return false;
      this.#layout = layout;
    }
    const from = layout.headerBytes;
    const to = length - layout.tail.length;
    const audioBytes = base64BytesIn(bytes, pairs, from, to);
    if (audioBytes < 0) return false;
    let timestampMs = 0;
    for (let i = layout.timestampFrom; i < layout.timestampTo; i++)
      timestampMs = timestampMs * 10 + (bytes[i] as number) - 48;
    // The header is longer than the event's beginning, which takes its place.
    bytes.set(prefix, from - prefix.length);
    bytes[to] = quote;
    bytes[to + 1] = brace;
    into.event = bytes.toString('latin1', from - prefix.length, to + 2);
    into.bytes = audioBytes;
    into.timestampMs = timestampMs;
    return true;
  }

  #learn(length: number): Layout | null {
    const text = bytes.toString('latin1', 0, length);
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
    return layoutOf(headerBytes, tail, [eventMark.length, sequenceTo, chunkFrom, chunkTo, timestampFrom, timestampTo]);
  }
}

function layoutOf(headerBytes: number, tail: string, digits: readonly number[]): Layout {
  const header = new Uint8Array(bytes.subarray(0, headerBytes));
  const mask = new Uint8Array(headerBytes).fill(0xff);
  for (let i = 0; i < digits.length; i += 2) {
    mask.fill(0, digits[i], digits[i + 1]);
    header.fill(0, digits[i], digits[i + 1]);
  }
  const whole = headerBytes >> 2;
  return {
    words: new Uint32Array(header.buffer, 0, whole),
    mask: new Uint32Array(mask.buffer, 0, whole),
    rest: header.slice(whole * 4),
    headerBytes,
    tail: new Uint8Array(Buffer.from(tail)),
    digits,
    timestampFrom: digits[4] as number,
    timestampTo: digits[5] as number,
  };
}

function fits(length: number, layout: Layout): boolean {
  const { words: expected, mask, rest, headerBytes, tail, digits } = layout;
  const tailFrom = length - tail.length;
  if (tailFrom <= headerBytes) return false;
  let differs = 0;
  for (let i = 0; i < expected.length; i++)
    differs |= ((words[i] as number) & (mask[i] as number)) ^ (expected[i] as number);
  const restFrom = expected.length * 4;
  for (let i = 0; i < rest.length; i++) differs |= (bytes[restFrom + i] as number) ^ (rest[i] as number);
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
