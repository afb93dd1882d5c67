import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appendOf } from './append.ts';
import { call, done, Line } from './session.fixture.ts';

let line: Line;

beforeEach(async () => {
  line = await Line.open();
});

afterEach(() => line.close());

describe('a live session', () => {
  test('audio goes both ways untouched', async () => {
    const made = await line.live();
    const event = Buffer.from(`xx${appendOf('//7+')}x`);
    made.append(event, 2, event.length - 1);
    event.fill(0);
    expect(await line.stub.event('input_audio_buffer.append')).toEqual({
      type: 'input_audio_buffer.append',
      audio: '//7+',
    });
    line.stub.send({ type: 'response.created', response: { id: 'resp_1' } });
    line.stub.send({
      type: 'response.output_audio.delta',
      response_id: 'resp_1',
      item_id: 'item_A',
      output_index: 0,
      content_index: 0,
      delta: '//7+',
    });
    expect(await line.tell('audio')).toEqual([
      'audio',
      { responseId: 'resp_1', itemId: 'item_A', payload: '//7+', bytes: 3 },
      false,
    ]);
    line.stub.send(done('resp_1', { usage: { input_tokens: 7, output_tokens: 2 } }));
    expect(await line.tell('responseEnded', 2)).toEqual([
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

  test('what the account allows and what was used is told to whoever keeps its books', async () => {
    await line.live();
    const limit = (name: string, limit: number, remaining: number) => ({ name, limit, remaining, reset_seconds: 1.5 });
    line.stub.send(
      { type: 'response.created', response: { id: 'resp_1' } },
      { type: 'rate_limits.updated', rate_limits: [limit('requests', 500, 497), limit('tokens', 40_000, 38_000)] },
      done('resp_1', { status: 'cancelled', usage: { input_tokens: 7, output_tokens: 2 } }),
      { type: 'rate_limits.updated', rate_limits: [] },
    );
    expect(await line.tell('limitsTold')).toEqual([
      'limitsTold',
      {
        requests: { limit: 500, remaining: 497, resetS: 1.5 },
        tokens: { limit: 40_000, remaining: 38_000, resetS: 1.5 },
      },
    ]);
    expect(await line.tell('limitsTold', 2)).toEqual(['limitsTold', { requests: null, tokens: null }]);
    expect(await line.tell('used')).toEqual([
      'used',
      { textIn: 7, textInCached: 0, audioIn: 0, audioInCached: 0, textOut: 2, audioOut: 0 },
    ]);
  });

  test('two calls in one response, each reported twice: asked once each, one create after both outputs', async () => {
    const made = await line.live();
    line.stub.send({ type: 'response.created', response: { id: 'resp_1' } });
    line.stub.send({
      type: 'response.function_call_arguments.done',
      response_id: 'resp_1',
      item_id: 'item_a',
      call_id: 'a',
      name: 'get_menu',
      arguments: '{}',
    });
    line.stub.send(
      call('resp_1', 'a'),
      call('resp_1', 'b'),
      call('resp_1', 'a'),
      call('resp_1', 'c', 'incomplete'),
      done('resp_1'),
    );
    expect((await line.tell('responseEnded', 2))[1]).toMatchObject({ spoke: false, toolCallIds: ['a', 'b'] });
    expect(line.told.filter(([name]) => name === 'toolAsked')).toEqual([
      ['toolAsked', { responseId: 'resp_1', toolCallId: 'a', name: 'get_menu', arguments: '{}' }],
      ['toolAsked', { responseId: 'resp_1', toolCallId: 'b', name: 'get_menu', arguments: '{}' }],
    ]);
    made.deliver('a', 'one', true);
    await line.stub.event('conversation.item.create', 2);
    await line.settled();
    expect(line.stub.types.filter((type) => type === 'response.create')).toHaveLength(1);
    made.deliver('b', 'two', true);
    await line.stub.event('response.create', 2);
    expect(line.stub.types.slice(-3)).toEqual([
      'conversation.item.create',
      'conversation.item.create',
      'response.create',
    ]);
  });

  test('words of the caller are placed by the item that they follow', async () => {
    await line.live();
    const item_id = 'item_U1';
    line.stub.send({ type: 'input_audio_buffer.speech_started', audio_start_ms: 10, item_id });
    line.stub.send({ type: 'input_audio_buffer.speech_stopped', audio_end_ms: 900, item_id });
    line.stub.send({ type: 'input_audio_buffer.committed', item_id, previous_item_id: 'item_A' });
    await line.settled();
    expect(line.session?.transcriptsDue).toBe(1);
    line.stub.send({
      type: 'conversation.item.input_audio_transcription.completed',
      item_id,
      content_index: 0,
      transcript: 'Hello?',
    });
    expect(await line.tell('callerSaid')).toEqual(['callerSaid', item_id, 'Hello?', 'item_A']);
    expect(line.session?.transcriptsDue).toBe(0);
    line.stub.send({
      type: 'conversation.item.input_audio_transcription.failed',
      item_id: 'item_U2',
      content_index: 0,
      error: {},
    });
    expect(await line.tell('callerSaid', 2)).toEqual(['callerSaid', 'item_U2', null, null]);
  });

  test('a transcript that does not come is given up after a while', async () => {
    const made = await line.live();
    line.stub.send({ type: 'input_audio_buffer.committed', item_id: 'item_U1', previous_item_id: 'item_A' });
    await line.settled();
    made.tick((line.now = 14_900));
    expect(made.transcriptsDue).toBe(1);
    made.tick((line.now = 15_000));
    expect(made.transcriptsDue).toBe(0);
    expect(line.told.at(-1)).toEqual(['callerSaid', 'item_U1', null, 'item_A']);
    expect(made.atRest).toBe(true);
  });

  test('audio of an interrupted response is told as late', async () => {
    const made = await line.live();
    const delta = (id: string) => ({
      type: 'response.output_audio.delta',
      response_id: id,
      item_id: `item_${id}`,
      output_index: 0,
      content_index: 0,
      delta: 'AAAA',
    });
    line.stub.send({ type: 'response.created', response: { id: 'resp_1' } }, delta('resp_1'));
    await line.tell('audio');
    made.interrupt();
    line.stub.send(
      delta('resp_1'),
      done('resp_1', { status: 'cancelled', status_details: { type: 'cancelled', reason: 'turn_detected' } }),
    );
    line.stub.send(delta('resp_1'), { type: 'response.created', response: { id: 'resp_2' } }, delta('resp_2'));
    await line.tell('audio', 4);
    expect(line.told.filter(([name]) => name === 'audio').map(([, , late]) => late)).toEqual([
      false,
      true,
      true,
      false,
    ]);
    made.truncate('item_resp_1', 380);
    expect(await line.stub.event('conversation.item.truncate')).toEqual({
      type: 'conversation.item.truncate',
      item_id: 'item_resp_1',
      content_index: 0,
      audio_end_ms: 380,
    });
    expect(line.stub.types.includes('response.cancel')).toBe(false);
  });

  test('our own response that begins while the caller speaks is cancelled', async () => {
    line.connect().begin('greeting', []);
    await line.stub.accept();
    await line.stub.event('response.create');
    line.stub.send(
      { type: 'input_audio_buffer.speech_started', audio_start_ms: 0, item_id: 'u' },
      { type: 'response.created', response: { id: 'resp_1' } },
    );
    expect(await line.stub.event('response.cancel')).toEqual({ type: 'response.cancel', response_id: 'resp_1' });
  });

  test('a turn that the server leaves unanswered while something is owed is asked for', async () => {
    const made = await line.live();
    line.stub.send({ type: 'input_audio_buffer.speech_started', audio_start_ms: 0, item_id: 'u' });
    await line.tell('speechStarted');
    made.deliver('unknown', 'late output', true);
    line.stub.send({ type: 'input_audio_buffer.speech_stopped', audio_end_ms: 0, item_id: 'u' });
    await line.tell('speechStopped');
    line.now += 1499;
    made.tick(line.now);
    await line.settled();
    expect(line.stub.types.filter((type) => type === 'response.create')).toHaveLength(1);
    made.tick(line.now + 1);
    await line.stub.event('response.create', 2);
  });

  test('benign errors and unknown or broken events change nothing', async () => {
    await line.live();
    const before = (await line.metrics.modelEventsIgnored.get()).values;
    for (const code of [
      'response_cancel_not_active',
      'item_truncate_invalid_item_id',
      'invalid_value',
      'nobody_knows',
    ]) {
      line.stub.send({ type: 'error', error: { type: 'invalid_request_error', code, message: '' } });
    }
    line.stub.send(
      { type: 'brand.new' },
      {},
      { type: 'response.done' },
      { type: 'error' },
      { type: 'response.output_audio.delta', delta: 4 },
    );
    line.stub.socket?.send('{"type":');
    line.stub.socket?.send(Buffer.from([1, 2]));
    await line.settled();
    expect(line.told.at(-1)?.[0]).toBe('responseEnded');
    const after = (await line.metrics.modelEventsIgnored.get()).values;
    const added = (reason: string) => count(after, reason) - count(before, reason);
    expect([added('unknown'), added('broken')]).toEqual([1, 4]);
  });

  test('a create that met an active response is repeated when that one is done', async () => {
    const made = await line.live();
    made.deliver('x', 'output', true);
    const create = await line.stub.event('response.create', 2);
    const error = {
      type: 'invalid_request_error',
      code: 'conversation_already_has_active_response',
      message: 'Conversation already has an active response in progress: resp_9.',
      event_id: create['event_id'],
    };
    line.stub.send({ type: 'error', error });
    await line.settled();
    expect(line.stub.types.filter((type) => type === 'response.create')).toHaveLength(2);
    line.stub.send(done('resp_9'));
    await line.stub.event('response.create', 3);
  });

  function count(
    values: { labels: Partial<Record<string, string | number>>; value: number }[],
    reason: string,
  ): number {
    return values.find(({ labels }) => labels['reason'] === reason)?.value ?? 0;
  }
});
