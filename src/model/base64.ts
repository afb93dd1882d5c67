const scratch = Buffer.alloc(64 * 1024);

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
