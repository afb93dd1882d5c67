import type { Log } from '../telemetry/log.ts';
import { closeCode, closeIsFatal, reactionTo, upgradeIsFatal } from './errors.ts';
import type { ModelSettings } from './profile.ts';
import { WebSocketClient } from './web-socket/client.ts';

const handshakeTimeoutMs = 4000;
/** Nobody waits for it: the socket is given back at the latest then. */
const closeTimeoutMs = 5000;
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
  readonly #client: WebSocketClient;
  #gone = false;
  #heard = true;
  #heardAt = 0;
  #pinged = false;

  constructor(settings: ModelSettings, listener: SocketListener, log: Log) {
    this.#listener = listener;
    const url = new URL(settings.url);
    url.searchParams.set('model', settings.model);
    const headers = { Authorization: `Bearer ${settings.apiKey}` };
    const limits = { handshakeTimeoutMs, closeTimeoutMs, messageBytesMax };
    this.#client = new WebSocketClient(
      { url, headers, ...limits },
      {
        onOpen: () => {
          // The server has the session: where nobody wants it any more it is told so.
          if (this.#gone) this.#client.close(1000);
          else listener.onOpen();
        },
        onMessage: (bytes) => {
          this.#heard = true;
          if (!this.#gone) listener.onMessage(bytes);
        },
        onPong: () => {
          this.#heard = true;
        },
        onRefused: (status) => this.#lose(`http_${status}`, upgradeIsFatal(status)),
        onError: (code, why) => {
          log.warn({ model: settings.model, code, why }, 'connection to the model failed');
          this.#lose('unreachable', false);
        },
        onClose: (code, reason) => {
          const named = closeCode(code, reason);
          const reaction = reactionTo(named);
          this.#lose(named, reaction === 'fatal' || (reaction === 'benign' && closeIsFatal(code)));
        },
      },
    );
  }

  /** Silently does nothing once the socket is gone. */
  send(message: string): void {
    if (!this.#gone) this.#client.send(message);
  }

  sendAscii(bytes: Uint8Array, from: number, to: number): void {
    if (!this.#gone) this.#client.sendAscii(bytes, from, to);
  }

  /** Called some times a second with monotonic milliseconds. */
  tick(now: number): void {
    if (this.#gone || this.#client.state !== 'open') return;
    if (this.#heard) {
      this.#heard = false;
      this.#heardAt = now;
      this.#pinged = false;
    }
    if (now - this.#heardAt >= deadAfterMs) {
      this.#cut('half_open');
    } else if (this.#client.bufferedBytes > unsentBytesMax) {
      this.#cut('unread');
    } else if (!this.#pinged && now - this.#heardAt >= pingAfterMs) {
      this.#pinged = true;
      this.#client.ping();
    }
  }

  close(): void {
    if (this.#gone) return;
    this.#gone = true;
    if (this.#client.state !== 'connecting') this.#client.close(1000);
  }

  #cut(code: string): void {
    this.#client.terminate();
    this.#lose(code, false);
  }

  #lose(code: string, fatal: boolean): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#listener.onGone(code, fatal);
  }
}
