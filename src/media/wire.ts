import type { WebSocket } from 'uWebSockets.js';
import type { Metrics } from '../telemetry/metrics.ts';
import type { CallStream } from './stream.ts';
import type { Tap } from './tap.ts';

/** What the upgrade hands over; the stream is put in when the socket opens. */
export interface MediaSocketData {
  stream?: CallStream;
}

export type MediaSocket = WebSocket<MediaSocketData>;

/** Above it audio waits in the call until the carrier reads on. */
const bufferedBytesMax = 64 * 1024;
/** uWebSockets.js says so when a message went over the socket's limit. */
const dropped = 2;
/** Base64 of 20 ms of µ-law, without what fills up its end. */
const frameChars = 640 / 3;

/** The carrier's socket as the call speaks to it. Says nothing before `name` and nothing after `end`. */
export class CarrierWire {
  readonly #socket: MediaSocket;
  readonly #metrics: Pick<Metrics, 'droppedFrames' | 'frames' | 'marks'>;
  /** Those who listen to what goes to the caller; null for nobody. */
  tap: Tap | null = null;
  #open = true;
  #media = '';
  #mark = '';
  #clear = '';

  constructor(socket: MediaSocket, metrics: Pick<Metrics, 'droppedFrames' | 'frames' | 'marks'>) {
    this.#socket = socket;
    this.#metrics = metrics;
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
    if (this.#send(`${this.#media}${payload}"}}`)) {
      this.#metrics.frames.to_caller.add(Math.round(payload.length / frameChars));
      if (this.tap !== null) this.tap.toCaller(payload);
    }
  }

  /** The name is ours: no character of it needs an escape. */
  mark(name: string): void {
    if (this.#send(`${this.#mark}${name}"}}`)) this.#metrics.marks.sent.add(1);
  }

  clear(): void {
    if (this.#send(this.#clear) && this.tap !== null) this.tap.cleared();
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

  /** False: nobody will hear it. */
  #send(message: string): boolean {
    if (!this.#open || this.#clear === '') return false;
    if (this.#socket.send(message, false, false) !== dropped) return true;
    this.#metrics.droppedFrames.inc({ direction: 'to_caller' });
    return false;
  }
}
