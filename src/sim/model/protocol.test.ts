import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startFakeModel, type FakeModel } from './index.ts';
import { connectLine, lineSession, PCMU, TestClient, VAD, type Body } from './test-client.ts';

let model: FakeModel;
const clients: TestClient[] = [];

beforeAll(async () => {
  model = await startFakeModel({
    apiKey: 'key',
    charsPerSecond: 100,
    speed: 500,
    firstDeltaMs: 2,
    transcriptionMs: 20,
  });
});
afterAll(() => model.close());
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  model.complaints.length = 0;
});

function keep(client: TestClient): TestClient {
  clients.push(client);
  return client;
}

async function fresh(): Promise<TestClient> {
  const client = keep(new TestClient(`${model.url}?model=gpt-realtime-2.1`));
  await client.next('session.created');
  return client;
}

async function line(fields: Body = {}): Promise<TestClient> {
  return keep(await connectLine(model, fields));
}

async function errorAfter(client: TestClient, event: Body): Promise<Body> {
  client.send(event);
  return (await client.next('error'))['error'] as Body;
}

const BEARER = { Authorization: 'Bearer key' };

test.each([
  ['no Authorization', '?model=gpt-realtime-2.1', {}, '401'],
  ['another key', '?model=gpt-realtime-2.1', { Authorization: 'Bearer other' }, '401'],
  ['no bearer', '?model=gpt-realtime-2.1', { Authorization: 'key' }, '401'],
  ['no model', '', BEARER, '400'],
  ['two targets', '?model=gpt-realtime-2.1&call_id=rtc_1', BEARER, '400'],
])('upgrade refused: %s', async (_name, query, headers, status) => {
  const client = keep(new TestClient(`${model.url}${query}`, headers));
  const failed = await client.next('socket.error');
  expect(failed['message']).toBe(`Unexpected server response: ${status}`);
});

test('another path is not found, a closed door answers its status', async () => {
  const other = keep(new TestClient(model.url.replace('/v1/realtime', '/v1/else'), BEARER));
  expect((await other.next('socket.error'))['message']).toBe('Unexpected server response: 404');
  model.door = 503;
  const closed = keep(new TestClient(`${model.url}?model=gpt-realtime-2.1`));
  expect((await closed.next('socket.error'))['message']).toBe('Unexpected server response: 503');
  model.door = 'open';
});

test.each([
  ['the beta header', 'gpt-realtime-2.1', { ...BEARER, 'OpenAI-Beta': 'realtime=v1' }, 'beta_api_shape_disabled', 4000],
  ['an unknown model', 'gpt-9', BEARER, 'model_not_found', 4004],
])('%s: an error, then closed', async (_name, name, headers, code, close) => {
  const client = keep(new TestClient(`${model.url}?model=${name}`, headers));
  expect(((await client.next('error'))['error'] as Body)['code']).toBe(code);
  await client.waitFor(() => client.closed !== null, 'close');
  expect(client.closed).toEqual({ code: close, reason: `invalid_request_error.${code}` });
  expect(client.all('session.created')).toEqual([]);
});

test('session.created comes first, with the end of its life and 24 kHz PCM both ways', async () => {
  const client = await fresh();
  const session = client.events[0]!['session'] as Body;
  const audio = session['audio'] as { input: Body; output: Body };
  expect([session['type'], session['object'], session['model']]).toEqual([
    'realtime',
    'realtime.session',
    'gpt-realtime-2.1',
  ]);
  expect(Number(session['expires_at']) - Date.now() / 1000).toBeGreaterThan(3500);
  const pcm = { type: 'audio/pcm', rate: 24_000 };
  expect([audio.input['format'], audio.output['format']]).toEqual([pcm, pcm]);
  expect(client.events.every((event) => typeof event['event_id'] === 'string')).toBe(true);
});

test('a flat session of the beta is answered with an error and close 4000', async () => {
  const client = await fresh();
  const error = await errorAfter(client, {
    type: 'session.update',
    session: { voice: 'alloy', modalities: ['audio'] },
  });
  expect(error['code']).toBe('beta_api_shape_disabled');
  await client.waitFor(() => client.closed !== null, 'close');
  expect(client.closed?.code).toBe(4000);
});

const tool = { type: 'function', name: 'x', parameters: { type: 'object' } };
const input = (fields: Body): Body => ({ type: 'realtime', audio: { input: fields } });
const output = (fields: Body): Body => ({ type: 'realtime', audio: { output: fields } });
const whole = (fields: Body): Body => ({ type: 'realtime', ...fields });

test.each<[string, unknown, string, string]>([
  ['no session', undefined, 'missing_required_parameter', 'session'],
  ['no type', { instructions: 'x' }, 'missing_required_parameter', 'session.type'],
  ['another type', { type: 'transcription' }, 'invalid_value', 'session.type'],
  ['an unknown key', whole({ persona: 'x' }), 'unknown_parameter', 'session.persona'],
  ['temperature', whole({ temperature: 0.8 }), 'unknown_parameter', 'session.temperature'],
  ['beta modalities', whole({ modalities: ['audio'] }), 'unknown_parameter', 'session.modalities'],
  ['beta voice', whole({ voice: 'alloy' }), 'unknown_parameter', 'session.voice'],
  ['beta format', whole({ input_audio_format: 'g711_ulaw' }), 'unknown_parameter', 'session.input_audio_format'],
  ['a nested unknown key', input({ codec: 'x' }), 'unknown_parameter', 'session.audio.input.codec'],
  ['rate on pcmu', input({ format: { ...PCMU, rate: 8000 } }), 'unknown_parameter', 'session.audio.input.format.rate'],
  [
    'rate on pcmu out',
    output({ format: { ...PCMU, rate: 8000 } }),
    'unknown_parameter',
    'session.audio.output.format.rate',
  ],
  [
    'pcm without rate',
    input({ format: { type: 'audio/pcm' } }),
    'missing_required_parameter',
    'session.audio.input.format.rate',
  ],
  ['an unknown format', input({ format: { type: 'g711_ulaw' } }), 'invalid_value', 'session.audio.input.format.type'],
  ['both modalities', whole({ output_modalities: ['audio', 'text'] }), 'invalid_value', 'session.output_modalities'],
  ['an unknown voice', output({ voice: 'zorro' }), 'invalid_value', 'session.audio.output.voice'],
  ['speed too high', output({ speed: 2 }), 'invalid_value', 'session.audio.output.speed'],
  [
    'threshold above 1',
    input({ turn_detection: { ...VAD, threshold: 5 } }),
    'invalid_value',
    'session.audio.input.turn_detection.threshold',
  ],
  [
    'idle time too short',
    input({ turn_detection: { ...VAD, idle_timeout_ms: 100 } }),
    'invalid_value',
    'session.audio.input.turn_detection.idle_timeout_ms',
  ],
  [
    'semantic with threshold',
    input({ turn_detection: { type: 'semantic_vad', threshold: 0.5 } }),
    'unknown_parameter',
    'session.audio.input.turn_detection.threshold',
  ],
  [
    'an unknown transcriber',
    input({ transcription: { model: 'ears-1' } }),
    'invalid_value',
    'session.audio.input.transcription.model',
  ],
  [
    'keywords on whisper',
    input({ transcription: { model: 'whisper-1', keywords: ['x'] } }),
    'invalid_value',
    'session.audio.input.transcription.keywords',
  ],
  [
    'noise reduction as a word',
    input({ noise_reduction: 'near_field' }),
    'invalid_type',
    'session.audio.input.noise_reduction',
  ],
  ['a strict tool', whole({ tools: [{ ...tool, strict: true }] }), 'unknown_parameter', 'session.tools[0].strict'],
  [
    'a nested tool',
    whole({ tools: [{ type: 'function', function: tool }] }),
    'unknown_parameter',
    'session.tools[0].function',
  ],
  ['a tool name with blanks', whole({ tools: [{ ...tool, name: 'a b' }] }), 'invalid_value', 'session.tools[0].name'],
  ['an unknown choice', whole({ tool_choice: 'maybe' }), 'invalid_value', 'session.tool_choice'],
  ['too many tokens', whole({ max_output_tokens: 9000 }), 'invalid_value', 'session.max_output_tokens'],
  ['a truncation word', whole({ truncation: 'some' }), 'invalid_value', 'session.truncation'],
  ['another model', whole({ model: 'gpt-realtime-2' }), 'invalid_value', 'session.model'],
  ['instructions as a list', whole({ instructions: ['x'] }), 'invalid_type', 'session.instructions'],
])('a session.update is refused whole: %s', async (_name, session, code, param) => {
  const client = await fresh();
  const good = typeof session === 'object' && session !== null && 'type' in session ? { instructions: 'taken?' } : {};
  const wrong = session === undefined ? {} : { session: { ...good, ...session } };
  const error = await errorAfter(client, { type: 'session.update', event_id: 'cfg_1', ...wrong });
  expect([error['type'], error['code'], error['param'], error['event_id']]).toEqual([
    'invalid_request_error',
    code,
    param,
    'cfg_1',
  ]);
  const kept = model.sessions.at(-1)!;
  expect([kept.updates, kept.configuration.instructions]).toEqual([0, 'You are a helpful, friendly assistant.']);
  expect(model.complaints.length).toBe(1);
});

test('older models know neither reasoning nor parallel calls', async () => {
  for (const fields of [{ reasoning: { effort: 'low' } }, { parallel_tool_calls: false }]) {
    const old = keep(new TestClient(`${model.url}?model=gpt-realtime-1.5`));
    await old.next('session.created');
    expect((await errorAfter(old, { type: 'session.update', session: whole(fields) }))['code']).toBe('invalid_value');
    const client = await fresh();
    client.send({ type: 'session.update', session: whole(fields) });
    expect((await client.next('session.updated'))['session']).toMatchObject(fields);
  }
});

test('an update changes what it names and answers with the whole session', async () => {
  const client = await line();
  client.send({
    type: 'session.update',
    session: input({ turn_detection: { type: 'server_vad', create_response: false } }),
  });
  const updated = (await client.next('session.updated'))['session'] as Body;
  const detection = { ...VAD, create_response: false, interrupt_response: true, idle_timeout_ms: null };
  expect(updated).toMatchObject({
    ...lineSession(),
    audio: { input: { format: PCMU, turn_detection: detection }, output: { format: PCMU, voice: 'marin', speed: 1 } },
    truncation: 'auto',
    max_output_tokens: 'inf',
  });
  client.send({ type: 'session.update', session: whole({ tools: [], instructions: '' }) });
  expect((await client.next('session.updated'))['session']).toMatchObject({ tools: [], instructions: '' });
});

test('the voice is locked by the first audio, and the update that names it is refused whole', async () => {
  const client = await line();
  client.send({ type: 'response.create' });
  await client.next('response.done');
  const error = await errorAfter(client, {
    type: 'session.update',
    session: { type: 'realtime', instructions: 'new', audio: { output: { voice: 'cedar' } } },
  });
  expect(error['code']).toBe('cannot_update_voice');
  expect(model.sessions.at(-1)!.configuration.instructions).not.toBe('new');
  const create = { type: 'response.create', response: { audio: { output: { voice: 'cedar' } } } };
  expect((await errorAfter(client, create))['code']).toBe('cannot_update_voice');
});

const text = (type: string): Body[] => [{ type, text: 'hello' }];
const message = (role: string, type: string, more: Body = {}): Body => ({
  type: 'conversation.item.create',
  item: { type: 'message', role, content: text(type), ...more },
});

test.each<[string, Body, string, string | null]>([
  ['an unknown event', { type: 'session.start' }, 'invalid_value', 'type'],
  ['no type', { session: {} }, 'missing_required_parameter', 'type'],
  ['WebRTC only', { type: 'output_audio_buffer.clear' }, 'invalid_value', 'type'],
  ['an event id too long', { type: 'response.create', event_id: 'x'.repeat(513) }, 'invalid_value', 'event_id'],
  ['an unknown key', { type: 'response.create', responses: {} }, 'unknown_parameter', 'responses'],
  ['assistant input_text', message('assistant', 'input_text'), 'invalid_value', 'item.content[0].type'],
  ['assistant text', message('assistant', 'text'), 'invalid_value', 'item.content[0].type'],
  ['user output_text', message('user', 'output_text'), 'invalid_value', 'item.content[0].type'],
  ['user text', message('user', 'text'), 'invalid_value', 'item.content[0].type'],
  ['an unknown role', message('tool', 'input_text'), 'invalid_value', 'item.role'],
  ['an id too long', message('user', 'input_text', { id: 'i'.repeat(33) }), 'invalid_value', 'item.id'],
  [
    'an unknown previous item',
    { ...message('user', 'input_text'), previous_item_id: 'no' },
    'item_not_found',
    'previous_item_id',
  ],
  ['an item without type', { type: 'conversation.item.create', item: {} }, 'missing_required_parameter', 'item.type'],
  [
    'an output as an object',
    { type: 'conversation.item.create', item: { type: 'function_call_output', call_id: 'c', output: {} } },
    'invalid_type',
    'item.output',
  ],
  [
    'an output without its call',
    { type: 'conversation.item.create', item: { type: 'function_call_output', call_id: 'c', output: '' } },
    'invalid_value',
    'item.call_id',
  ],
  ['nothing to cancel', { type: 'response.cancel' }, 'response_cancel_not_active', null],
  ['another to cancel', { type: 'response.cancel', response_id: 'resp_9' }, 'response_cancel_not_active', null],
  ['an empty commit', { type: 'input_audio_buffer.commit' }, 'input_audio_buffer_commit_empty', null],
  [
    'an unknown truncate',
    { type: 'conversation.item.truncate', item_id: 'no', content_index: 0, audio_end_ms: 0 },
    'item_truncate_invalid_item_id',
    'item_id',
  ],
  [
    'a fraction of a ms',
    { type: 'conversation.item.truncate', item_id: 'no', content_index: 0, audio_end_ms: 1.5 },
    'invalid_type',
    'audio_end_ms',
  ],
  [
    'a negative ms',
    { type: 'conversation.item.truncate', item_id: 'no', content_index: 0, audio_end_ms: -1 },
    'invalid_value',
    'audio_end_ms',
  ],
  ['an unknown delete', { type: 'conversation.item.delete', item_id: 'no' }, 'item_not_found', 'item_id'],
  ['an unknown retrieve', { type: 'conversation.item.retrieve', item_id: 'no' }, 'item_not_found', 'item_id'],
  ['audio that is no base64', { type: 'input_audio_buffer.append', audio: 'fn5+fg=' }, 'invalid_value', 'audio'],
  ['padding inside', { type: 'input_audio_buffer.append', audio: 'fn4=fn5+' }, 'invalid_value', 'audio'],
  ['no audio', { type: 'input_audio_buffer.append' }, 'missing_required_parameter', 'audio'],
  ['audio with more', { type: 'input_audio_buffer.append', audio: '', at: 1 }, 'unknown_parameter', 'at'],
  [
    'metadata too long',
    { type: 'response.create', response: { metadata: { key: 'x'.repeat(513) } } },
    'invalid_value',
    'response.metadata.key',
  ],
  [
    'metadata too many',
    {
      type: 'response.create',
      response: { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, 'v'])) },
    },
    'invalid_value',
    'response.metadata',
  ],
  [
    'beta modalities',
    { type: 'response.create', response: { modalities: ['text'] } },
    'unknown_parameter',
    'response.modalities',
  ],
  [
    'an unknown reference',
    { type: 'response.create', response: { input: [{ type: 'item_reference', id: 'no' }] } },
    'item_not_found',
    'response.input',
  ],
])('a client event is refused: %s', async (_name, event, code, param) => {
  const client = await line();
  const error = await errorAfter(client, event);
  expect([error['code'], error['param']]).toEqual([code, param]);
  const benign = ['response_cancel_not_active', 'input_audio_buffer_commit_empty'].includes(code);
  expect(model.complaints.length).toBe(benign ? 0 : 1);
  expect(client.closed).toBe(null);
});

test.each<[string, string | Uint8Array]>([
  ['no JSON', '{"type":'],
  ['a list', '[]'],
  ['null', 'null'],
  ['a binary frame', Uint8Array.of(1, 2, 3)],
])('a message that is no event is refused and the session lives: %s', async (_name, data) => {
  const client = await line();
  client.sendRaw(data);
  expect(((await client.next('error'))['error'] as Body)['code']).toBe('invalid_event');
  client.send({ type: 'response.create' });
  await client.next('response.done');
});

test('items keep their order, their ids are unique, and each is announced twice', async () => {
  const client = await line();
  client.send(message('user', 'input_text', { id: 'b' }));
  expect(await client.next('conversation.item.added')).toMatchObject({ previous_item_id: null, item: { id: 'b' } });
  await client.next('conversation.item.done');
  client.send({ ...message('system', 'input_text', { id: 'a' }), previous_item_id: 'root' });
  expect(await client.next('conversation.item.done')).toMatchObject({ previous_item_id: null, item: { id: 'a' } });
  client.send({ ...message('assistant', 'output_text', { id: 'c' }), previous_item_id: 'a' });
  expect(await client.next('conversation.item.done')).toMatchObject({ previous_item_id: 'a', item: { id: 'c' } });
  expect(model.sessions.at(-1)!.items.map((item) => item.id)).toEqual(['a', 'c', 'b']);
  expect((await errorAfter(client, message('user', 'input_text', { id: 'b' })))['param']).toBe('item.id');
  client.send({ type: 'conversation.item.retrieve', item_id: 'c' });
  const shown = (await client.next('conversation.item.retrieved'))['item'] as Body;
  expect(shown).toMatchObject({ role: 'assistant', content: [{ type: 'output_text', text: 'hello' }] });
  client.send({ type: 'conversation.item.delete', item_id: 'c' });
  await client.next('conversation.item.deleted');
  expect(model.sessions.at(-1)!.items.map((item) => item.id)).toEqual(['a', 'b']);
});
