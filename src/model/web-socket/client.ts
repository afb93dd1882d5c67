import type { Socket } from 'node:net';
import { abnormalCode, isSendable } from './close-code.ts';
import { connectTo } from './connection.ts';
import { faults, type FaultCode } from './faults.ts';
import { FrameReader } from './frame-reader.ts';
import { closePayload, frameWriter } from './frame-writer.ts';
import { Handshake } from './handshake.ts';
import { opcode } from './opcode.ts';

const nothing = new Uint8Array(0);

export interface WebSocketOptions {
  /** `ws:` or `wss:`. */
  url: URL;
  headers: Readonly<Record<string, string>>;
  /** For all of it: name, connection, TLS, upgrade. */
  handshakeTimeoutMs: number;
  /** From a close frame to the end of the connection; then it is cut. */
  closeTimeoutMs: number;
  messageBytesMax: number;
}

/** `onRefused`, `onError` or `onClose` is called once; nothing is called after it. */
export interface WebSocketListener {
  onOpen(): void;
  /** One whole text message, valid UTF-8. The bytes are only valid during the call. */
  onMessage(bytes: Buffer): void;
  onPong(): void;
  /** The server answered the handshake with this HTTP status. */
  onRefused(status: number): void;
  /** The connection failed: before it was open, or because the server broke the protocol. */
  onError(code: FaultCode, why: string): void;
  /** 1005: without a code. 1006: the connection ended without a close frame, or `close` was not answered in time. */
  onClose(code: number, reason: string): void;
}

/**
 * A client's WebSocket (RFC 6455) without extensions. Text goes out unfragmented, one write for each message.
 *
 * connecting ─▶ open ─▶ closing ─▶ closed; from each state to closed when the connection fails or is cut.
 */
export class WebSocketClient {
  readonly #listener: WebSocketListener;
  readonly #closeTimeoutMs: number;
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  #handshake: Handshake | null;
  #state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting';
  /** Of the handshake, then of the close. */
  #timer: NodeJS.Timeout;
  /** The last ping while the server did not read. */
  #owedPong: Buffer | null = null;

  /** Throws a TypeError where a header's name or value may not be sent. */
  constructor(options: WebSocketOptions, listener: WebSocketListener) {
    this.#listener = listener;
    this.#closeTimeoutMs = options.closeTimeoutMs;
    this.#handshake = new Handshake(options.url, options.headers);
    this.#reader = new FrameReader(
      {
        onText: (bytes) => listener.onMessage(bytes),
        onPing: (payload) => this.#onPing(payload),
        onPong: () => listener.onPong(),
        onCloseFrame: (code, reason) => this.#onCloseFrame(code, reason),
        onFault: (code) => this.#fail(code),
      },
      options.messageBytesMax,
    );
    this.#socket = connectTo(options.url, (bytes, length) => this.#onBytes(bytes, length));
    this.#timer = setTimeout(() => this.#fail('handshake_timeout'), options.handshakeTimeoutMs);
    this.#socket.setNoDelay(true);
    this.#socket.once(options.url.protocol === 'wss:' ? 'secureConnect' : 'connect', () => this.#onConnected());
    this.#socket.on('error', (error) => this.#onSocketError(error));
    this.#socket.on('end', () => this.#onEnd());
    this.#socket.on('close', () => {
      this.#onEnd();
      this.#stopTimer();
    });
  }

  get state(): 'connecting' | 'open' | 'closing' | 'closed' {
    return this.#state;
  }

  /** Bytes that the system has not taken yet. Whoever sends watches it: nothing else bounds them. */
  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  /** Silently does nothing unless the socket is open, as the other senders. */
  send(text: string): void {
    if (this.#state === 'open') frameWriter.text(this.#socket, text);
  }

  /** Hot: one message of the ASCII bytes `from` to `to` (exclusive); they may be overwritten once this returns. */
  sendAscii(bytes: Uint8Array, from: number, to: number): void {
    if (this.#state === 'open') frameWriter.ascii(this.#socket, bytes, from, to);
  }

  ping(): void {
    if (this.#state === 'open') frameWriter.control(this.#socket, opcode.ping, nothing);
  }

  /** Begins to close; messages may come until `onClose`. A socket that is not open yet is cut without a word. */
  close(code: number, reason = ''): void {
    if (!isSendable(code)) throw new RangeError(`${code} may not be sent as the code of a close`);
    if (this.#state === 'connecting') return this.terminate();
    if (this.#state !== 'open') return;
    frameWriter.control(this.#socket, opcode.close, closePayload(code, reason));
    this.#state = 'closing';
    this.#timer = setTimeout(() => this.#lose(), this.#closeTimeoutMs);
  }

  /** Cuts the connection. Nothing is told any more. */
  terminate(): void {
    this.#settle();
    this.#socket.destroy();
  }

  #onConnected(): void {
    if (this.#handshake) this.#socket.write(this.#handshake.request, 'latin1');
  }

  #onBytes(bytes: Buffer, length: number): void {
    const answer = this.#handshake?.read(bytes, length);
    if (answer === undefined) return this.#reader.read(bytes, 0, length);
    if (answer.is === 'fault') this.#fail(answer.code);
    if (answer.is === 'refused') {
      this.terminate();
      this.#listener.onRefused(answer.status);
    }
    if (answer.is !== 'open') return;
    this.#stopTimer();
    this.#handshake = null;
    this.#state = 'open';
    this.#listener.onOpen();
    this.#reader.read(bytes, answer.next, length);
  }

  #onPing(payload: Buffer): void {
    if (this.#state !== 'open') return;
    // A server that pings without reading would fill our memory: it is owed a pong for its last ping only.
    if (!this.#socket.writableNeedDrain) return frameWriter.control(this.#socket, opcode.pong, payload);
    if (this.#owedPong === null) this.#socket.once('drain', () => this.#payPong());
    this.#owedPong = Buffer.from(payload);
  }

  #payPong(): void {
    const payload = this.#owedPong;
    this.#owedPong = null;
    if (payload && this.#state === 'open') frameWriter.control(this.#socket, opcode.pong, payload);
  }

  #onCloseFrame(code: number, reason: string): void {
    if (this.#state === 'open') frameWriter.control(this.#socket, opcode.close, closePayload(code, ''));
    this.#leave();
    this.#listener.onClose(code, reason);
  }

  #fail(code: FaultCode, why: string = faults[code].text): void {
    if (this.#state === 'closed') return;
    const { closeCode } = faults[code];
    if (closeCode === null) {
      this.terminate();
    } else {
      if (this.#state === 'open') frameWriter.control(this.#socket, opcode.close, closePayload(closeCode, ''));
      this.#leave();
    }
    this.#listener.onError(code, why);
  }

  #onSocketError(error: Error & { code?: unknown }): void {
    // An error on an open socket is followed by its end.
    if (this.#state === 'connecting') this.#fail('unreachable', error.message || String(error.code));
  }

  #onEnd(): void {
    if (this.#state === 'connecting') this.#fail('handshake_ended');
    else if (this.#state !== 'closed') this.#lose();
  }

  #lose(): void {
    this.terminate();
    this.#listener.onClose(abnormalCode, '');
  }

  /** Nothing is told after it. */
  #settle(): void {
    this.#stopTimer();
    this.#state = 'closed';
    this.#handshake = null;
    this.#reader.stop();
  }

  /** Ends the connection in order: what was written goes out, the server ends its side. */
  #leave(): void {
    this.#settle();
    this.#socket.end();
    this.#timer = setTimeout(() => this.#socket.destroy(), this.#closeTimeoutMs);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
  }
}
