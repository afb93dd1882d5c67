import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Turn } from '../../machines/call-events.ts';
import { done, Line } from './session.fixture.ts';
import type { Received } from './stub.fixture.ts';

let line: Line;

beforeEach(async () => {
  line = await Line.open();
});

afterEach(() => line.close());

describe('seeding', () => {
  const turns: Turn[] = [
    { who: 'assistant', itemId: 'a', text: 'Hello.', cut: false },
    { who: 'caller', itemId: 'b', text: 'The menu, please.' },
    { who: 'tool', toolCallId: 'call_1', name: 'get_menu', arguments: '{}', output: '{"items":3}' },
    { who: 'assistant', itemId: 'c', text: 'We have', cut: true },
    { who: 'caller', itemId: 'd', text: '' },
  ];

  test('oldest first, strict content types, pairs whole, automatic answers off meanwhile', async () => {
    line.connect().begin('bridging', turns);
    await line.stub.accept();
    await line.stub.event('response.create');
    expect(line.stub.types).toEqual([
      'session.update',
      ...Array.from({ length: 5 }, () => 'conversation.item.create'),
      'session.update',
      'conversation.item.create',
      'response.create',
    ]);
    const answers = line.stub.received.filter((event) => event.type === 'session.update').map(createResponse);
    expect(answers).toEqual([false, true]);
    expect(line.items().slice(0, 5)).toEqual([
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello.' }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'The menu, please.' }] },
      { type: 'function_call', call_id: 'call_1', name: 'get_menu', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_1', output: '{"items":3}' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'We have …' }] },
    ]);
    expect(JSON.stringify(line.items()[5])).toContain('as I was saying');
  });

  test('a line that breaks before the caller could say anything: the greeting begins anew', async () => {
    line.connect().begin('bridging', [{ who: 'assistant', itemId: 'a', text: 'Thanks for', cut: true }]);
    await line.stub.accept();
    await line.stub.event('response.create');
    expect(JSON.stringify(line.items().at(-1))).toMatch(/Say exactly: \\"Sorry about that\. .+\\"/);
  });

  test('between two turns: nothing is said first, unless the caller waits for an answer', async () => {
    line.connect().begin('resuming', turns.slice(0, 4));
    await line.stub.accept();
    await line.settled();
    expect(line.stub.types).not.toContain('response.create');
    expect(line.items()).toHaveLength(5);

    await line.close();
    line = await Line.open();
    line.connect().begin('resuming', turns.slice(0, 2));
    await line.stub.accept();
    await line.stub.event('response.create');
    expect(JSON.stringify(line.items().at(-1))).toContain('Answer what the caller said last');
  });

  test('what a supervisor noted stands in its place, and is nobody’s turn', async () => {
    const made = line.connect();
    const note: Turn = { who: 'supervisor', itemId: 'n', text: 'Offer the "moon" blend.' };
    made.begin('resuming', [...turns.slice(0, 2), note]);
    await line.stub.accept();
    await line.stub.event('response.create');
    expect(line.items()[2]).toMatchObject({
      role: 'system',
      content: [{ text: expect.stringMatching(/^Note from a supervisor[^:]+: Offer the 'moon' blend\.$/) as string }],
    });
    expect(JSON.stringify(line.items().at(-1))).toContain('Answer what the caller said last');
    made.note('And the sun.', 'n2');
    expect(made.knows([note, { ...note, itemId: 'n2' }])).toBe(true);
    expect(made.knows([{ ...note, itemId: 'n3' }])).toBe(false);
  });

  test('into a session that was configured before', async () => {
    const made = line.connect();
    await line.stub.accept();
    await line.settled();
    made.begin('bridging', turns);
    await line.stub.event('response.create');
    const updates = line.stub.received.filter((event) => event.type === 'session.update');
    expect(updates.map(createResponse)).toEqual([true, false, true]);
    expect(updates.slice(1).map((event) => Object.keys(event['session'] as object))).toEqual([
      ['type', 'audio'],
      ['type', 'audio'],
    ]);
  });

  test('tools that still ran are waited for before the model speaks', async () => {
    const made = line.connect();
    made.begin('bridging', [
      ...turns,
      { who: 'tool', toolCallId: 'call_2', name: 'get_menu', arguments: '{}', output: null },
    ]);
    await line.stub.accept();
    await line.tell('ready');
    expect(line.stub.types.includes('response.create')).toBe(false);
    made.deliver('call_2', 'done', true);
    await line.stub.event('response.create');
    expect(line.items().slice(5, 7)).toEqual([
      { type: 'function_call', call_id: 'call_2', name: 'get_menu', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_2', output: 'done' },
    ]);
    expect(line.stub.types.filter((type) => type === 'response.create')).toHaveLength(1);
  });

  test('but not for long: the model is told that they run', async () => {
    const made = line.connect();
    made.begin('bridging', [{ who: 'tool', toolCallId: 'call_2', name: 'get_menu', arguments: '{}', output: null }]);
    await line.stub.accept();
    await line.tell('ready');
    line.now = 1500;
    made.tick(line.now);
    await line.stub.event('response.create');
    expect(JSON.stringify(line.items())).toContain('get_menu with the arguments {} is still running');
    line.stub.send({ type: 'response.created', response: { id: 'resp_1' } }, done('resp_1'));
    await line.tell('responseEnded');
    made.deliver('call_2', 'done', true);
    await line.stub.event('response.create', 2);
    expect(line.items().slice(1)).toHaveLength(2);
  });

  test('a seeded item that is refused is left out', async () => {
    line.connect().begin('bridging', turns);
    await line.stub.accept();
    const item = await line.stub.event('conversation.item.create', 3);
    line.stub.send({
      type: 'error',
      error: { type: 'invalid_request_error', code: 'invalid_value', message: '', event_id: item['event_id'] },
    });
    await line.settled();
    expect(line.told.map(([name]) => name)).toEqual(['ready']);
  });

  function createResponse(event: Received): unknown {
    const { audio } = event['session'] as { audio: { input: { turn_detection: { create_response: boolean } } } };
    return audio.input.turn_detection.create_response;
  }
});
