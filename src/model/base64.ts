const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const equals = 61;

/** 0 for each pair of bytes, read as a little-endian number, of which both are of the alphabet. */
const foreignPairs = new Uint8Array(65_536).fill(1);
const foreign = new Uint8Array(256).fill(1);
for (let i = 0; i < alphabet.length; i++) {
  foreign[alphabet.charCodeAt(i)] = 0;
  for (let j = 0; j < alphabet.length; j++) foreignPairs[alphabet.charCodeAt(i) | (alphabet.charCodeAt(j) << 8)] = 0;
}

const scratch = Buffer.alloc(64 * 1024);

/**
 * Hot: how many bytes the characters `from`…`to` stand for; -1 if they are not whole, padded base64. `pairs` are the
 * same bytes, two by two.
 */
export function base64BytesIn(bytes: Uint8Array, pairs: Uint16Array, from: number, to: number): number {
  const chars = to - from;
  if (chars <= 0 || chars % 4 !== 0) return -1;
  const padding = bytes[to - 1] !== equals ? 0 : bytes[to - 2] === equals ? 2 : 1;
  const end = to - padding;
  let bad = (foreign[bytes[from] as number] as number) | (foreign[bytes[end - 1] as number] as number);
  const lastPair = end >> 1;
  for (let i = (from + 1) >> 1; i < lastPair; i++) bad |= foreignPairs[pairs[i] as number] as number;
  return bad === 0 ? (chars / 4) * 3 - padding : -1;
}

/** How many bytes a payload stands for; -1 if it is not whole, padded base64 of the standard alphabet. */
export function base64Bytes(payload: string): number {
  const { length } = payload;
  if (length === 0 || length % 4 !== 0 || payload.includes('-') || payload.includes('_')) return -1;
  // A character beyond ASCII would be decoded by its low byte.
  if (Buffer.byteLength(payload) !== length) return -1;
  const padding = payload.endsWith('==') ? 2 : payload.endsWith('=') ? 1 : 0;
  const bytes = (length / 4) * 3 - padding;
  // Node skips what it cannot decode: what comes out is then too short.
  const decoded = bytes <= scratch.length ? scratch.write(payload, 'base64') : Buffer.from(payload, 'base64').length;
  return decoded === bytes ? bytes : -1;
}
