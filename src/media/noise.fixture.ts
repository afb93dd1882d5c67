/** Something loud without words: µ-law that no reader finds a frame in. */
export function noise(ms: number): Uint8Array {
  let state = 12_345;
  return Uint8Array.from({ length: ms * 8 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) & 0x9f;
  });
}
