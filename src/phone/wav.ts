const FORMAT_MULAW = 7;
const CHUNK_HEADER_BYTES = 8;
const FIRST_CHUNK = 12;

/** The µ-law samples of a WAV file of 8 kHz mono, the only kind that Aida hands out; null for any other. */
export function mulawOf(wav: Buffer): Buffer | null {
  if (wav.toString('latin1', 0, 4) !== 'RIFF' || wav.toString('latin1', 8, 12) !== 'WAVE') return null;
  let isLine = false;
  for (let at = FIRST_CHUNK; at + CHUNK_HEADER_BYTES <= wav.length;) {
    const name = wav.toString('latin1', at, at + 4);
    const bytes = wav.readUInt32LE(at + 4);
    const from = at + CHUNK_HEADER_BYTES;
    if (name === 'fmt ' && from + 8 <= wav.length) {
      const [format, channels, rate] = [wav.readUInt16LE(from), wav.readUInt16LE(from + 2), wav.readUInt32LE(from + 4)];
      isLine = format === FORMAT_MULAW && channels === 1 && rate === 8_000;
    }
    if (name === 'data') return isLine ? wav.subarray(from, from + bytes) : null;
    at = from + bytes + (bytes % 2);
  }
  return null;
}
