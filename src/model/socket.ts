import { WebSocket } from 'ws';
import { closeCode, closeIsFatal, reactionTo, upgradeIsFatal } from './errors.ts';
import type { ModelSettings } from './profile.ts';

const handshakeTimeoutMs = 4000;
/** One event of the server; the longest known are audio deltas of some seconds. */
const messageBytesMax = 16 * 1024 * 1024;
/** Nothing was heard for so long: ask for a pong. */
const pingAfterMs = 2500;
/** Neither event nor pong for so long: the line is half open. */
const deadAfterMs = 6500;
/** Unsent audio: two minutes; a server that reads so slowly is lost. */
const unsentBytesMax = 1_300_000;

export interface SocketListener {
  onOpen(): void;
  /** `data` is only valid during the call. */
  onMessage(data: Buffer): void;
  /** Once, and nothing after it. Not called after `close`. */
  onGone(code: string, fatal: boolean): void;
}

/** What a session needs of it. */
export interface SessionSocket {
  send(message: string): void;
  /** One message of the ASCII bytes `from` to `to` (exclusive); they may be overwritten once this returns. */
  sendAscii(bytes: Uint8Array, from: number, to: number): void;
  tick(now: number): void;
  close(): void;
}

/** The model's WebSocket and its signs of life. */
export class ModelSocket implements SessionSocket {
  readonly #listener: SocketListener;
  readonly #socket: WebSocket;
  #gone = false;
  #heard = true;
  #heardAt = 0;
  #pinged = false;

  constructor(settings: ModelSettings, listener: SocketListener) {
    this.#listener = listener;
    const url = new URL(settings.url);
    url.searchParams.set('model', settings.model);
    const socket = new WebSocket(url, {
      headers: { Authorization: `Bearer ${settings.apiKey}` },
      perMessageDeflate: false,
      maxPayload: messageBytesMax,
      handshakeTimeout: handshakeTimeoutMs,
      skipUTF8Validation: true,
    });
    this.#socket = socket;
    socket.on('open', () => {
      if (!this.#gone) listener.onOpen();
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.#heard = true;
      if (!this.#gone && !isBinary) listener.onMessage(data);
    });
    socket.on('pong', () => {
      this.#heard = true;
    });
    socket.on('unexpected-response', (request, response) => {
      const status = response.statusCode ?? 0;
      request.destroy();
      this.#lose(`http_${status}`, upgradeIsFatal(status));
    });
    socket.on('error', () => this.#lose('unreachable', false));
    socket.on('close', (code, reason) => {
      const named = closeCode(code, reason.toString());
      const reaction = reactionTo(named);
      this.#lose(named, reaction === 'fatal' || (reaction === 'benign' && closeIsFatal(code)));
    });
  }

  /** Silently does nothing once the socket is gone. */
  send(message: string): void {
    if (!this.#gone && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  sendAscii(bytes: Uint8Array, from: number, to: number): void {
    if (this.#gone || this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(bytes.subarray(from, to), { binary: false });
  }

  /** Called some times a second with monotonic milliseconds. */
  tick(now: number): void {
    if (this.#gone || this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#heard) {
      this.#heard = false;
      this.#heardAt = now;
      this.#pinged = false;
    }
    if (now - this.#heardAt >= deadAfterMs) {
      this.#lose('half_open', false);
    } else if (this.#socket.bufferedAmount > unsentBytesMax) {
      this.#lose('unread', false);
    } else if (!this.#pinged && now - this.#heardAt >= pingAfterMs) {
      this.#pinged = true;
      this.#socket.ping();
    }
  }

  close(): void {
    if (this.#gone) return;
    this.#gone = true;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000);
    // The server may have the session already: it is told that nobody wants it, once it can be told.
    else if (this.#socket.readyState === WebSocket.CONNECTING)
      this.#socket.once('open', () => this.#socket.close(1000));
    else this.#socket.terminate();
  }

  #lose(code: string, fatal: boolean): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#socket.terminate();
    this.#listener.onGone(code, fatal);
  }
}
