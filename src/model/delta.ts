import { base64Bytes } from './base64.ts';

/** One piece of the model's speech. The session owns one such object and overwrites it: copy what is kept. */
export interface AudioDelta {
  responseId: string;
  itemId: string;
  /** Base64 µ-law. */
  payload: string;
  bytes: number;
}

const type = 'response.output_audio.delta';
/** The type stands among the first characters: as first key, or behind an event id. */
const headBytes = 160;
const quote = 34;
const comma = 44;
const colon = 58;
const brace = 125;

/** A message that may be an audio delta, by its first bytes. */
export function looksLikeDelta(message: Buffer): boolean {
  return message.toString('latin1', 0, headBytes).includes(`"${type}"`);
}

/**
 * Reads an audio delta without parsing its JSON where it is flat, without white space and free of escapes, by
 * JSON.parse otherwise. Both give the same answer. False: it is no well-formed delta.
 */
export function readDelta(message: Buffer, into: AudioDelta): boolean {
  return sliceDelta(message, into) ?? parseDelta(message, into);
}

/** Null: not of the shape that may be cut. */
export function sliceDelta(message: Buffer, into: AudioDelta): boolean | null {
  const text = message.toString('latin1');
  if (text.charCodeAt(0) !== 123 || text.includes('\\')) return null;
  let at = 1;
  let named = '';
  into.responseId = '';
  into.itemId = '';
  into.payload = '';
  into.bytes = -1;
  for (;;) {
    if (text.charCodeAt(at) !== quote) return null;
    const keyEnd = text.indexOf('"', at + 1);
    if (keyEnd < 0 || text.charCodeAt(keyEnd + 1) !== colon) return null;
    const key = text.slice(at + 1, keyEnd);
    let end = keyEnd + 2;
    if (text.charCodeAt(end) === quote) {
      const from = end + 1;
      end = text.indexOf('"', from);
      if (end < 0) return null;
      if (key === 'delta') {
        into.payload = text.slice(from, end);
        into.bytes = base64Bytes(into.payload);
        if (into.bytes < 0) return null;
      } else {
        if (!isPlain(message, from, end)) return null;
        if (key === 'type') named = text.slice(from, end);
        else if (key === 'response_id') into.responseId = text.slice(from, end);
        else if (key === 'item_id') into.itemId = text.slice(from, end);
        else if (key !== 'event_id' && key !== 'obfuscation') return null;
      }
      end++;
    } else {
      if (key !== 'output_index' && key !== 'content_index') return null;
      const digit = text.charCodeAt(end);
      if (digit < 48 || digit > 57) return null;
      end++;
    }
    const next = text.charCodeAt(end);
    if (next === brace) return end + 1 === text.length && named === type && isWhole(into) ? true : null;
    if (next !== comma) return null;
    at = end + 1;
  }
}

/** The same by JSON.parse; false where the message is not a well-formed audio delta. */
export function parseDelta(message: Buffer, into: AudioDelta): boolean {
  let raw: unknown;
  try {
    raw = JSON.parse(message.toString());
  } catch {
    return false;
  }
  if (typeof raw !== 'object' || raw === null) return false;
  const event = raw as Readonly<Record<string, unknown>>;
  const { response_id: responseId, item_id: itemId, delta } = event;
  if (event['type'] !== type || typeof responseId !== 'string' || typeof itemId !== 'string') return false;
  if (typeof delta !== 'string') return false;
  into.responseId = responseId;
  into.itemId = itemId;
  into.payload = delta;
  into.bytes = base64Bytes(delta);
  return isWhole(into);
}

function isWhole(delta: AudioDelta): boolean {
  return delta.bytes > 0 && delta.responseId !== '' && delta.itemId !== '';
}

/** Printable ASCII only: nothing that JSON would refuse or decode differently. */
function isPlain(message: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const code = message[i] as number;
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
