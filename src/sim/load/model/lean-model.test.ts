import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { VoiceReader } from '../../voice/index.ts';
import { readTag } from '../voice/name-tag.ts';
import { base64Of, type Phrase, phraseBook, tagFrame } from '../voice/phrases.ts';
import { LeanModel } from './lean-model.ts';
import { phrasesMax } from './model-options.ts';

const seconds = { questionSeconds: 0.5, answerSeconds: 1 };
const silenceMs = 200;
const quick = { ...seconds, firstDeltaMs: 5, transcriptionMs: 5, speed: 50 };

type Event = Record<string, unknown> & { type: string };

let model: LeanModel;
let open: WebSocket[] = [];
beforeEach(async () => {
  model = await LeanModel.start(quick);
});
afterEach(() => {
  for (const socket of open) socket.terminate();
  open = [];
  model.close();
});

/** A client that keeps what it was told. */
class Client {
  readonly socket: WebSocket;
  readonly events: Event[] = [];

  constructor(url: string, headers: Record<string, string> = { Authorization: 'Bearer key' }) {
    this.socket = new WebSocket(url, { headers, perMessageDeflate: false });
    open.push(this.socket);
    this.socket.on('message', (data) => this.events.push(JSON.parse(String(data)) as Event));
    this.socket.on('error', () => undefined);
  }

  send(event: object): void {
    this.socket.send(JSON.stringify(event));
  }

  of(type: string): Event[] {
    return this.events.filter((event) => event.type === type);
  }

  async until(type: string, count = 1): Promise<Event> {
    await expect.poll(() => this.of(type).length, { interval: 2 }).toBeGreaterThanOrEqual(count);
    return this.of(type)[count - 1] as Event;
  }

  configure(more: object = {}): Promise<Event> {
    const format = { type: 'audio/pcmu' };
    const turn_detection = { type: 'server_vad', silence_duration_ms: silenceMs, ...more };
    const input = { format, transcription: { model: 'any' }, turn_detection };
    this.send({ type: 'session.update', session: { type: 'realtime', audio: { input, output: { format } } } });
    return this.until('session.updated');
  }

  append(bytes: Uint8Array): void {
    this.send({ type: 'input_audio_buffer.append', audio: base64Of(bytes) });
  }
}

async function connected(): Promise<Client> {
  const client = new Client(`${model.url}?model=gpt-realtime`);
  await client.until('session.created');
  return client;
}

const question = phraseBook({ speaker: 'caller', seconds: seconds.questionSeconds, count: phrasesMax })
  .phrases[7] as Phrase;

/** What a caller says, and the silence after which it is over. */
function turn(line: number, number: number): Uint8Array {
  const bytes = new Uint8Array(question.bytes.length + (silenceMs + 40) * 8).fill(0xff);
  bytes.set(question.bytes);
  bytes.set(tagFrame(question, line, number));
  return bytes;
}

function audioOf(client: Client): Buffer {
  return Buffer.concat(
    client.of('response.output_audio.delta').map(({ delta }) => Buffer.from(String(delta), 'base64')),
  );
}

describe('a turn', () => {
  for (const size of [160, 37, 480, 8_000]) {
    test(`appended in pieces of ${size} bytes is heard, written down and answered`, async () => {
      const client = await connected();
      await client.configure();
      const bytes = turn(3, 9);
      for (let at = 0; at < bytes.length; at += size) client.append(bytes.subarray(at, at + size));
      const done = (await client.until('response.done')) as Event & { response: { status: string; usage: object } };
      expect(done.response.status).toBe('completed');
      expect(done.response.usage).toMatchObject({ output_token_details: { text_tokens: 10 } });
      const written = await client.until('conversation.item.input_audio_transcription.completed');
      expect(written['transcript']).toBe(question.words);
      const { turns, framesLost, framesRepeated, framesStrange, wordsHeard, frames } = model.counts();
      expect({ turns, framesLost, framesRepeated, framesStrange, frames }).toEqual({
        ...{ turns: 1, framesLost: 0, framesRepeated: 0, framesStrange: 0, frames: bytes.length / 160 },
      });
      expect(wordsHeard).toBe(question.words.split(' ').length + 1);
    });
  }

  test('is answered in the simulated voice, to who asked, with its events in order', async () => {
    const client = await connected();
    await client.configure();
    client.append(turn(3, 9));
    await client.until('response.done');
    const reader = new VoiceReader();
    reader.push(audioOf(client));
    reader.end();
    expect(reader.intact).toBe(true);
    expect(reader.spans).toHaveLength(1);
    expect(readTag(reader.text())).toEqual({ line: 3, turn: 9 });
    const [message] = client.of('response.output_audio_transcript.done');
    expect(message?.['transcript']).toBe(reader.text());
    const order = [...new Set(client.events.map(({ type }) => type))];
    const wanted = [
      ...['session.created', 'input_audio_buffer.speech_started', 'input_audio_buffer.speech_stopped'],
      ...['input_audio_buffer.committed', 'conversation.item.added', 'response.created', 'rate_limits.updated'],
      ...['response.output_item.added', 'response.content_part.added', 'response.output_audio.delta'],
      ...['response.output_audio.done', 'response.output_item.done', 'response.done'],
    ];
    expect(order.filter((type) => wanted.includes(type))).toEqual(wanted);
    const ids = client.events.map(({ event_id: id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).not.toContain(undefined);
  });

  test('is not answered where the session says so', async () => {
    const client = await connected();
    await client.configure({ create_response: false });
    client.append(turn(1, 1));
    await client.until('conversation.item.input_audio_transcription.completed');
    expect(client.of('response.created')).toEqual([]);
  });

  test('with another key beside the audio is taken too', async () => {
    const client = await connected();
    await client.configure();
    client.send({ event_id: 'e1', type: 'input_audio_buffer.append', audio: base64Of(turn(1, 1)) });
    await client.until('response.created');
    expect(model.counts().appends).toBe(1);
  });
});

describe('an interruption', () => {
  test('cancels the answer, with one late delta behind its end', async () => {
    model.close();
    model = await LeanModel.start({ ...quick, speed: 1, answerSeconds: 10 });
    const client = await connected();
    await client.configure();
    client.append(turn(3, 0));
    await client.until('response.output_audio.delta');
    client.append(turn(3, 1).subarray(0, question.bytes.length));
    const done = (await client.until('response.done')) as Event & { response: object };
    expect(done.response).toMatchObject({ status: 'cancelled', status_details: { reason: 'turn_detected' } });
    await client.until('response.output_audio.delta', 2);
    const types = client.events.map(({ type }) => type);
    expect(types.indexOf('response.done')).toBeLessThan(types.lastIndexOf('response.output_audio.delta'));
    expect(model.counts()).toMatchObject({ cancelled: 1, answers: 1 });
  });

  test('may truncate what was generated, and no more', async () => {
    const client = await connected();
    await client.configure();
    client.append(turn(3, 0));
    await client.until('response.done');
    const itemId = client.of('response.output_audio.delta')[0]?.['item_id'];
    const truncate = (audio_end_ms: number, item_id = itemId): void =>
      client.send({ type: 'conversation.item.truncate', item_id, content_index: 0, audio_end_ms });
    truncate(500);
    expect((await client.until('conversation.item.truncated'))['audio_end_ms']).toBe(500);
    truncate(60_000);
    truncate(0, 'item_unknown');
    await client.until('error', 2);
    const codes = client.of('error').map(({ error }) => (error as { code: string }).code);
    expect(codes).toEqual(['invalid_value', 'item_truncate_invalid_item_id']);
    expect(model.counts()).toMatchObject({ truncated: 1, complaints: 2 });
  });
});

describe('a session', () => {
  test('speaks when it is asked to, once at a time', async () => {
    const client = await connected();
    await client.configure();
    client.send({ type: 'response.create' });
    client.send({ type: 'response.create' });
    await client.until('response.done');
    expect((await client.until('error'))['error']).toMatchObject({
      code: 'conversation_already_has_active_response',
    });
    expect(model.complaints).toEqual([]);
  });

  test('refuses an update without its type, another format, and another voice after it spoke', async () => {
    const client = await connected();
    client.send({ type: 'session.update', session: {} });
    const pcm = { type: 'audio/pcm', rate: 24_000 };
    client.send({ type: 'session.update', session: { type: 'realtime', audio: { output: { format: pcm } } } });
    await client.until('error', 2);
    await client.configure();
    client.send({ type: 'response.create' });
    await client.until('response.done');
    client.send({ type: 'session.update', session: { type: 'realtime', audio: { output: { voice: 'ash' } } } });
    expect((await client.until('error', 3))['error']).toMatchObject({ code: 'cannot_update_voice' });
  });

  test('opens late where it is told to, and not at all for strangers', async () => {
    model.openLateMs = 60_000;
    const late = new Client(`${model.url}?model=gpt-realtime`);
    await expect.poll(() => model.waiting).toBe(1);
    expect([late.socket.readyState, model.size]).toEqual([WebSocket.CONNECTING, 0]);
    late.socket.terminate();
    await expect.poll(() => model.waiting).toBe(0);
    model.openLateMs = 20;
    await connected();
    for (const headers of [{}, { Authorization: 'Bearer key', 'OpenAI-Beta': 'realtime=v1' }]) {
      const { socket } = new Client(`${model.url}?model=gpt-realtime`, headers);
      const status = await new Promise((resolve) =>
        socket.once('unexpected-response', (_request, response) => resolve(response.statusCode)),
      );
      expect(status).toBe('Authorization' in headers ? 400 : 401);
    }
    expect(model.size).toBe(1);
  });

  test('takes what is no event with an error, and goes on', async () => {
    const client = await connected();
    client.socket.send('{');
    client.send({ type: 'nothing.known' });
    await client.until('error', 2);
    await client.configure();
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });
});
