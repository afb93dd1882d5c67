import type { ResponseStatus, Usage } from '../../machines/call-events.ts';
import { usageOf } from './usage.ts';

/** A server event as far as the session needs it. Audio deltas never come this way. */
export type ServerEvent =
  | { type: 'session.created'; sessionId: string; model: string; expiresAtS: number | null }
  | { type: 'session.updated'; inputFormat: string | null; outputFormat: string | null }
  /** Where it is in the audio of the session, ms: with the padding before it, and with the silence after it. */
  | { type: 'speech.started'; itemId: string; startMs: number | null }
  | { type: 'speech.stopped'; itemId: string; endMs: number | null }
  | { type: 'committed'; itemId: string; after: string | null }
  | { type: 'item.added'; itemId: string; after: string | null }
  | { type: 'transcribed'; itemId: string; text: string }
  | { type: 'transcriptionFailed'; itemId: string; code: string }
  | { type: 'response.created'; responseId: string }
  | { type: 'output.added'; responseId: string; itemId: string; message: boolean }
  | { type: 'words'; responseId: string; itemId: string; text: string }
  | {
      type: 'output.done';
      responseId: string;
      itemId: string;
      text: string | null;
      call: FunctionCall | null;
      message: boolean;
    }
  | {
      type: 'response.done';
      responseId: string;
      status: ResponseStatus;
      errorCode: string | null;
      usage: Usage | null;
      callIds: string[];
    }
  | ({ type: 'rateLimits' } & RateLimits)
  | { type: 'error'; code: string; message: string; eventId: string | null; param: string | null };

export interface FunctionCall {
  callId: string;
  name: string;
  arguments: string;
  /** False: cut off, its arguments may be broken. */
  whole: boolean;
}

/** One allowance of the account: per minute, what is left of it, and until when all of it is there again. */
export interface RateLimit {
  limit: number;
  remaining: number;
  resetS: number;
}

export interface RateLimits {
  tokens: RateLimit | null;
  requests: RateLimit | null;
}

type Json = Readonly<Record<string, unknown>>;

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function words(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function wordsOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function amount(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function amountOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

const statuses: readonly string[] = ['completed', 'cancelled', 'incomplete', 'failed'] satisfies ResponseStatus[];

function isStatus(value: unknown): value is ResponseStatus {
  return typeof value === 'string' && statuses.includes(value);
}

/** Reads one type; null where the event lacks what makes it one. */
type Reader = (raw: Json) => ServerEvent | null;

function ofItem(raw: Json, event: (itemId: string) => ServerEvent): ServerEvent | null {
  const itemId = words(raw['item_id']);
  return itemId === '' ? null : event(itemId);
}

function format(session: Json, side: 'input' | 'output'): string | null {
  return wordsOrNull(record(record(record(session['audio'])[side])['format'])['type']);
}

function readOutputDone(raw: Json): ServerEvent | null {
  const item = record(raw['item']);
  const itemId = words(item['id']);
  const responseId = words(raw['response_id']);
  if (itemId === '' || responseId === '') return null;
  const callId = words(item['call_id']);
  const isCall = item['type'] === 'function_call' && callId !== '';
  const part = record(list(item['content'])[0]);
  return {
    type: 'output.done',
    responseId,
    itemId,
    message: item['type'] === 'message',
    text: wordsOrNull(part['transcript']) ?? wordsOrNull(part['text']),
    call: isCall
      ? {
          callId,
          name: words(item['name']),
          arguments: words(item['arguments']),
          whole: item['status'] === 'completed',
        }
      : null,
  };
}

function readResponseDone(raw: Json): ServerEvent | null {
  const response = record(raw['response']);
  const responseId = words(response['id']);
  if (responseId === '' || !isStatus(response['status'])) return null;
  const details = record(response['status_details']);
  const callIds: string[] = [];
  for (const output of list(response['output'])) {
    const item = record(output);
    if (item['type'] === 'function_call' && item['status'] === 'completed') callIds.push(words(item['call_id']));
  }
  const error = record(details['error']);
  return {
    type: 'response.done',
    responseId,
    status: response['status'],
    errorCode: wordsOrNull(error['code']) ?? wordsOrNull(error['type']),
    usage: usageOf(response['usage']),
    callIds,
  };
}

function readRateLimits(raw: Json): ServerEvent {
  const limits = list(raw['rate_limits']).map(record);
  const named = (name: string): RateLimit | null => {
    const found = limits.find((limit) => limit['name'] === name);
    if (!found) return null;
    return {
      limit: amount(found['limit']),
      remaining: amount(found['remaining']),
      resetS: amount(found['reset_seconds']),
    };
  };
  return { type: 'rateLimits', tokens: named('tokens'), requests: named('requests') };
}

function readError(raw: Json): ServerEvent {
  const error = record(raw['error']);
  return {
    type: 'error',
    code: wordsOrNull(error['code']) ?? (words(error['type']) || 'unknown'),
    message: words(error['message']),
    eventId: wordsOrNull(error['event_id']),
    param: wordsOrNull(error['param']),
  };
}

const readers: Readonly<Record<string, Reader>> = {
  'session.created': (raw) => {
    const session = record(raw['session']);
    const expiresAtS = session['expires_at'];
    return {
      type: 'session.created',
      sessionId: words(session['id']),
      model: words(session['model']),
      expiresAtS: typeof expiresAtS === 'number' ? expiresAtS : null,
    };
  },
  'session.updated': (raw) => {
    const session = record(raw['session']);
    return { type: 'session.updated', inputFormat: format(session, 'input'), outputFormat: format(session, 'output') };
  },
  'input_audio_buffer.speech_started': (raw) =>
    ofItem(raw, (itemId) => ({ type: 'speech.started', itemId, startMs: amountOrNull(raw['audio_start_ms']) })),
  'input_audio_buffer.speech_stopped': (raw) =>
    ofItem(raw, (itemId) => ({ type: 'speech.stopped', itemId, endMs: amountOrNull(raw['audio_end_ms']) })),
  'input_audio_buffer.committed': (raw) =>
    ofItem(raw, (itemId) => ({ type: 'committed', itemId, after: wordsOrNull(raw['previous_item_id']) })),
  'conversation.item.added': (raw) => {
    const itemId = words(record(raw['item'])['id']);
    return itemId === '' ? null : { type: 'item.added', itemId, after: wordsOrNull(raw['previous_item_id']) };
  },
  'conversation.item.input_audio_transcription.completed': (raw) =>
    ofItem(raw, (itemId) => ({ type: 'transcribed', itemId, text: words(raw['transcript']) })),
  'conversation.item.input_audio_transcription.failed': (raw) =>
    ofItem(raw, (itemId) => ({ type: 'transcriptionFailed', itemId, code: words(record(raw['error'])['code']) })),
  'response.created': (raw) => {
    const responseId = words(record(raw['response'])['id']);
    return responseId === '' ? null : { type: 'response.created', responseId };
  },
  'response.output_item.added': (raw) => {
    const item = record(raw['item']);
    const responseId = words(raw['response_id']);
    const itemId = words(item['id']);
    if (itemId === '' || responseId === '') return null;
    return { type: 'output.added', responseId, itemId, message: item['type'] === 'message' };
  },
  'response.output_audio_transcript.delta': (raw) =>
    ofItem(raw, (itemId) => ({
      type: 'words',
      responseId: words(raw['response_id']),
      itemId,
      text: words(raw['delta']),
    })),
  'response.output_item.done': readOutputDone,
  'response.done': readResponseDone,
  'rate_limits.updated': readRateLimits,
  error: readError,
};

/** Known types that the session has no use for. */
const idle: ReadonlySet<string> = new Set([
  'conversation.created',
  'conversation.item.done',
  'conversation.item.deleted',
  'conversation.item.retrieved',
  'conversation.item.truncated',
  'conversation.item.input_audio_transcription.delta',
  'conversation.item.input_audio_transcription.segment',
  'input_audio_buffer.cleared',
  'input_audio_buffer.timeout_triggered',
  'response.content_part.added',
  'response.content_part.done',
  'response.output_audio.done',
  'response.output_audio_transcript.done',
  'response.output_text.delta',
  'response.output_text.done',
  'response.function_call_arguments.delta',
  'response.function_call_arguments.done',
]);

const typeFirst = '{"type":"';
/** Longer than any type of the table. */
const typeBytesMax = 80;

/** A message whose first key says that the session has no use for it: it need not be parsed. */
export function startsIdle(message: Buffer): boolean {
  const head = message.toString('latin1', 0, typeFirst.length + typeBytesMax);
  if (!head.startsWith(typeFirst)) return false;
  return idle.has(head.slice(typeFirst.length, head.indexOf('"', typeFirst.length)));
}

/** `idle`: known and of no use; `unknown`: a type that no table names; `broken`: not JSON or without its fields. */
export function readEvent(text: string): ServerEvent | 'idle' | 'unknown' | 'broken' {
  let raw: Json;
  try {
    raw = record(JSON.parse(text));
  } catch {
    return 'broken';
  }
  const type = raw['type'];
  if (typeof type !== 'string') return 'broken';
  if (!Object.hasOwn(readers, type)) return idle.has(type) ? 'idle' : 'unknown';
  return readers[type]?.(raw) ?? 'broken';
}
