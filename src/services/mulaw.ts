/** The telephone's sound: 8 kHz mono µ-law, 8 bytes a millisecond (G.711). */

export const LINE_RATE = 8_000;
export const BYTES_PER_MS = LINE_RATE / 1_000;
/** 20 ms, the piece that the carrier moves. */
export const FRAME_BYTES = 160;
export const SILENCE_BYTE = 0xff;

const BIAS = 0x84;
const CLIP = 32_635;
const WAV_FORMAT_MULAW = 7;
const HEADER_BYTES = 58;

/** µ-law of samples on the scale of 16 bits. */
export function toMulaw(samples: Float64Array): Buffer {
  const bytes = Buffer.alloc(samples.length);
  for (let at = 0; at < samples.length; at += 1) {
    const level = Math.round(samples[at] ?? 0);
    const magnitude = Math.min(Math.abs(level), CLIP) + BIAS;
    const exponent = 24 - Math.clz32(magnitude);
    const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    bytes[at] = ~((level < 0 ? 0x80 : 0) | (exponent << 4) | mantissa);
  }
  return bytes;
}

/** A WAV file of it. Formats other than PCM have an extension, here empty, and say how many samples there are. */
export function wavOf(mulaw: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(HEADER_BYTES - 8 + mulaw.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(18, 16);
  header.writeUInt16LE(WAV_FORMAT_MULAW, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(LINE_RATE, 24);
  header.writeUInt32LE(LINE_RATE, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write('fact', 38, 'latin1');
  header.writeUInt32LE(4, 42);
  header.writeUInt32LE(mulaw.length, 46);
  header.write('data', 50, 'latin1');
  header.writeUInt32LE(mulaw.length, 54);
  return Buffer.concat([header, mulaw]);
}
