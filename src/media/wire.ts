import type { WebSocket } from 'uWebSockets.js';
import type { CallStream } from './stream.ts';

/** What the upgrade hands over; the stream is put in when the socket opens. */
export interface MediaSocketData {
  stream?: CallStream;
}

export type MediaSocket = WebSocket<MediaSocketData>;

/** Above it audio waits in the call until the carrier reads on. */
const bufferedBytesMax = 64 * 1024;
/** uWebSockets.js says so when a message went over the socket's limit. */
const dropped = 2;

/** The carrier's socket as the call speaks to it. Says nothing before `name` and nothing after `end`. */
export class CarrierWire {
  readonly #socket: MediaSocket;
  readonly #onDropped: () => void;
  #open = true;
  #media = '';
  #mark = '';
  #clear = '';

  constructor(socket: MediaSocket, onDropped: () => void) {
    this.#socket = socket;
    this.#onDropped = onDropped;
  }

  /** The stream's id is part of every message; exactly the carrier's fields, others would be warned about. */
  name(streamSid: string): void {
    const sid = JSON.stringify(streamSid);
    this.#media = `{"event":"media","streamSid":${sid},"media":{"payload":"`;
    this.#mark = `{"event":"mark","streamSid":${sid},"mark":{"name":"`;
    this.#clear = `{"event":"clear","streamSid":${sid}}`;
  }

  get open(): boolean {
    return this.#open;
  }

  /** The carrier reads slowly. */
  get full(): boolean {
    return this.#open && this.#socket.getBufferedAmount() > bufferedBytesMax;
  }

  media(payload: string): void {
    this.#send(`${this.#media}${payload}"}}`);
  }

  /** The name is ours: no character of it needs an escape. */
  mark(name: string): void {
    this.#send(`${this.#mark}${name}"}}`);
  }

  clear(): void {
    this.#send(this.#clear);
  }

  /** What `work` sends goes out in one write. */
  cork(work: () => void): void {
    if (this.#open) this.#socket.cork(work);
  }

  /** 1000 brings the carrier's next question, 1008 refuses the stream. The socket's close handler runs within it. */
  end(code: 1000 | 1008): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.end(code);
  }

  /** The socket closed by itself. */
  closed(): void {
    this.#open = false;
  }

  #send(message: string): void {
    if (this.#open && this.#clear !== '' && this.#socket.send(message, false, false) === dropped) this.#onDropped();
  }
}
