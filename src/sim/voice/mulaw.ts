/** One 20 ms frame of 8 kHz µ-law: 8 bytes are 1 ms. */
export const FRAME_BYTES = 160;
export const BYTES_PER_MS = 8;
export const FRAMES_PER_SECOND = 50;
/** What Twilio and the bridge pad with. */
export const SILENCE_BYTE = 0xff;

const BIAS = 0x84;
const CLIP = 32635;
/** Loudest sample that still counts as silence: room for the bits written over quiet samples. */
const SILENCE_AMPLITUDE_MAX = 64;

function decodeByte(byte: number): number {
  const inverted = ~byte & 0xff;
  const magnitude = (((inverted & 0x0f) << 3) + BIAS) << ((inverted >> 4) & 0x07);
  return inverted & 0x80 ? BIAS - magnitude : magnitude - BIAS;
}

/** µ-law byte → 16-bit sample (G.711). */
export const MULAW_TO_PCM = Int16Array.from({ length: 256 }, (_, byte) => decodeByte(byte));

/** 16-bit sample → µ-law byte (G.711). */
export function encodeSample(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(Math.trunc(sample)), CLIP) + BIAS;
  let exponent = 7;
  while (exponent > 0 && (magnitude & (0x80 << exponent)) === 0) exponent -= 1;
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

export function mulawToPcm(bytes: Uint8Array): Int16Array {
  const samples = new Int16Array(bytes.length);
  for (let at = 0; at < bytes.length; at += 1) samples[at] = MULAW_TO_PCM[bytes[at]!]!;
  return samples;
}

export function pcmToMulaw(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  for (let at = 0; at < samples.length; at += 1) bytes[at] = encodeSample(samples[at]!);
  return bytes;
}

/** Root mean square of `bytes[from, to)`, 0 (digital silence) to 1 (full scale). */
export function energy(bytes: Uint8Array, from = 0, to = bytes.length): number {
  if (to <= from) return 0;
  let sum = 0;
  for (let at = from; at < to; at += 1) {
    const sample = MULAW_TO_PCM[bytes[at]!]!;
    sum += sample * sample;
  }
  return Math.sqrt(sum / (to - from)) / 32768;
}

/** True when no sample is louder than what the voice's own bits make of silence. */
export function isSilence(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 1) {
    if (Math.abs(MULAW_TO_PCM[bytes[at]!]!) > SILENCE_AMPLITUDE_MAX) return false;
  }
  return true;
}

/** `ms` of silence as the line pads it. */
export function silence(ms: number): Uint8Array {
  return new Uint8Array(Math.round(ms * BYTES_PER_MS)).fill(SILENCE_BYTE);
}

/** Joins byte chunks. */
export function joinBytes(chunks: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}
