import uWS, {
  type HttpRequest,
  type HttpResponse,
  type TemplatedApp,
  type us_listen_socket,
  type us_socket_context_t,
  type WebSocket,
} from 'uWebSockets.js';
import type { LineLedgers } from './caller.ts';
import { directPath, ModelLine } from './model-line.ts';

const realtimePath = '/v1/realtime';
const messageBytesMax = 1024 * 1024;
const backpressureBytesMax = 16 * 1024 * 1024;

export interface TurnModelOptions {
  ledgers: LineLedgers;
  /** Left out: plain. */
  tls?: { keyFile: string; file: string };
}

interface LineData {
  isDirect: boolean;
  line: ModelLine | null;
}

/** A realtime model that takes turns and does nothing else, so that its own cost is small and known. */
export class TurnModel {
  readonly #app: TemplatedApp;
  readonly #isSecure: boolean;
  readonly #sockets = new Set<WebSocket<LineData>>();
  /** In the order in which they connected. */
  lines: ModelLine[] = [];
  ledgers: LineLedgers;
  /** Every upgrade is answered so much later. */
  opensAfterMs = 0;
  port = 0;

  private constructor({ ledgers, tls }: TurnModelOptions) {
    this.ledgers = ledgers;
    this.#isSecure = tls !== undefined;
    this.#app = tls ? uWS.SSLApp({ key_file_name: tls.keyFile, cert_file_name: tls.file }) : uWS.App();
    for (const path of [realtimePath, directPath]) {
      this.#app.ws<LineData>(path, {
        maxPayloadLength: messageBytesMax,
        maxBackpressure: backpressureBytesMax,
        idleTimeout: 0,
        upgrade: (response, request, context) => this.#upgrade(response, request, context, path === directPath),
        open: (socket) => this.#open(socket),
        message: (socket, message) => socket.getUserData().line?.take(Buffer.from(message)),
        close: (socket) => {
          this.#sockets.delete(socket);
          socket.getUserData().line?.stop();
        },
      });
    }
  }

  static async start(options: TurnModelOptions): Promise<TurnModel> {
    const model = new TurnModel(options);
    await new Promise<void>((resolve, reject) => {
      model.#app.listen('127.0.0.1', 0, (listening: us_listen_socket | false) => {
        if (listening === false) return reject(new Error('no port can be had'));
        model.port = uWS.us_socket_local_port(listening);
        resolve();
      });
    });
    return model;
  }

  get url(): string {
    return `${this.#isSecure ? 'wss' : 'ws'}://127.0.0.1:${this.port}${realtimePath}`;
  }

  /** Ends every line and forgets it. */
  reset(ledgers: LineLedgers): void {
    for (const socket of [...this.#sockets]) socket.close();
    this.lines = [];
    this.ledgers = ledgers;
  }

  close(): void {
    this.#app.close();
  }

  #upgrade(response: HttpResponse, request: HttpRequest, context: us_socket_context_t, isDirect: boolean): void {
    const key = request.getHeader('sec-websocket-key');
    const protocol = request.getHeader('sec-websocket-protocol');
    const extensions = request.getHeader('sec-websocket-extensions');
    const accept = (): void => {
      response.upgrade<LineData>({ isDirect, line: null }, key, protocol, extensions, context);
    };
    if (this.opensAfterMs === 0) return accept();
    const timer = setTimeout(() => response.cork(accept), this.opensAfterMs);
    response.onAborted(() => clearTimeout(timer));
  }

  #open(socket: WebSocket<LineData>): void {
    const data = socket.getUserData();
    this.#sockets.add(socket);
    const port = {
      send: (text: string): void => {
        if (this.#sockets.has(socket)) socket.send(text);
      },
    };
    data.line = new ModelLine(port, this.lines.length, data.isDirect, this.ledgers);
    this.lines.push(data.line);
  }
}
