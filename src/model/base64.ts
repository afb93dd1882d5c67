const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const equals = 61;

/** 1 for each character code that is not of the base64 alphabet. */
const foreign = new Uint8Array(256).fill(1);
for (let i = 0; i < alphabet.length; i++) foreign[alphabet.charCodeAt(i)] = 0;

/** How many bytes base64 characters `from`…`to` of a text stand for; -1 if they are not whole, padded base64. */
export function base64Bytes(text: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length <= 0 || length % 4 !== 0) return -1;
  let end = to;
  if (text[end - 1] === equals) end--;
  if (text[end - 1] === equals) end--;
  let bad = 0;
  for (let i = from; i < end; i++) bad |= foreign[text[i] as number] as number;
  return bad === 0 ? (length / 4) * 3 - (to - end) : -1;
}

/** The same of a string. */
export function base64BytesOf(payload: string): number {
  for (let i = 0; i < payload.length; i++) if (payload.charCodeAt(i) > 0xff) return -1;
  return base64Bytes(Buffer.from(payload, 'latin1'), 0, payload.length);
}
