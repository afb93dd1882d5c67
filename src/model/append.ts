import { asciiOf, encodeAscii } from './base64-ascii.ts';

const prefix = '{"type":"input_audio_buffer.append","audio":"';
const suffix = '"}';

/** The two halves of an append event, around its base64 payload. */
export const appendEvent = { prefix, suffix } as const;

export function appendOf(payload: string): string {
  return prefix + payload + suffix;
}

/** Where the caller's audio goes: append events in ASCII, `from` to `to`. They may be overwritten once it returns. */
export interface Ear {
  /** µ-law that it was sent so far, in which it tells places: counted by whoever appends. */
  heardBytes: number;
  append(bytes: Uint8Array, from: number, to: number): void;
}

/** Of µ-law in one append that is encoded here; a multiple of three, so that only the last of several is padded. */
export const appendBytesMax = 12_000;

/** The payload begins at a multiple of four. */
const payloadFrom = 48;
const event = asciiOf(payloadFrom + (appendBytesMax / 3) * 4 + 4);
const eventFrom = payloadFrom - prefix.length;
event.bytes.set(Buffer.from(prefix), eventFrom);

/** Audio, `from` to `to`, in as few appends as its length allows; returns how many. */
export function appendAudio(ear: Ear, audio: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += appendBytesMax) {
    const end = encodeAscii(audio, at, Math.min(at + appendBytesMax, to), event, payloadFrom);
    event.bytes[end] = suffix.charCodeAt(0);
    event.bytes[end + 1] = suffix.charCodeAt(1);
    ear.append(event.bytes, eventFrom, end + 2);
    count++;
  }
  return count;
}
