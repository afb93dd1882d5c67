import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Turn } from '../../machines/call-events.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { appendOf } from './append.ts';
import type { SessionProfile } from './profile.ts';
import { ModelSession, type SessionListener } from './session.ts';
import { ModelStub, type Received } from './stub.fixture.ts';

const profile: SessionProfile = {
  instructions: 'You answer the phone.',
  voice: 'marin',
  greeting: 'Hello, Mangy Dog Coffee.',
  tools: [{ type: 'function', name: 'get_menu', description: 'Menu', parameters: { type: 'object', properties: {} } }],
  language: 'en',
};

let stub: ModelStub;
let session: ModelSession | null;
let now: number;
let told: unknown[][];
let wake: (() => void)[];

/** Everything that the session tells, by the name of the method. */
function listener(): SessionListener {
  const record =
    (name: string) =>
    (...values: unknown[]) => {
      told.push([name, ...values.map((value) => (typeof value === 'object' && value !== null ? { ...value } : value))]);
      for (const resolve of wake.splice(0)) resolve();
    };
  return {
    onReady: record('ready'),
    onAudio: record('audio'),
    onOutputStarted: record('outputStarted'),
    onWords: record('words'),
    onOutputEnded: record('outputEnded'),
    onSpeechStarted: record('speechStarted'),
    onSpeechStopped: record('speechStopped'),
    onCallerSaid: record('callerSaid'),
    onToolAsked: record('toolAsked'),
    onResponseEnded: record('responseEnded'),
    onLost: record('lost'),
    onFault: record('fault'),
  };
}

async function tell(name: string, nth = 1): Promise<unknown[]> {
  const found = () => told.filter(([kind]) => kind === name);
  while (found().length < nth) await new Promise<void>((resolve) => wake.push(resolve));
  return found()[nth - 1] as unknown[];
}

const metrics = createMetrics();

function connect(apiKey = 'sk-test', given: Promise<SessionProfile> = Promise.resolve(profile)): ModelSession {
  const settings = { url: stub.url, apiKey, model: 'gpt-realtime-2.1' };
  session = new ModelSession({ settings, log: createLog('silent'), metrics, now: () => now }, given, listener());
  return session;
}

/** A live session whose opening response is over. */
async function live(seed: Turn[] = []): Promise<ModelSession> {
  const made = connect();
  made.begin('greeting', seed);
  await stub.accept();
  await stub.event('response.create');
  stub.send({ type: 'response.created', response: { id: 'resp_0' } }, done('resp_0'));
  await tell('responseEnded');
  return made;
}

function done(id: string, more: object = {}): object {
  return { type: 'response.done', response: { id, status: 'completed', output: [], usage: null, ...more } };
}

function call(responseId: string, callId: string, status = 'completed'): object {
  const item = {
    id: `item_${callId}`,
    type: 'function_call',
    status,
    call_id: callId,
    name: 'get_menu',
    arguments: '{}',
  };
  return { type: 'response.output_item.done', response_id: responseId, item };
}

/** Items created by the client, in short. */
function items(): unknown[] {
  return stub.received
    .filter((event) => event.type === 'conversation.item.create')
    .map((event) => {
      const { id, ...item } = event['item'] as Record<string, unknown>;
      expect(String(id).length).toBeLessThanOrEqual(32);
      return item;
    });
}

/** A round trip: everything sent before has been handled on both sides. */
async function settled(): Promise<void> {
  const pong = new Promise((resolve) => stub.socket?.once('pong', resolve));
  stub.socket?.ping();
  await pong;
}

beforeEach(async () => {
  now = 0;
  told = [];
  wake = [];
  session = null;
  stub = await ModelStub.start();
});

afterEach(async () => {
  session?.close();
  await stub.close();
});

describe('configuration', () => {
  test('GA shape, µ-law both ways without a rate, and the key', async () => {
    connect();
    const update = await stub.event('session.update');
    expect(stub.paths).toEqual(['/v1/realtime?model=gpt-realtime-2.1']);
    expect(stub.headers[0]?.['authorization']).toBe('Bearer sk-test');
    expect(stub.headers[0]?.['openai-beta']).toBeUndefined();
    expect(stub.headers[0]?.['sec-websocket-extensions']).toBeUndefined();
    expect(update['session']).toEqual({
      type: 'realtime',
      output_modalities: ['audio'],
      instructions: profile.instructions,
      audio: {
        input: {
          format: { type: 'audio/pcmu' },
          noise_reduction: { type: 'near_field' },
          transcription: { model: 'gpt-transcribe', language: 'en' },
          turn_detection: {
            type: 'server_vad',
            threshold: 0.5,
            prefix_padding_ms: 300,
            silence_duration_ms: 500,
            create_response: true,
            interrupt_response: true,
          },
        },
        output: { format: { type: 'audio/pcmu' }, voice: 'marin' },
      },
      tools: profile.tools,
      tool_choice: 'auto',
      max_output_tokens: 'inf',
      truncation: { type: 'retention_ratio', retention_ratio: 0.8, token_limits: { post_instructions: 8000 } },
    });
  });

  test('ready only after session.updated; then the greeting is asked for by a system item', async () => {
    connect().begin('greeting', []);
    await stub.event('session.update');
    stub.send({ type: 'session.created', session: { id: 'sess_7' } });
    await settled();
    expect([told, stub.types]).toEqual([[], ['session.update']]);
    stub.send({ type: 'session.updated', session: { audio: { output: { format: { type: 'audio/pcmu' } } } } });
    expect(await tell('ready')).toEqual(['ready', 'sess_7', 'gpt-realtime-2.1']);
    await stub.event('response.create');
    expect(stub.types).toEqual(['session.update', 'conversation.item.create', 'response.create']);
    expect(items()).toEqual([
      {
        type: 'message',
        role: 'system',
        content: [
          {
            type: 'input_text',
            text: 'The caller is on the line now. Speak first. Say exactly: "Hello, Mangy Dog Coffee."',
          },
        ],
      },
    ]);
  });

  test('a session may be configured long before it is begun', async () => {
    const made = connect();
    await stub.accept();
    await settled();
    expect([made.live, stub.types]).toEqual([false, ['session.update']]);
    made.begin('greeting', []);
    await tell('ready');
    expect(made.live).toBe(true);
    await stub.event('response.create');
  });

  test('a refused update loses the session for good, and no audio gets through', async () => {
    connect().begin('greeting', []);
    const update = await stub.event('session.update');
    const error = {
      type: 'invalid_request_error',
      code: 'unknown_parameter',
      message: '…',
      param: 'session.x',
      event_id: update['event_id'],
    };
    const audio = {
      type: 'response.output_audio.delta',
      response_id: 'r',
      item_id: 'i',
      output_index: 0,
      content_index: 0,
      delta: 'AAAA',
    };
    stub.send({ type: 'session.created', session: { id: 's' } }, audio, { type: 'error', error }, audio, {
      type: 'session.updated',
      session: {},
    });
    expect(await tell('lost')).toEqual(['lost', 'unknown_parameter', true]);
    await stub.until(() => stub.socket?.readyState === 3);
    expect(told).toEqual([['lost', 'unknown_parameter', true]]);
  });

  test('another format than asked for is a refusal', async () => {
    connect().begin('greeting', []);
    await stub.event('session.update');
    stub.send({
      type: 'session.updated',
      session: { audio: { output: { format: { type: 'audio/pcm', rate: 24000 } } } },
    });
    expect(await tell('lost')).toEqual(['lost', 'format_refused', true]);
  });

  test('a server that fails while configuring may be tried again', async () => {
    connect().begin('greeting', []);
    await stub.event('session.update');
    stub.send({ type: 'error', error: { type: 'server_error', code: 'server_error', message: '' } });
    expect(await tell('lost')).toEqual(['lost', 'server_error', false]);
  });

  test('no confirmation in time', async () => {
    const made = connect();
    await stub.event('session.update');
    made.tick(6999);
    expect(told).toEqual([]);
    now = 7000;
    made.tick(now);
    expect(told).toEqual([['lost', 'configure_timeout', false]]);
  });

  test('a profile that cannot be had', async () => {
    connect('sk-test', Promise.reject(new Error('no database')));
    expect(await tell('lost')).toEqual(['lost', 'profile_failed', true]);
  });

  test.each([
    [401, true],
    [404, true],
    [429, false],
    [503, false],
  ])('HTTP %i on the upgrade', async (status, fatal) => {
    stub.refuse = status;
    connect();
    expect(await tell('lost')).toEqual(['lost', `http_${status}`, fatal]);
  });

  test('nobody listens', async () => {
    const { url } = stub;
    await stub.close();
    const settings = { url, apiKey: 'k', model: 'm' };
    session = new ModelSession(
      { settings, log: createLog('silent'), metrics, now: () => now },
      Promise.resolve(profile),
      listener(),
    );
    expect(await tell('lost')).toEqual(['lost', 'unreachable', false]);
  });
});

describe('seeding', () => {
  const turns: Turn[] = [
    { who: 'assistant', itemId: 'a', text: 'Hello.', cut: false },
    { who: 'caller', itemId: 'b', text: 'The menu, please.' },
    { who: 'tool', toolCallId: 'call_1', name: 'get_menu', arguments: '{}', output: '{"items":3}' },
    { who: 'assistant', itemId: 'c', text: 'We have', cut: true },
    { who: 'caller', itemId: 'd', text: '' },
  ];

  test('oldest first, strict content types, pairs whole, automatic answers off meanwhile', async () => {
    connect().begin('bridging', turns);
    await stub.accept();
    await stub.event('response.create');
    expect(stub.types).toEqual([
      'session.update',
      ...Array.from({ length: 5 }, () => 'conversation.item.create'),
      'session.update',
      'conversation.item.create',
      'response.create',
    ]);
    const answers = stub.received.filter((event) => event.type === 'session.update').map(createResponse);
    expect(answers).toEqual([false, true]);
    expect(items().slice(0, 5)).toEqual([
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello.' }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'The menu, please.' }] },
      { type: 'function_call', call_id: 'call_1', name: 'get_menu', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_1', output: '{"items":3}' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'We have …' }] },
    ]);
    expect(JSON.stringify(items()[5])).toContain('as I was saying');
  });

  test('into a session that was configured before', async () => {
    const made = connect();
    await stub.accept();
    await settled();
    made.begin('bridging', turns);
    await stub.event('response.create');
    const updates = stub.received.filter((event) => event.type === 'session.update');
    expect(updates.map(createResponse)).toEqual([true, false, true]);
    expect(updates.slice(1).map((event) => Object.keys(event['session'] as object))).toEqual([
      ['type', 'audio'],
      ['type', 'audio'],
    ]);
  });

  test('tools that still ran are waited for before the model speaks', async () => {
    const made = connect();
    made.begin('bridging', [
      ...turns,
      { who: 'tool', toolCallId: 'call_2', name: 'get_menu', arguments: '{}', output: null },
    ]);
    await stub.accept();
    await tell('ready');
    expect(stub.types.includes('response.create')).toBe(false);
    made.deliver('call_2', 'done', true);
    await stub.event('response.create');
    expect(items().slice(5, 7)).toEqual([
      { type: 'function_call', call_id: 'call_2', name: 'get_menu', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_2', output: 'done' },
    ]);
    expect(stub.types.filter((type) => type === 'response.create')).toHaveLength(1);
  });

  test('but not for long: the model is told that they run', async () => {
    const made = connect();
    made.begin('bridging', [{ who: 'tool', toolCallId: 'call_2', name: 'get_menu', arguments: '{}', output: null }]);
    await stub.accept();
    await tell('ready');
    now = 1500;
    made.tick(now);
    await stub.event('response.create');
    expect(JSON.stringify(items())).toContain('get_menu with the arguments {} is still running');
    stub.send({ type: 'response.created', response: { id: 'resp_1' } }, done('resp_1'));
    await tell('responseEnded');
    made.deliver('call_2', 'done', true);
    await stub.event('response.create', 2);
    expect(items().slice(1)).toHaveLength(2);
  });

  test('a seeded item that is refused is left out', async () => {
    connect().begin('bridging', turns);
    await stub.accept();
    const item = await stub.event('conversation.item.create', 3);
    stub.send({
      type: 'error',
      error: { type: 'invalid_request_error', code: 'invalid_value', message: '', event_id: item['event_id'] },
    });
    await settled();
    expect(told.map(([name]) => name)).toEqual(['ready']);
  });

  function createResponse(event: Received): unknown {
    const { audio } = event['session'] as { audio: { input: { turn_detection: { create_response: boolean } } } };
    return audio.input.turn_detection.create_response;
  }
});

describe('a live session', () => {
  test('audio goes both ways untouched', async () => {
    const made = await live();
    made.append(appendOf('//7+'));
    expect(await stub.event('input_audio_buffer.append')).toEqual({ type: 'input_audio_buffer.append', audio: '//7+' });
    stub.send({ type: 'response.created', response: { id: 'resp_1' } });
    stub.send({
      type: 'response.output_audio.delta',
      response_id: 'resp_1',
      item_id: 'item_A',
      output_index: 0,
      content_index: 0,
      delta: '//7+',
    });
    expect(await tell('audio')).toEqual([
      'audio',
      { responseId: 'resp_1', itemId: 'item_A', payload: '//7+', bytes: 3 },
      false,
    ]);
    stub.send(done('resp_1', { usage: { input_tokens: 7, output_tokens: 2 } }));
    expect(await tell('responseEnded', 2)).toEqual([
      'responseEnded',
      {
        responseId: 'resp_1',
        status: 'completed',
        spoke: true,
        toolCallIds: [],
        errorCode: null,
        usage: { textIn: 7, textInCached: 0, audioIn: 0, audioInCached: 0, textOut: 2, audioOut: 0 },
      },
    ]);
  });

  test('two calls in one response, each reported twice: asked once each, one create after both outputs', async () => {
    const made = await live();
    stub.send({ type: 'response.created', response: { id: 'resp_1' } });
    stub.send({
      type: 'response.function_call_arguments.done',
      response_id: 'resp_1',
      item_id: 'item_a',
      call_id: 'a',
      name: 'get_menu',
      arguments: '{}',
    });
    stub.send(
      call('resp_1', 'a'),
      call('resp_1', 'b'),
      call('resp_1', 'a'),
      call('resp_1', 'c', 'incomplete'),
      done('resp_1'),
    );
    expect((await tell('responseEnded', 2))[1]).toMatchObject({ spoke: false, toolCallIds: ['a', 'b'] });
    expect(told.filter(([name]) => name === 'toolAsked')).toEqual([
      ['toolAsked', { responseId: 'resp_1', toolCallId: 'a', name: 'get_menu', arguments: '{}' }],
      ['toolAsked', { responseId: 'resp_1', toolCallId: 'b', name: 'get_menu', arguments: '{}' }],
    ]);
    made.deliver('a', 'one', true);
    await stub.event('conversation.item.create', 2);
    await settled();
    expect(stub.types.filter((type) => type === 'response.create')).toHaveLength(1);
    made.deliver('b', 'two', true);
    await stub.event('response.create', 2);
    expect(stub.types.slice(-3)).toEqual(['conversation.item.create', 'conversation.item.create', 'response.create']);
  });

  test('words of the caller are placed by the item that they follow', async () => {
    await live();
    const item_id = 'item_U1';
    stub.send({ type: 'input_audio_buffer.speech_started', audio_start_ms: 10, item_id });
    stub.send({ type: 'input_audio_buffer.speech_stopped', audio_end_ms: 900, item_id });
    stub.send({ type: 'input_audio_buffer.committed', item_id, previous_item_id: 'item_A' });
    await settled();
    expect(session?.transcriptsDue).toBe(1);
    stub.send({
      type: 'conversation.item.input_audio_transcription.completed',
      item_id,
      content_index: 0,
      transcript: 'Hello?',
    });
    expect(await tell('callerSaid')).toEqual(['callerSaid', item_id, 'Hello?', 'item_A']);
    expect(session?.transcriptsDue).toBe(0);
    stub.send({
      type: 'conversation.item.input_audio_transcription.failed',
      item_id: 'item_U2',
      content_index: 0,
      error: {},
    });
    expect(await tell('callerSaid', 2)).toEqual(['callerSaid', 'item_U2', '', null]);
  });

  test('audio of an interrupted response is told as late', async () => {
    const made = await live();
    const delta = (id: string) => ({
      type: 'response.output_audio.delta',
      response_id: id,
      item_id: `item_${id}`,
      output_index: 0,
      content_index: 0,
      delta: 'AAAA',
    });
    stub.send({ type: 'response.created', response: { id: 'resp_1' } }, delta('resp_1'));
    await tell('audio');
    made.interrupt();
    stub.send(
      delta('resp_1'),
      done('resp_1', { status: 'cancelled', status_details: { type: 'cancelled', reason: 'turn_detected' } }),
    );
    stub.send(delta('resp_1'), { type: 'response.created', response: { id: 'resp_2' } }, delta('resp_2'));
    await tell('audio', 4);
    expect(told.filter(([name]) => name === 'audio').map(([, , late]) => late)).toEqual([false, true, true, false]);
    made.truncate('item_resp_1', 380);
    expect(await stub.event('conversation.item.truncate')).toEqual({
      type: 'conversation.item.truncate',
      item_id: 'item_resp_1',
      content_index: 0,
      audio_end_ms: 380,
    });
    expect(stub.types.includes('response.cancel')).toBe(false);
  });

  test('our own response that begins while the caller speaks is cancelled', async () => {
    connect().begin('greeting', []);
    await stub.accept();
    await stub.event('response.create');
    stub.send(
      { type: 'input_audio_buffer.speech_started', audio_start_ms: 0, item_id: 'u' },
      { type: 'response.created', response: { id: 'resp_1' } },
    );
    expect(await stub.event('response.cancel')).toEqual({ type: 'response.cancel', response_id: 'resp_1' });
  });

  test('a turn that the server leaves unanswered while something is owed is asked for', async () => {
    const made = await live();
    stub.send({ type: 'input_audio_buffer.speech_started', audio_start_ms: 0, item_id: 'u' });
    await tell('speechStarted');
    made.deliver('unknown', 'late output', true);
    stub.send({ type: 'input_audio_buffer.speech_stopped', audio_end_ms: 0, item_id: 'u' });
    await tell('speechStopped');
    now += 1499;
    made.tick(now);
    await settled();
    expect(stub.types.filter((type) => type === 'response.create')).toHaveLength(1);
    made.tick(now + 1);
    await stub.event('response.create', 2);
  });

  test('benign errors and unknown or broken events change nothing', async () => {
    await live();
    const before = (await metrics.modelEventsIgnored.get()).values;
    for (const code of [
      'response_cancel_not_active',
      'item_truncate_invalid_item_id',
      'invalid_value',
      'nobody_knows',
    ]) {
      stub.send({ type: 'error', error: { type: 'invalid_request_error', code, message: '' } });
    }
    stub.send(
      { type: 'brand.new' },
      {},
      { type: 'response.done' },
      { type: 'error' },
      { type: 'response.output_audio.delta', delta: 4 },
    );
    stub.socket?.send('{"type":');
    stub.socket?.send(Buffer.from([1, 2]));
    await settled();
    expect(told.at(-1)?.[0]).toBe('responseEnded');
    const after = (await metrics.modelEventsIgnored.get()).values;
    const added = (reason: string) => count(after, reason) - count(before, reason);
    expect([added('unknown'), added('broken')]).toEqual([1, 4]);
  });

  test('a create that met an active response is repeated when that one is done', async () => {
    const made = await live();
    made.deliver('x', 'output', true);
    const create = await stub.event('response.create', 2);
    const error = {
      type: 'invalid_request_error',
      code: 'conversation_already_has_active_response',
      message: 'Conversation already has an active response in progress: resp_9.',
      event_id: create['event_id'],
    };
    stub.send({ type: 'error', error });
    await settled();
    expect(stub.types.filter((type) => type === 'response.create')).toHaveLength(2);
    stub.send(done('resp_9'));
    await stub.event('response.create', 3);
  });

  function count(
    values: { labels: Partial<Record<string, string | number>>; value: number }[],
    reason: string,
  ): number {
    return values.find(({ labels }) => labels['reason'] === reason)?.value ?? 0;
  }
});

describe('losing the session', () => {
  const failed = (id: string, code: string) =>
    done(id, { status: 'failed', status_details: { type: 'failed', error: { type: 'x', code, message: '' } } });

  test.each([
    ['server_error', false],
    ['rate_limit_exceeded', true],
  ])('%s: one more try, then it is lost', async (code, fatal) => {
    const made = await live();
    stub.send({ type: 'response.created', response: { id: 'resp_1' } }, failed('resp_1', code));
    expect((await tell('responseEnded', 2))[1]).toMatchObject({ status: 'failed', errorCode: code });
    now = 999;
    made.tick(now);
    await settled();
    expect(stub.types.filter((type) => type === 'response.create')).toHaveLength(1);
    made.tick(1000);
    await stub.event('response.create', 2);
    stub.send({ type: 'response.created', response: { id: 'resp_2' } }, failed('resp_2', code));
    expect(await tell('lost')).toEqual(['lost', code, fatal]);
  });

  test.each(['insufficient_quota', 'credit_balance_exhausted'])('%s is fatal at once', async (code) => {
    await live();
    stub.send({ type: 'response.created', response: { id: 'resp_1' } }, failed('resp_1', code));
    expect(await tell('lost')).toEqual(['lost', code, true]);
  });

  test('session_expired ends the session, not the call', async () => {
    await live();
    stub.send({ type: 'error', error: { type: 'invalid_request_error', code: 'session_expired', message: '' } });
    expect(await tell('lost')).toEqual(['lost', 'session_expired', false]);
  });

  test.each([
    [1001, '', 'closed_1001', false],
    [1011, '', 'closed_1011', false],
    [1000, '', 'closed_1000', true],
    [3000, 'invalid_request_error.invalid_api_key', 'invalid_api_key', true],
    [4004, 'invalid_request_error.model_not_found', 'model_not_found', true],
  ])('close %i %s', async (code, reason, told, fatal) => {
    await live();
    stub.socket?.close(code, reason);
    expect(await tell('lost')).toEqual(['lost', told, fatal]);
  });

  test('cut without a word', async () => {
    await live();
    stub.socket?.terminate();
    expect(await tell('lost')).toEqual(['lost', 'closed_1006', false]);
  });

  test('half open: neither event nor pong for six and a half seconds', async () => {
    const made = await live();
    made.tick(0);
    const pings: number[] = [];
    stub.socket?.on('ping', () => pings.push(now));
    stub.socket?.pause();
    for (now = 250; now < 6500; now += 250) made.tick(now);
    expect(told.some(([name]) => name === 'lost')).toBe(false);
    made.tick(6500);
    expect(told.at(-1)).toEqual(['lost', 'half_open', false]);
  });

  test('a quiet server that answers pings lives', async () => {
    const made = await live();
    made.tick(0);
    now = 2500;
    made.tick(now);
    await new Promise((resolve) => stub.socket?.once('ping', resolve));
    await settled();
    now = 5000;
    made.tick(now);
    now = 7000;
    made.tick(now);
    expect(made.live).toBe(true);
  });

  test('nothing is told after close, and every use after it is harmless', async () => {
    const made = await live();
    const before = told.length;
    made.close();
    made.append(appendOf('AAAA'));
    made.deliver('a', 'b', true);
    made.truncate('a', 1);
    made.interrupt();
    made.begin('greeting', []);
    made.tick(99_999);
    await stub.until(() => stub.socket?.readyState === 3);
    expect(told).toHaveLength(before);
  });
});
