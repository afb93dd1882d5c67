import { FRAME_BYTES, SILENCE_BYTE } from './mulaw.ts';
import { utf8Text } from './utf8.ts';

/**
 * One frame of the simulated voice: 160 least significant bits of 160 µ-law samples, first sample first, most
 * significant bit first:
 * sync 16 · utterance 16 · frame 16 · speaker 4 + generation 4 · last 1 + length 7 · ten bytes of text · CRC 16.
 */
export interface VoiceFrame {
  /** 0–65535, unique among what one speaker says in one call. */
  readonly utterance: number;
  /** 0–65535, counts from 0 inside the utterance. */
  readonly frame: number;
  readonly speaker: Speaker;
  /** 0–15. */
  readonly generation: number;
  /** True on the utterance's last frame. */
  readonly last: boolean;
  /** The words of these 20 ms, whole characters. */
  readonly text: string;
}

export const SPEAKERS = ['caller', 'assistant', 'staff', 'line'] as const;
/** `line` is what the carrier itself speaks: Say, Play. */
export type Speaker = (typeof SPEAKERS)[number];

/** Starts with 0, so that silence (0xFF, all ones) is refused at its first bit. */
const SYNC = 0x5ca3;
const SYNC_BITS = 16;
export const TEXT_BYTES_MAX = 10;
export const FRAME_OCTETS = 20;
const TEXT_AT = 8;
const CRC_AT = 18;
const LAST_FLAG = 0x80;

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, index) => {
  let crc = index << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

function crc16(octets: Uint8Array, to: number): number {
  let crc = 0xffff;
  for (let at = 0; at < to; at += 1) crc = ((crc << 8) ^ CRC_TABLE[((crc >> 8) ^ octets[at]!) & 0xff]!) & 0xffff;
  return crc;
}

/** Writes a frame's bits into `samples[at, at + 160)`. `text` is at most ten bytes of UTF-8. */
export function writeFrame(samples: Uint8Array, at: number, frame: Omit<VoiceFrame, 'text'>, text: Uint8Array): void {
  const octets = new Uint8Array(FRAME_OCTETS);
  octets[0] = SYNC >> 8;
  octets[1] = SYNC & 0xff;
  octets[2] = frame.utterance >> 8;
  octets[3] = frame.utterance & 0xff;
  octets[4] = frame.frame >> 8;
  octets[5] = frame.frame & 0xff;
  octets[6] = (SPEAKERS.indexOf(frame.speaker) << 4) | (frame.generation & 0x0f);
  octets[7] = (frame.last ? LAST_FLAG : 0) | text.length;
  octets.set(text, TEXT_AT);
  const crc = crc16(octets, CRC_AT);
  octets[CRC_AT] = crc >> 8;
  octets[CRC_AT + 1] = crc & 0xff;
  for (let bit = 0; bit < FRAME_BYTES; bit += 1) {
    const value = (octets[bit >> 3]! >> (7 - (bit & 7))) & 1;
    samples[at + bit] = (samples[at + bit]! & 0xfe) | value;
  }
}

/** True when the sync word starts at `samples[at]`; at least 16 samples must follow. */
function syncAt(samples: Uint8Array, at: number): boolean {
  for (let bit = 0; bit < SYNC_BITS; bit += 1) {
    if ((samples[at + bit]! & 1) !== ((SYNC >> (SYNC_BITS - 1 - bit)) & 1)) return false;
  }
  return true;
}

function readOctets(samples: Uint8Array, at: number): Uint8Array {
  const octets = new Uint8Array(FRAME_OCTETS);
  for (let index = 0; index < FRAME_OCTETS; index += 1) {
    let octet = 0;
    for (let bit = 0; bit < 8; bit += 1) octet = (octet << 1) | (samples[at + index * 8 + bit]! & 1);
    octets[index] = octet;
  }
  return octets;
}

/** The frame whose 160 samples start at `at`, or null when sync, checksum or fields are wrong. */
export function readFrame(samples: Uint8Array, at: number): VoiceFrame | null {
  return syncAt(samples, at) ? frameOf(readOctets(samples, at)) : null;
}

/** The frame in the 160 least significant bits of its samples, as 20 octets; null when anything in it is wrong. */
export function frameOf(octets: Uint8Array): VoiceFrame | null {
  if (((octets[0]! << 8) | octets[1]!) !== SYNC) return null;
  if (crc16(octets, CRC_AT) !== ((octets[CRC_AT]! << 8) | octets[CRC_AT + 1]!)) return null;
  const speaker = SPEAKERS[octets[6]! >> 4];
  const length = octets[7]! & ~LAST_FLAG;
  if (speaker === undefined || length > TEXT_BYTES_MAX) return null;
  return {
    utterance: (octets[2]! << 8) | octets[3]!,
    frame: (octets[4]! << 8) | octets[5]!,
    speaker,
    generation: octets[6]! & 0x0f,
    last: (octets[7]! & LAST_FLAG) !== 0,
    text: length === 0 ? '' : utf8Text(octets.subarray(TEXT_AT, TEXT_AT + length)),
  };
}

/** So many samples from its beginning on tell whether a broken frame was cut short: it, and what a next one begins with. */
export const CUT_WINDOW_BYTES = FRAME_BYTES + 2 * SYNC_BITS;

/**
 * Samples of a broken frame at `at` before padding or the next frame begins; 160 when it is whole but wrong. Looks at
 * `CUT_WINDOW_BYTES`.
 */
export function cutLength(samples: Uint8Array, at: number): number {
  for (let next = 0; next <= FRAME_BYTES + SYNC_BITS; next += 1) {
    if (next < FRAME_BYTES && silentAt(samples, at + next)) return next;
    if (next === 0 || !syncAt(samples, at + next)) continue;
    if (next === FRAME_BYTES) return FRAME_BYTES;
    let end = next;
    while (end > 0 && samples[at + end - 1] === SILENCE_BYTE) end -= 1;
    return Math.min(end, FRAME_BYTES);
  }
  return FRAME_BYTES;
}

/** Padding: a frame's own samples are never so quiet for so long. */
function silentAt(samples: Uint8Array, at: number): boolean {
  for (let index = 0; index < SYNC_BITS; index += 1) if (samples[at + index] !== SILENCE_BYTE) return false;
  return true;
}
