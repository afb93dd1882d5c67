const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const equals = 61;
const firstCode = 65;
const foreign = 0x8000;

/** The 12 bits of two characters, read as a little-endian number; `foreign` where one is not of the alphabet. */
const bitsOf = new Uint16Array(65_536).fill(foreign);
/** The two characters of 12 bits, as a little-endian number. */
const charsOf = new Uint16Array(4096);
for (let one = 0; one < alphabet.length; one++) {
  for (let two = 0; two < alphabet.length; two++) {
    const pair = alphabet.charCodeAt(one) | (alphabet.charCodeAt(two) << 8);
    bitsOf[pair] = (one << 6) | two;
    charsOf[(one << 6) | two] = pair;
  }
}

/** ASCII of a base64 text, seen as bytes and two by two. */
export interface Ascii {
  bytes: Uint8Array;
  pairs: Uint16Array;
}

/** Room for so many characters, a whole number of four. */
export function asciiOf(chars: number): Ascii {
  const bytes = new Uint8Array(chars);
  return { bytes, pairs: new Uint16Array(bytes.buffer) };
}

/**
 * Hot: decodes the characters `from` (even) to `to` and returns how many bytes they stand for; -1 if they are not whole,
 * padded base64 of the standard alphabet. `into` has room for three bytes of every four characters.
 */
export function decodeAscii({ bytes, pairs }: Ascii, from: number, to: number, into: Uint8Array): number {
  const chars = to - from;
  if (chars <= 0 || chars % 4 !== 0) return -1;
  const padding = bytes[to - 1] !== equals ? 0 : bytes[to - 2] === equals ? 2 : 1;
  const wholeTo = (padding === 0 ? to : to - 4) >> 1;
  let bad = 0;
  let at = 0;
  for (let i = from >> 1; i < wholeTo; i += 2) {
    const one = bitsOf[pairs[i] as number] as number;
    const two = bitsOf[pairs[i + 1] as number] as number;
    bad |= one | two;
    into[at] = one >> 4;
    into[at + 1] = (one << 4) | (two >> 8);
    into[at + 2] = two;
    at += 3;
  }
  if (padding > 0) {
    const one = bitsOf[pairs[wholeTo] as number] as number;
    bad |= one;
    into[at++] = one >> 4;
    if (padding === 1) {
      const two = bitsOf[(bytes[to - 2] as number) | (firstCode << 8)] as number;
      bad |= two;
      into[at++] = (one << 4) | (two >> 8);
    }
  }
  return (bad & foreign) === 0 ? at : -1;
}

/** Hot: writes the base64 of `audio`, `from` to `to`, at the even position `at`; returns where it ends. */
export function encodeAscii(audio: Uint8Array, from: number, to: number, into: Ascii, at: number): number {
  const { bytes, pairs } = into;
  const wholeTo = to - ((to - from) % 3);
  let pairAt = at >> 1;
  for (let i = from; i < wholeTo; i += 3) {
    const bits = ((audio[i] as number) << 16) | ((audio[i + 1] as number) << 8) | (audio[i + 2] as number);
    pairs[pairAt] = charsOf[bits >> 12] as number;
    pairs[pairAt + 1] = charsOf[bits & 0xfff] as number;
    pairAt += 2;
  }
  if (wholeTo === to) return pairAt * 2;
  const one = audio[wholeTo] as number;
  const two = wholeTo + 1 < to ? (audio[wholeTo + 1] as number) : 0;
  pairs[pairAt] = charsOf[(one << 4) | (two >> 4)] as number;
  const end = pairAt * 2 + 4;
  bytes[end - 2] = wholeTo + 1 < to ? (charsOf[(two & 15) << 8] as number) & 0xff : equals;
  bytes[end - 1] = equals;
  return end;
}
