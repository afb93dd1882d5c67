import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { acceptLean } from '../lean-socket.ts';
import type { LineLedgers } from './caller.ts';
import { directPath, ModelLine } from './model-line.ts';

const realtimePath = '/v1/realtime';

export interface TurnModelOptions {
  ledgers: LineLedgers;
  /** Left out: plain. */
  tls?: { key: string; cert: string };
}

/** A realtime model that takes turns and does nothing else, so that its own cost is small and known. */
export class TurnModel {
  readonly #server: Server;
  readonly #isSecure: boolean;
  readonly #sockets = new Set<Duplex>();
  readonly #waiting = new Set<NodeJS.Timeout>();
  /** In the order in which they connected. */
  lines: ModelLine[] = [];
  ledgers: LineLedgers;
  /** Every upgrade is answered so much later. */
  opensAfterMs = 0;

  private constructor({ ledgers, tls }: TurnModelOptions) {
    this.ledgers = ledgers;
    this.#isSecure = tls !== undefined;
    this.#server = tls ? createSecureServer(tls) : createServer();
    this.#server.on('request', (_request, response) => response.writeHead(404).end());
    this.#server.on('upgrade', (request, socket, head) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
      const accept = (): void => {
        const lean = acceptLean(request.headers['sec-websocket-key'] ?? '', socket, head);
        this.lines.push(new ModelLine(lean, this.lines.length, request.url === directPath, this.ledgers));
      };
      if (this.opensAfterMs === 0) return accept();
      const timer = setTimeout(() => {
        this.#waiting.delete(timer);
        if (!socket.destroyed) accept();
      }, this.opensAfterMs);
      this.#waiting.add(timer);
    });
  }

  static async start(options: TurnModelOptions): Promise<TurnModel> {
    const model = new TurnModel(options);
    await new Promise<void>((resolve) => model.#server.listen(0, '127.0.0.1', resolve));
    return model;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#isSecure ? 'wss' : 'ws'}://127.0.0.1:${this.port}${realtimePath}`;
  }

  /** Ends every line and forgets it. */
  reset(ledgers: LineLedgers): void {
    for (const timer of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
    for (const line of this.lines) line.stop();
    for (const socket of this.#sockets) socket.destroy();
    this.lines = [];
    this.ledgers = ledgers;
  }

  async close(): Promise<void> {
    this.reset(this.ledgers);
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
