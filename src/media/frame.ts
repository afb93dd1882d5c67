import { base64Bytes } from '../model/base64.ts';

/** Audio of the caller. A stream owns one such object and overwrites it: copy what is kept. */
export interface MediaFrame {
  /** Base64 µ-law, 8 bytes a millisecond. */
  payload: string;
  bytes: number;
  /** Milliseconds since the stream began. */
  timestampMs: number;
}

export interface StreamStart {
  streamSid: string;
  accountSid: string;
  callSid: string;
  token: string;
  /** µ-law, 8000 Hz, mono. */
  formatFits: boolean;
}

/** Why a message is ignored. */
export type BadMessage = 'binary' | 'not_json' | 'unknown_event' | 'shape' | 'stream_sid' | 'track' | 'payload' | 'timestamp' | 'repeated' | 'order';

export type CarrierMessage =
  | { event: 'connected' }
  | { event: 'start'; start: StreamStart }
  | { event: 'media' }
  | { event: 'dtmf'; digit: string }
  | { event: 'mark'; name: string }
  | { event: 'stop' }
  | { event: 'bad'; reason: BadMessage };

const latin1 = Buffer.prototype.latin1Slice;
const prefix = '{"event":"media","sequenceNumber":"';
const timestampMark = '","timestamp":"';
const payloadMark = '","payload":"';
const quote = 34;
const digitsMax = 12;

/** The layouts in which one stream's media frames arrive: the stream's id before or behind the media. */
export class FrameSlicer {
  readonly #middle: string;
  readonly #middleLate: string;
  readonly #tail = '"}}';
  readonly #tailLate: string;
  readonly #plain: boolean;

  constructor(streamSid: string) {
    this.#plain = /^[\w-]{1,64}$/.test(streamSid);
    this.#middleLate = '","media":{"track":"inbound","chunk":"';
    this.#middle = `","streamSid":"${streamSid}${this.#middleLate}`;
    this.#tailLate = `"},"streamSid":"${streamSid}"}`;
  }

  /**
   * Hot: finds the payload between known positions. False: not of a known layout, the full parser decides. Whatever
   * is cut here the full parser would read the same.
   */
  slice(message: Uint8Array, into: MediaFrame): boolean {
    if (!this.#plain) return false;
    const text = latin1.call(message, 0, message.length);
    if (!text.startsWith(prefix)) return false;
    let at = digitsEnd(message, prefix.length);
    if (at < 0) return false;
    let tail = this.#tail;
    if (text.startsWith(this.#middle, at)) {
      at += this.#middle.length;
    } else {
      if (!text.startsWith(this.#middleLate, at)) return false;
      at += this.#middleLate.length;
      tail = this.#tailLate;
    }
    at = digitsEnd(message, at);
    if (at < 0 || !text.startsWith(timestampMark, at)) return false;
    const from = at + timestampMark.length;
    at = digitsEnd(message, from);
    if (at < 0 || !text.startsWith(payloadMark, at)) return false;
    let timestampMs = 0;
    for (let i = from; i < at; i++) timestampMs = timestampMs * 10 + (message[i] as number) - 48;
    at += payloadMark.length;
    const end = text.length - tail.length;
    if (!text.endsWith(tail)) return false;
    const bytes = base64Bytes(message, at, end);
    if (bytes <= 0) return false;
    into.payload = text.slice(at, end);
    into.bytes = bytes;
    into.timestampMs = timestampMs;
    return true;
  }
}

/** The position of the quote behind one to twelve digits, else -1. */
function digitsEnd(message: Uint8Array, from: number): number {
  let at = from;
  while (at - from <= digitsMax) {
    const code = message[at] as number;
    if (code === quote) return at > from ? at : -1;
    if (code < 48 || code > 57) return -1;
    at++;
  }
  return -1;
}

type Json = Readonly<Record<string, unknown>>;

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function words(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function bad(reason: BadMessage): CarrierMessage {
  return { event: 'bad', reason };
}

/**
 * Reads any message of the carrier by JSON.parse. `streamSid` is the stream's, null before its `start`. A media
 * frame is written to `into`.
 */
export function parseMessage(message: Uint8Array, streamSid: string | null, into: MediaFrame): CarrierMessage {
  let raw: Json;
  try {
    raw = record(JSON.parse(Buffer.from(message.buffer, message.byteOffset, message.length).toString()));
  } catch {
    return bad('not_json');
  }
  const event = raw['event'];
  if (event === 'connected') return { event };
  if (event === 'start') return readStart(raw);
  if (event !== 'media' && event !== 'dtmf' && event !== 'mark' && event !== 'stop') return bad('unknown_event');
  if (streamSid === null) return bad('order');
  if (raw['streamSid'] !== streamSid) return bad('stream_sid');
  if (event === 'media') return readMedia(record(raw['media']), into);
  if (event === 'stop') return { event };
  if (event === 'mark') {
    const name = record(raw['mark'])['name'];
    return typeof name === 'string' ? { event, name } : bad('shape');
  }
  const digit = words(record(raw['dtmf'])['digit']);
  return /^[0-9*#A-D]$/.test(digit) ? { event, digit } : bad('shape');
}

function readStart(raw: Json): CarrierMessage {
  const start = record(raw['start']);
  const streamSid = words(start['streamSid']) || words(raw['streamSid']);
  const callSid = words(start['callSid']);
  if (streamSid === '' || callSid === '') return bad('shape');
  const { encoding, sampleRate, channels } = record(start['mediaFormat']);
  return {
    event: 'start',
    start: {
      streamSid,
      callSid,
      accountSid: words(start['accountSid']),
      token: words(record(start['customParameters'])['token']),
      formatFits: encoding === 'audio/x-mulaw' && sampleRate === 8000 && channels === 1,
    },
  };
}

function readMedia(media: Json, into: MediaFrame): CarrierMessage {
  if (media['track'] !== 'inbound') return bad('track');
  const timestamp = words(media['timestamp']);
  if (!/^\d{1,12}$/.test(timestamp)) return bad('timestamp');
  const payload = media['payload'];
  if (typeof payload !== 'string') return bad('payload');
  const text = Buffer.from(payload, 'latin1');
  const bytes = text.toString('latin1') === payload ? base64Bytes(text, 0, text.length) : -1;
  if (bytes <= 0) return bad('payload');
  into.payload = payload;
  into.bytes = bytes;
  into.timestampMs = Number(timestamp);
  return { event: 'media' };
}
