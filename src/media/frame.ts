import { appendOf } from '../model/append.ts';
import { base64Bytes } from '../model/base64.ts';

/** Audio of the caller, valid until the next message of any stream: copy what is kept. */
export interface MediaFrame {
  /** What the model is sent stands here, `from` to `to`, in ASCII: an append event around the carrier's base64. */
  event: Uint8Array;
  from: number;
  to: number;
  /** The same decoded: µ-law, 8 bytes a millisecond. */
  audio: Uint8Array;
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
export type BadMessage =
  | 'binary'
  | 'not_json'
  | 'unknown_event'
  | 'shape'
  | 'stream_sid'
  | 'track'
  | 'payload'
  | 'timestamp'
  | 'repeated'
  | 'order';

export type CarrierMessage =
  | { event: 'connected' }
  | { event: 'start'; start: StreamStart }
  | { event: 'media' }
  | { event: 'dtmf'; digit: string }
  | { event: 'mark'; name: string }
  | { event: 'stop' }
  | { event: 'bad'; reason: BadMessage };

export function emptyFrame(): MediaFrame {
  return { event: new Uint8Array(0), from: 0, to: 0, audio: new Uint8Array(0), timestampMs: 0 };
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
  if (base64Bytes(payload) <= 0) return bad('payload');
  into.event = Buffer.from(appendOf(payload), 'latin1');
  into.from = 0;
  into.to = into.event.length;
  into.audio = Buffer.from(payload, 'base64');
  into.timestampMs = Number(timestamp);
  return { event: 'media' };
}
