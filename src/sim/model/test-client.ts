import { WebSocket, type RawData } from 'ws';
import { encodeUtterance, joinBytes, silence, VoiceReader } from '../voice/index.ts';
import type { FakeModel } from './index.ts';
import { Watch } from './watch.ts';
import { textOf } from './wire.ts';

export type Body = Record<string, unknown>;

const BOUND_MS = 8000;
const CHUNK_BYTES = 480;
const CALLER_CHARS_PER_SECOND = 100;

export const PCMU = { type: 'audio/pcmu' };
export const VAD = { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 300 };
export const TOOL_NAMES = [
  'get_menu',
  'get_product_details',
  'get_store_hours',
  'get_subscription_info',
  'search_knowledge_base',
  'transfer_to_staff',
  'leave_voicemail',
  'end_call',
  'speak_language',
];

/** A telephone line's session: µ-law both ways, server VAD, transcription, the tools. */
export function lineSession(fields: Body = {}): Body {
  const parameters = { type: 'object', properties: {} };
  return {
    type: 'realtime',
    instructions: 'You answer the phone.\nGreeting: Hello, Mangy Dog Coffee.',
    audio: {
      input: { format: PCMU, turn_detection: VAD, transcription: { model: 'gpt-transcribe' } },
      output: { format: PCMU, voice: 'marin' },
    },
    tools: TOOL_NAMES.map((name) => ({ type: 'function', name, description: name, parameters })),
    ...fields,
  };
}

/** A plain client of the realtime API: sends what it is told, keeps what arrives, reads the words in the audio. */
export class TestClient {
  readonly events: Body[] = [];
  /** What reached the ear, late deltas of cancelled responses included. */
  readonly ear = new VoiceReader();
  readonly deltaLengths: number[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  readonly #socket: WebSocket;
  readonly #watch = new Watch();
  #utterance = 0;
  #seen = 0;

  constructor(url: string, headers: Record<string, string> = { Authorization: 'Bearer key' }) {
    this.#socket = new WebSocket(url, { headers, perMessageDeflate: false });
    this.#socket.on('message', (data) => this.#receive(data));
    this.#socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
      this.#watch.changed();
    });
    this.#socket.on('error', (error) => {
      this.events.push({ type: 'socket.error', message: error.message });
      this.#watch.changed();
    });
  }

  #receive(data: RawData): void {
    const event = JSON.parse(textOf(data)) as Body;
    this.events.push(event);
    if (event['type'] === 'response.output_audio.delta') {
      const bytes = Buffer.from(String(event['delta']), 'base64');
      this.deltaLengths.push(bytes.length);
      this.ear.push(bytes);
    }
    this.#watch.changed();
  }

  send(event: Body): void {
    this.#socket.send(JSON.stringify(event));
  }

  sendRaw(data: string | Uint8Array): void {
    this.#socket.send(data);
  }

  /** The next event of this type that was not waited for yet; order among types is kept. */
  async next(type: string, fits: (event: Body) => boolean = () => true): Promise<Body> {
    const matching = (event: Body, index: number): boolean =>
      index >= this.#seen && event['type'] === type && fits(event);
    const found = (): number => this.events.findIndex(matching);
    await this.waitFor(() => found() >= 0, `event ${type}`);
    const at = found();
    this.#seen = at + 1;
    return this.events[at]!;
  }

  waitFor(predicate: () => boolean, what = String(predicate)): Promise<void> {
    const types = (): string =>
      this.events
        .map((event) => String(event['type']))
        .slice(-20)
        .join(' ');
    return this.#watch.waitFor(predicate, BOUND_MS, what).catch((error: unknown) => {
      throw new Error(`${String(error)}; last events: ${types()}`);
    });
  }

  all(type: string): Body[] {
    return this.events.filter((event) => event['type'] === type);
  }

  append(bytes: Uint8Array): void {
    this.send({ type: 'input_audio_buffer.append', audio: Buffer.from(bytes).toString('base64') });
  }

  appendAll(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) this.append(bytes.subarray(at, at + CHUNK_BYTES));
  }

  /** Says the words and is silent long enough for the turn to end. */
  speak(text: string): void {
    this.startSpeaking(text);
    this.appendAll(silence(600));
  }

  startSpeaking(text: string): void {
    this.#utterance += 1;
    const options = { utterance: this.#utterance, speaker: 'caller', charsPerSecond: CALLER_CHARS_PER_SECOND } as const;
    this.appendAll(joinBytes(encodeUtterance(text, options)));
  }

  async ask(text: string): Promise<Body> {
    this.speak(text);
    return this.next('response.done');
  }

  /** The words of the last utterance heard. */
  get lastHeard(): string {
    return this.ear.spans.at(-1)?.text ?? '';
  }

  output(callId: unknown, output: string): void {
    this.send({ type: 'conversation.item.create', item: { type: 'function_call_output', call_id: callId, output } });
  }

  close(): void {
    this.#socket.close(1000);
  }
}

/** A client whose session is set up for a telephone line. */
export async function connectLine(model: FakeModel, fields: Body = {}): Promise<TestClient> {
  const client = new TestClient(`${model.url}?model=gpt-realtime-2.1`);
  await client.next('session.created');
  client.send({ type: 'session.update', session: lineSession(fields) });
  await client.next('session.updated');
  return client;
}
