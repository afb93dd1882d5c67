import { FRAME_BYTES } from '../voice/index.ts';

/** A message of the service, read as strictly as Twilio reads it. */
export type ServerMessage =
  | { event: 'media'; audio: Buffer; complaint: string | null }
  | { event: 'mark'; name: string }
  | { event: 'clear' }
  /** Twilio ignores it (31951). */
  | { event: 'refused'; why: string };

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const MARK_NAME_CHARS_MAX = 200;
const EXCERPT_CHARS = 120;

export function readServerMessage(text: string, streamSid: string | null): ServerMessage {
  const message = parsed(text);
  if (message === null) return refused('is not a JSON object', text);
  if (streamSid === null) return refused('came before start', text);
  const event = message['event'];
  if (event !== 'media' && event !== 'mark' && event !== 'clear') return refused('has an unknown event', text);
  if (message['streamSid'] !== streamSid) return refused('has a wrong streamSid', text);
  const fields = event === 'clear' ? ['event', 'streamSid'] : ['event', 'streamSid', event];
  if (!sameFields(message, fields)) return refused('has missing or extra fields', text);
  if (event === 'clear') return { event };
  const inner = message[event];
  const field = event === 'media' ? 'payload' : 'name';
  if (typeof inner !== 'object' || inner === null || !sameFields(inner, [field]))
    return refused(`holds a bad ${event}`, text);
  const value = (inner as Record<string, unknown>)[field];
  if (typeof value !== 'string' || value === '') return refused(`holds a bad ${field}`, text);
  if (event === 'mark') {
    return value.length > MARK_NAME_CHARS_MAX ? refused('has a long mark name', text) : { event, name: value };
  }
  if (!BASE64.test(value)) return refused('holds no base64', text);
  const audio = Buffer.from(value, 'base64');
  const whole = audio.length % FRAME_BYTES === 0;
  return {
    event,
    audio,
    complaint: whole ? null : `${audio.length} bytes of audio are no whole multiple of ${FRAME_BYTES}`,
  };
}

function refused(why: string, text: string): ServerMessage {
  return { event: 'refused', why: `${why}: ${text.slice(0, EXCERPT_CHARS)}` };
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function sameFields(value: object, fields: readonly string[]): boolean {
  const keys = Object.keys(value);
  return keys.length === fields.length && fields.every((field) => keys.includes(field));
}
