import { afterEach, expect, test } from 'vitest';
import { encodeUtterance, joinBytes, silence } from '../voice/index.ts';
import { startFakeModel, type FakeModel, type FakeModelOptions } from './index.ts';
import { connectLine, lineSession, TestClient, VAD, type Body } from './test-client.ts';

const FAST: FakeModelOptions = { charsPerSecond: 100, speed: 200, firstDeltaMs: 5, transcriptionMs: 40 };
/** An answer of 20 s that takes long enough to be interrupted. */
const LONG: FakeModelOptions = {
  ...FAST,
  charsPerSecond: 10,
  speed: 20,
  script: () => [{ say: 'so many words '.repeat(14) }],
};
const open: FakeModel[] = [];

async function start(options: FakeModelOptions = FAST): Promise<FakeModel> {
  const model = await startFakeModel(options);
  open.push(model);
  return model;
}

afterEach(async () => {
  for (const model of open.splice(0)) await model.close();
});

function vadSession(fields: Body): Body {
  return { type: 'realtime', audio: { input: { turn_detection: { ...VAD, ...fields } } } };
}

async function configure(line: TestClient, session: Body): Promise<void> {
  line.send({ type: 'session.update', session });
  await line.next('session.updated');
}

async function errorOf(line: TestClient, event: Body): Promise<Body> {
  line.send(event);
  return (await line.next('error'))['error'] as Body;
}

test('turns are timed on the clock of appended audio: start less the prefix, stop with the silence', async () => {
  const model = await start();
  const line = await connectLine(model);
  line.appendAll(silence(1000));
  const words = encodeUtterance('one two three four', { utterance: 1, speaker: 'caller', charsPerSecond: 20 });
  line.appendAll(joinBytes(words));
  line.appendAll(silence(280));
  line.append(silence(20));
  const started = await line.next('input_audio_buffer.speech_started');
  const stopped = await line.next('input_audio_buffer.speech_stopped');
  expect(started['audio_start_ms']).toBe(700);
  expect(stopped['audio_end_ms']).toBe(1000 + words.length * 20 + 300);
  const committed = await line.next('input_audio_buffer.committed');
  const added = await line.next('conversation.item.added');
  expect([stopped['item_id'], committed['item_id'], (added['item'] as Body)['id']]).toEqual(
    Array(3).fill(started['item_id']),
  );
  expect((added['item'] as Body)['content']).toEqual([{ type: 'input_audio', transcript: null }]);
  await line.next('response.created');
  expect(model.sessions[0]!.appendedMs).toBe(1000 + words.length * 20 + 300);
});

test('quiet noise and clicks start no turn', async () => {
  const model = await start();
  const line = await connectLine(model);
  const noise = Uint8Array.from({ length: 8000 }, (_, at) => (at % 3 === 0 ? 0xf5 : 0x75));
  line.appendAll(noise);
  const click = silence(200);
  click.fill(0x80, 320, 480);
  line.appendAll(click);
  line.speak('real words');
  await line.next('response.done');
  expect(line.all('input_audio_buffer.speech_started').length).toBe(1);
  expect(model.sessions[0]!.heard.map((turn) => turn.text)).toEqual(['real words']);
});

test('the transcription comes after the answer began, in pieces and whole, with its usage', async () => {
  const model = await start();
  const line = await connectLine(model);
  await line.ask('Purple umbrella');
  const name = 'conversation.item.input_audio_transcription';
  const completed = await line.next(`${name}.completed`);
  expect(completed).toMatchObject({ transcript: 'Purple umbrella', content_index: 0, usage: { type: 'tokens' } });
  const types = line.events.map((event) => event['type']);
  expect(types.indexOf('response.created')).toBeLessThan(types.indexOf(`${name}.delta`));
  expect(
    line
      .all(`${name}.delta`)
      .map((event) => event['delta'])
      .join(''),
  ).toBe('Purple umbrella');
  model.sessions[0]!.failTranscriptions();
  await line.ask('Orange hat');
  // It may come before the last event of the answer that was waited for.
  await line.waitFor(() => line.all(`${name}.failed`).length > 0);
  expect(line.all(`${name}.failed`)).toMatchObject([{ error: { code: 'audio_unintelligible' } }]);
});

test('events of a spoken response come in order and agree with each other', async () => {
  const model = await start();
  const line = await connectLine(model);
  line.events.length = 0;
  line.send({ type: 'response.create', response: { metadata: { purpose: 'greeting' } } });
  await line.next('response.done');
  const names = line.events.map((event) => String(event['type'])).filter((type) => !type.endsWith('.delta'));
  expect(names).toEqual([
    'response.created',
    'rate_limits.updated',
    'response.output_item.added',
    'conversation.item.added',
    'response.content_part.added',
    'response.output_audio.done',
    'response.output_audio_transcript.done',
    'response.content_part.done',
    'response.output_item.done',
    'conversation.item.done',
    'response.done',
  ]);
  const done = line.all('response.done')[0]!['response'] as { output: Body[]; usage: Body } & Body;
  expect([done['status'], done['status_details'], done['metadata']]).toEqual([
    'completed',
    null,
    { purpose: 'greeting' },
  ]);
  const content = [{ type: 'output_audio', transcript: 'Hello, Mangy Dog Coffee.' }];
  expect(done.output).toMatchObject([{ type: 'message', role: 'assistant', status: 'completed', content }]);
  const audioMs = line.deltaLengths.reduce((sum, length) => sum + length, 0) / 8;
  expect(done.usage['output_token_details']).toMatchObject({ audio_tokens: Math.ceil(audioMs / 50) });
  const limits = line.all('rate_limits.updated')[0]!['rate_limits'] as Body[];
  expect(limits.map((limit) => limit['name'])).toEqual(['requests', 'tokens']);
});

test("what all sessions used together is missing from the account's allowances", async () => {
  const model = await start({ ...FAST, requestsPerMinute: 10, tokensPerMinute: 600 });
  const first = await connectLine(model);
  await first.ask('first');
  const second = await connectLine(model);
  await second.ask('second');
  const limits = second.all('rate_limits.updated').at(-1)!['rate_limits'] as Record<string, number>[];
  const [requests, tokens] = limits;
  expect(requests).toMatchObject({ name: 'requests', limit: 10 });
  expect(requests!['remaining']).toBeGreaterThanOrEqual(8 - first.all('response.created').length);
  expect(requests!['remaining']).toBeLessThan(10);
  expect(requests!['reset_seconds']).toBeGreaterThan(0);
  expect(tokens).toMatchObject({ name: 'tokens', limit: 600 });
  expect(tokens!['remaining']).toBeLessThan(600);
});

test('usage counts the whole context again, the part sent before as cached', async () => {
  const model = await start();
  const line = await connectLine(model);
  await line.ask('first');
  await line.ask('second');
  const usages = line.all('response.done').map((event) => (event['response'] as { usage: Body }).usage);
  const detail = (index: number): Body => usages[index]!['input_token_details'] as Body;
  expect(detail(0)['cached_tokens']).toBe(0);
  const sent = Number(detail(0)['text_tokens']) + Number(detail(0)['audio_tokens']);
  expect(detail(1)['cached_tokens']).toBe(sent);
  expect(Number(detail(1)['audio_tokens'])).toBeGreaterThan(Number(detail(0)['audio_tokens']));
});

test('speech interrupts: everything is closed as it stands, response.done says why, a late delta still comes', async () => {
  const model = await start(LONG);
  const line = await connectLine(model);
  line.speak('go on');
  await line.waitFor(() => line.deltaLengths.length >= 3, 'three deltas');
  line.startSpeaking('stop please');
  const done = (await line.next('response.done'))['response'] as Body;
  expect([done['status'], done['status_details']]).toEqual([
    'cancelled',
    { type: 'cancelled', reason: 'turn_detected' },
  ]);
  expect(done['output']).toMatchObject([{ status: 'incomplete' }]);
  const late = await line.next('response.output_audio.delta');
  expect(late['response_id']).toBe(done['id']);
  const types = line.events.map((event) => event['type']);
  expect(types.indexOf('input_audio_buffer.speech_started')).toBeLessThan(types.indexOf('response.done'));
  expect(line.all('response.output_audio.done').length).toBe(1);
  await model.sessions[0]!.waitFor((session) => session.responses[0]?.status === 'cancelled', 2000);
  line.appendAll(silence(600));
  await line.waitFor(() => line.all('response.created').length === 2, 'the next answer');
  expect(model.complaints).toEqual([]);
});

test('without interrupt_response the answer goes on, and the turn gets none of its own', async () => {
  const model = await start(LONG);
  const line = await connectLine(model);
  await configure(line, vadSession({ interrupt_response: false }));
  line.speak('go on');
  await line.waitFor(() => line.deltaLengths.length >= 2, 'two deltas');
  line.speak('and this');
  expect(((await line.next('error'))['error'] as Body)['code']).toBe('conversation_already_has_active_response');
  const done = (await line.next('response.done'))['response'] as Body;
  expect([done['status'], model.sessions[0]!.responses.length, model.complaints]).toEqual(['completed', 1, []]);
});

test('without create_response the client asks for the answer', async () => {
  const model = await start();
  const line = await connectLine(model);
  await configure(line, vadSession({ create_response: false }));
  line.speak('green tea');
  await line.next('conversation.item.done');
  expect(model.sessions[0]!.responses).toEqual([]);
  line.send({ type: 'response.create' });
  await line.next('response.done');
  expect(line.lastHeard).toBe('You said: green tea');
});

test('without turn detection the client commits, and a commit creates no response', async () => {
  const model = await start();
  const line = await connectLine(model);
  await configure(line, { type: 'realtime', audio: { input: { turn_detection: null } } });
  line.append(silence(60));
  expect((await errorOf(line, { type: 'input_audio_buffer.commit' }))['code']).toBe('input_audio_buffer_commit_empty');
  line.speak('dropped words');
  line.send({ type: 'input_audio_buffer.clear' });
  await line.next('input_audio_buffer.cleared');
  line.speak('kept words');
  line.send({ type: 'input_audio_buffer.commit' });
  await line.next('input_audio_buffer.committed');
  const session = model.sessions[0]!;
  expect([session.heard.map((turn) => turn.text), session.responses]).toEqual([['kept words'], []]);
  expect(line.all('input_audio_buffer.speech_started')).toEqual([]);
});

test('truncate keeps what was heard, forgets the transcript, and is held to the audio generated', async () => {
  const model = await start({ ...FAST, charsPerSecond: 50, script: () => [{ say: 'alpha beta gamma delta' }] });
  const line = await connectLine(model);
  await line.ask('go on please');
  const session = model.sessions[0]!;
  const item = session.items.find((each) => each.role === 'assistant')!;
  const truncate = { type: 'conversation.item.truncate', item_id: item.id, content_index: 0 };
  const error = await errorOf(line, { ...truncate, audio_end_ms: item.generatedMs + 1 });
  expect([error['code'], error['message']]).toEqual([
    'invalid_value',
    `Audio content of ${item.generatedMs}ms is already shorter than ${item.generatedMs + 1}ms`,
  ]);
  line.send({ ...truncate, audio_end_ms: 220 });
  const truncated = await line.next('conversation.item.truncated');
  expect(truncated).toMatchObject({ item_id: item.id, content_index: 0, audio_end_ms: 220 });
  const cut = { itemId: item.id, audioEndMs: 220, generatedMs: item.generatedMs, words: 'alpha beta ' };
  expect([session.truncations, item.transcript]).toEqual([[cut], null]);
  line.send({ ...truncate, audio_end_ms: 0 });
  await line.next('conversation.item.truncated');
  expect(item.words).toBe('');
  const user = session.items.find((each) => each.role === 'user')!;
  expect((await errorOf(line, { ...truncate, item_id: user.id, audio_end_ms: 0 }))['code']).toBe('invalid_value');
});

test('one response at a time: a second create names the active one and is a complaint', async () => {
  const model = await start(LONG);
  const line = await connectLine(model);
  line.send({ type: 'response.create' });
  const created = (await line.next('response.created'))['response'] as Body;
  const error = await errorOf(line, { type: 'response.create', event_id: 'again' });
  expect(error['code']).toBe('conversation_already_has_active_response');
  expect(String(error['message'])).toContain(String(created['id']));
  expect([error['event_id'], model.complaints.length]).toEqual(['again', 1]);
  line.send({ type: 'response.cancel', response_id: created['id'] });
  const done = (await line.next('response.done'))['response'] as Body;
  expect(done['status_details']).toEqual({ type: 'cancelled', reason: 'client_cancelled' });
});

test('a create that races with an answer the server began itself is no complaint', async () => {
  const model = await start(LONG);
  const line = await connectLine(model);
  line.speak('go on');
  await line.next('response.created');
  const error = await errorOf(line, { type: 'response.create' });
  expect([error['code'], model.complaints]).toEqual(['conversation_already_has_active_response', []]);
});

test('an out-of-band response runs beside the conversation, in text, and leaves nothing in it', async () => {
  const model = await start(LONG);
  const line = await connectLine(model);
  line.send({ type: 'response.create' });
  await line.next('response.created');
  const response = { conversation: 'none', output_modalities: ['text'], metadata: { purpose: 'summary' }, input: [] };
  line.send({ type: 'response.create', response: { ...response, instructions: 'Say "all well".' } });
  const done = await line.next('response.done');
  expect(done['response']).toMatchObject({ metadata: { purpose: 'summary' }, conversation_id: null });
  expect(line.all('response.output_text.done').length).toBe(1);
  const session = model.sessions[0]!;
  expect(session.responses.map((each) => [each.outOfBand, each.status])).toEqual([
    [false, 'in_progress'],
    [true, 'completed'],
  ]);
  expect(session.items.length).toBe(1);
});

test('an output of limited length ends incomplete', async () => {
  const model = await start(LONG);
  const line = await connectLine(model, { max_output_tokens: 20 });
  line.send({ type: 'response.create' });
  const done = (await line.next('response.done'))['response'] as Body;
  expect(done['status_details']).toEqual({ type: 'incomplete', reason: 'max_output_tokens' });
});

test('a call that is interrupted is incomplete and never reported as done', async () => {
  const model = await start({
    ...FAST,
    firstDeltaMs: 800,
    script: () => [{ call: 'get_menu', arguments: { day: 1 } }],
  });
  const line = await connectLine(model);
  line.send({ type: 'response.create' });
  await line.next('response.function_call_arguments.delta');
  line.send({ type: 'response.cancel' });
  const done = (await line.next('response.done'))['response'] as { output: Body[] };
  expect(done.output).toMatchObject([{ type: 'function_call', status: 'incomplete', arguments: '{"day' }]);
  expect(line.all('response.function_call_arguments.done')).toEqual([]);
  expect(model.sessions[0]!.responses[0]?.calls).toEqual([]);
});

test('arguments that are no JSON are sent as they are', async () => {
  const model = await start({ ...FAST, script: () => [{ call: 'get_menu', arguments: '{"category":' }] });
  const line = await connectLine(model);
  line.send({ type: 'response.create' });
  expect((await line.next('response.function_call_arguments.done'))['arguments']).toBe('{"category":');
});

test('silence for idle_timeout_ms after everything was played makes the model ask', async () => {
  const model = await start();
  const line = await connectLine(model);
  await configure(line, vadSession({ idle_timeout_ms: 5000 }));
  line.append(silence(100));
  line.send({ type: 'response.create' });
  await line.next('response.done');
  const timeout = await line.next('input_audio_buffer.timeout_triggered');
  expect(timeout).toMatchObject({ audio_start_ms: 0, audio_end_ms: 100 });
  expect((await line.next('input_audio_buffer.committed'))['item_id']).toBe(timeout['item_id']);
  await line.next('response.done');
  expect(line.lastHeard).toBe('Are you still there?');
  expect(model.sessions[0]!.responses.map((response) => response.startedBy)).toEqual(['client', 'idle']);
});

test('a session never configured speaks 24 kHz PCM, which is noise on the line, and µ-law appended to it is a complaint', async () => {
  const model = await start();
  const line = new TestClient(`${model.url}?model=gpt-realtime-2.1`);
  await line.next('session.created');
  line.send({ type: 'session.update', session: { ...lineSession(), persona: 'x' } });
  await line.next('error');
  line.send({ type: 'response.create' });
  await line.next('response.done');
  line.speak('can you hear me');
  await model.sessions[0]!.waitFor((session) => session.appendedMs > 50, 2000);
  expect([line.ear.spans, model.sessions[0]!.heard]).toEqual([[], []]);
  expect(model.complaints.map((complaint) => complaint.replace(/: .*/, ''))).toHaveLength(2);
  expect(model.complaints[1]).toBe('session 0: append while the input format is audio/pcm');
  line.close();
});

test('outputs are answered once, and a bare create waits for all of them', async () => {
  const model = await start();
  const line = await connectLine(model);
  const done = (await line.ask('When do you close today and how much is a mocha?'))['response'] as { output: Body[] };
  const ids = done.output.map((item) => item['call_id']);
  line.output(ids[0], '"six"');
  line.send({ type: 'response.create', response: { instructions: 'Say "One moment."' } });
  await line.next('response.done');
  expect([line.lastHeard, model.complaints]).toEqual(['One moment.', []]);
  line.send({ type: 'response.create' });
  await line.next('response.done');
  line.output(ids[0], '"six again"');
  await line.next('conversation.item.done');
  expect(model.complaints).toEqual([
    `session 0: response.create before the output of ${String(ids[1])}`,
    `session 0: ${String(ids[0])} was answered twice`,
  ]);
});
