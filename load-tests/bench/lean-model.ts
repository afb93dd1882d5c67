import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { LineTimes } from './caller-line.ts';
import { frameChars } from './frame-times.ts';
import { acceptLean, type LeanSocket } from './lean-socket.ts';

const realtimePath = '/v1/realtime';
/** Here no node is between the two ends: the model's end speaks to the carrier's in the carrier's words. */
export const directPath = '/direct';
const appendStart = '{"type":"input_audio_buffer.append","audio":"';
const appendEnd = 2;
const mediaPayloadKey = '"payload":"';
const directSid = `MZ${'0'.repeat(32)}`;

/** The model's end of one line: it takes any configuration, is asked once to speak, and then speaks for ever. */
class ModelLine {
  readonly #socket: LeanSocket;
  readonly #line: number;
  readonly #isDirect: boolean;
  readonly #times: LineTimes;
  #events = 0;
  #marks = 0;
  speaks: boolean;

  constructor(socket: LeanSocket, line: number, isDirect: boolean, times: LineTimes) {
    this.#socket = socket;
    this.#line = line;
    this.#isDirect = isDirect;
    this.#times = times;
    this.speaks = isDirect;
    socket.onText = (message) => (isDirect ? this.#takeMedia(message) : this.#take(message));
    if (!isDirect) this.#send('session.created', { session: { id: `sess_${line}`, type: 'realtime', model: 'lean' } });
  }

  sendFrame(): void {
    const payload = this.#times.toCaller.frame(this.#line);
    if (!this.#isDirect) {
      return this.#socket.send(
        `{"type":"response.output_audio.delta","event_id":"event_${++this.#events}","response_id":"resp_${this.#line}",` +
          `"item_id":"item_${this.#line}","output_index":0,"content_index":0,"delta":"${payload}"}`,
      );
    }
    this.#socket.send(`{"event":"media","streamSid":"${directSid}","media":{"payload":"${payload}"}}`);
    this.#socket.send(`{"event":"mark","streamSid":"${directSid}","mark":{"name":"g1:1:${++this.#marks}"}}`);
  }

  #takeMedia(message: Buffer): void {
    const at = message.indexOf(mediaPayloadKey);
    if (at >= 0) this.#times.toModel.take(message, at + mediaPayloadKey.length, frameChars);
  }

  #take(message: Buffer): void {
    if (message.toString('latin1', 0, appendStart.length) === appendStart) {
      this.#times.toModel.take(message, appendStart.length, message.length - appendStart.length - appendEnd);
      return;
    }
    const event = JSON.parse(message.toString()) as { type: string; item?: { id?: string } };
    if (event.type === 'session.update') this.#send('session.updated', { session: { type: 'realtime' } });
    if (event.type === 'conversation.item.create')
      this.#send('conversation.item.added', { previous_item_id: null, item: event.item });
    if (event.type === 'response.create') this.#answer();
  }

  #answer(): void {
    const response = { id: `resp_${this.#line}`, object: 'realtime.response', status: 'in_progress' };
    const item = {
      id: `item_${this.#line}`,
      object: 'realtime.item',
      type: 'message',
      status: 'in_progress',
      role: 'assistant',
    };
    this.#send('response.created', { response });
    this.#send('response.output_item.added', {
      response_id: response.id,
      output_index: 0,
      item: { ...item, content: [] },
    });
    this.speaks = true;
  }

  #send(type: string, event: object): void {
    this.#socket.send(JSON.stringify({ type, event_id: `event_${++this.#events}`, ...event }));
  }
}

/** A realtime model that does nothing but take frames and send frames, so that its own cost is small and known. */
export class LeanModel {
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  /** In the order in which they connected. */
  lines: ModelLine[] = [];
  times: LineTimes;

  private constructor(times: LineTimes) {
    this.times = times;
    this.#server = createServer((_request, response) => response.writeHead(404).end());
    this.#server.on('upgrade', (request, socket, head) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      const isDirect = request.url === directPath;
      const lean = acceptLean(request.headers['sec-websocket-key'] ?? '', socket, head);
      this.lines.push(new ModelLine(lean, this.lines.length, isDirect, this.times));
    });
  }

  static async start(times: LineTimes): Promise<LeanModel> {
    const model = new LeanModel(times);
    await new Promise<void>((resolve) => model.#server.listen(0, '127.0.0.1', resolve));
    return model;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}${realtimePath}`;
  }

  /** Ends every line and forgets it. */
  reset(times: LineTimes): void {
    for (const socket of this.#sockets) socket.destroy();
    this.lines = [];
    this.times = times;
  }

  async close(): Promise<void> {
    this.reset(this.times);
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
