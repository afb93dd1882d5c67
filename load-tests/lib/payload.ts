import { FRAME_OCTETS, frameOf, type VoiceFrame } from '../../src/sim/voice/frame.ts';
import { FRAME_BYTES } from '../../src/sim/voice/mulaw.ts';

/** Value of each base64 digit by its character code. */
const values = new Uint8Array(128);
for (let value = 0; value < 64; value += 1) {
  values['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.charCodeAt(value)] = value;
}

/** Where the least significant bits of three bytes are in their four digits. */
const digitOf = [1, 2, 3];
const bitOf = [0x10, 0x04, 0x01];

const octets = new Uint8Array(FRAME_OCTETS);

/** Bytes that base64 holds, read from its length alone. */
export function payloadBytes(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length * 3) / 4 - padding;
}

/**
 * The simulated voice in a payload of whole 20 ms frames, frame by frame; null for one that carries none (silence, other
 * audio, broken). Reads the bits where they stand in the base64, so that nothing is decoded.
 */
export function readPayload(base64: string): (VoiceFrame | null)[] {
  const count = Math.floor(payloadBytes(base64) / FRAME_BYTES);
  const frames: (VoiceFrame | null)[] = [];
  for (let frame = 0; frame < count; frame += 1) frames.push(readAt(base64, frame * FRAME_BYTES));
  return frames;
}

function readAt(base64: string, firstByte: number): VoiceFrame | null {
  let phase = firstByte % 3;
  let group = ((firstByte - phase) / 3) * 4;
  for (let octet = 0; octet < FRAME_OCTETS; octet += 1) {
    let bits = 0;
    for (let bit = 0; bit < 8; bit += 1) {
      bits <<= 1;
      if ((values[base64.charCodeAt(group + digitOf[phase]!)]! & bitOf[phase]!) !== 0) bits |= 1;
      phase += 1;
      if (phase === 3) {
        phase = 0;
        group += 4;
      }
    }
    // Silence is all ones: known by its first octet.
    if (octet === 0 && bits === 0xff) return null;
    octets[octet] = bits;
  }
  return frameOf(octets);
}
