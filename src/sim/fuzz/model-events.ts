import { readEvent, startsIdle } from '../../model/events.ts';
import type { Fuzzer } from './fuzzer.ts';
import { mutateJson, mutateText, pick } from './mutate.ts';

const usage = {
  total_tokens: 90,
  input_tokens: 60,
  output_tokens: 30,
  input_token_details: {
    text_tokens: 40,
    audio_tokens: 20,
    cached_tokens: 10,
    cached_tokens_details: { text_tokens: 5, audio_tokens: 5 },
  },
  output_token_details: { text_tokens: 10, audio_tokens: 20 },
};
const call = {
  id: 'item_2',
  type: 'function_call',
  name: 'get_menu',
  call_id: 'call_1',
  arguments: '{"category":"coffee"}',
  status: 'completed',
};
const events = [
  {
    type: 'session.created',
    event_id: 'e1',
    session: { id: 'sess_1', model: 'gpt-realtime-2.1', expires_at: 1_795_417_459 },
  },
  { type: 'session.updated', event_id: 'e2', session: { id: 'sess_1' } },
  { type: 'input_audio_buffer.speech_started', event_id: 'e3', audio_start_ms: 300, item_id: 'item_1' },
  { type: 'input_audio_buffer.speech_stopped', event_id: 'e4', audio_end_ms: 900, item_id: 'item_1' },
  { type: 'input_audio_buffer.committed', event_id: 'e5', previous_item_id: null, item_id: 'item_1' },
  {
    type: 'conversation.item.input_audio_transcription.completed',
    event_id: 'e6',
    item_id: 'item_1',
    content_index: 0,
    transcript: 'hello',
  },
  { type: 'response.created', event_id: 'e7', response: { id: 'resp_1', status: 'in_progress', output: [] } },
  {
    type: 'response.output_audio.delta',
    event_id: 'e8',
    response_id: 'resp_1',
    item_id: 'item_3',
    output_index: 0,
    content_index: 0,
    delta: 'f39/fw==',
  },
  {
    type: 'response.output_audio_transcript.delta',
    event_id: 'e9',
    response_id: 'resp_1',
    item_id: 'item_3',
    delta: 'Hi',
  },
  {
    type: 'response.done',
    event_id: 'e10',
    response: { id: 'resp_1', status: 'completed', status_details: null, output: [call], usage },
  },
  {
    type: 'rate_limits.updated',
    event_id: 'e11',
    rate_limits: [{ name: 'tokens', limit: 15_000_000, remaining: 14_999_000, reset_seconds: 0.1 }],
  },
  {
    type: 'error',
    event_id: 'e12',
    error: { type: 'invalid_request_error', code: 'response_cancel_not_active', message: 'no', param: null },
  },
];

/** Figures are added up and compared: one that is none would spoil them for good. */
function hasOddNumber(value: unknown): boolean {
  if (typeof value === 'number') return Number.isNaN(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasOddNumber);
}

/** What the model says, changed: read, or called broken, idle or unknown; never thrown over, and idle means the same twice. */
export const modelEvents: Fuzzer = {
  name: 'model events',
  begin: () => (random) => {
    const shaped = random.chance(0.7) ? mutateJson(random, pick(random, events)) : pick(random, events);
    const plain = JSON.stringify(shaped) ?? 'undefined';
    const text = random.chance(0.4) ? mutateText(random, plain) : plain;
    const read = readEvent(text);
    if (typeof read !== 'string' && hasOddNumber(read)) return `read as ${JSON.stringify(read)}: ${text}`;
    // What is not looked at because of its first key must be of no use when it is looked at. JSON's last key of a name wins.
    const isOneType = text.split('"type"').length === 2;
    if (isOneType && startsIdle(Buffer.from(text)) && typeof read !== 'string') return `passed over: ${text}`;
    return null;
  },
};
