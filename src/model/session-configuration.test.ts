import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Line, profile } from './session.fixture.ts';

let line: Line;

beforeEach(async () => {
  line = await Line.open();
});

afterEach(() => line.close());

describe('configuration', () => {
  test('GA shape, µ-law both ways without a rate, and the key', async () => {
    line.connect();
    const update = await line.stub.event('session.update');
    expect(line.stub.paths).toEqual(['/v1/realtime?model=gpt-realtime-2.1']);
    expect(line.stub.headers[0]?.['authorization']).toBe('Bearer sk-test');
    expect(line.stub.headers[0]?.['openai-beta']).toBeUndefined();
    expect(line.stub.headers[0]?.['sec-websocket-extensions']).toBeUndefined();
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
    line.connect().begin('greeting', []);
    await line.stub.event('session.update');
    line.stub.send({ type: 'session.created', session: { id: 'sess_7' } });
    await line.settled();
    expect([line.told, line.stub.types]).toEqual([[], ['session.update']]);
    line.stub.send({ type: 'session.updated', session: { audio: { output: { format: { type: 'audio/pcmu' } } } } });
    expect(await line.tell('ready')).toEqual(['ready', 'sess_7', 'gpt-realtime-2.1', 3_000_000]);
    await line.stub.event('response.create');
    expect(line.stub.types).toEqual(['session.update', 'conversation.item.create', 'response.create']);
    expect(line.items()).toEqual([
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

  test('a change that is refused while the configuration is under way is no end', async () => {
    const made = line.connect();
    await line.stub.event('session.update');
    made.renew(Promise.resolve({ ...profile, instructions: 'Other ones.' }));
    const change = await line.stub.event('session.update', 2);
    expect(change['session']).toEqual({
      type: 'realtime',
      instructions: 'Other ones.',
      tools: profile.tools,
      audio: { input: { transcription: { model: 'gpt-transcribe', language: 'en' } } },
    });
    const error = { type: 'invalid_request_error', code: 'invalid_value', event_id: change['event_id'], message: '' };
    line.stub.send({ type: 'error', error }, { type: 'session.updated', session: {} });
    made.begin('greeting', []);
    await line.tell('ready');
    expect(line.told.map(([name]) => name)).toEqual(['ready']);
  });

  test('a session may be configured long before it is begun', async () => {
    const made = line.connect();
    await line.stub.accept();
    await line.settled();
    expect([made.live, line.stub.types]).toEqual([false, ['session.update']]);
    made.begin('greeting', []);
    await line.tell('ready');
    expect(made.live).toBe(true);
    await line.stub.event('response.create');
  });

  test('a refused update loses the session for good, and no audio gets through', async () => {
    line.connect().begin('greeting', []);
    const update = await line.stub.event('session.update');
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
    line.stub.send({ type: 'session.created', session: { id: 's' } }, audio, { type: 'error', error }, audio, {
      type: 'session.updated',
      session: {},
    });
    expect(await line.tell('lost')).toEqual(['lost', 'unknown_parameter', true]);
    await line.stub.until(() => line.stub.socket?.readyState === 3);
    expect(line.told).toEqual([['lost', 'unknown_parameter', true]]);
  });

  test('another format than asked for is a refusal', async () => {
    line.connect().begin('greeting', []);
    await line.stub.event('session.update');
    line.stub.send({
      type: 'session.updated',
      session: { audio: { output: { format: { type: 'audio/pcm', rate: 24000 } } } },
    });
    expect(await line.tell('lost')).toEqual(['lost', 'format_refused', true]);
  });

  test('a server that fails while configuring may be tried again', async () => {
    line.connect().begin('greeting', []);
    await line.stub.event('session.update');
    line.stub.send({ type: 'error', error: { type: 'server_error', code: 'server_error', message: '' } });
    expect(await line.tell('lost')).toEqual(['lost', 'server_error', false]);
  });

  test('no confirmation in time', async () => {
    const made = line.connect();
    await line.stub.event('session.update');
    made.tick(6999);
    expect(line.told).toEqual([]);
    line.now = 7000;
    made.tick(line.now);
    expect(line.told).toEqual([['lost', 'configure_timeout', false]]);
  });

  test('a profile that cannot be had', async () => {
    line.connect(Promise.reject(new Error('no database')));
    expect(await line.tell('lost')).toEqual(['lost', 'profile_failed', true]);
  });

  test.each([
    [401, true],
    [404, true],
    [429, false],
    [503, false],
  ])('HTTP %i on the upgrade', async (status, fatal) => {
    line.stub.refuse = status;
    line.connect();
    expect(await line.tell('lost')).toEqual(['lost', `http_${status}`, fatal]);
  });

  test('nobody listens', async () => {
    await line.stub.close();
    line.connect();
    expect(await line.tell('lost')).toEqual(['lost', 'unreachable', false]);
  });
});
