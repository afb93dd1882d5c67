import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

export type Received = Readonly<Record<string, unknown>> & { type: string };

/** A model server that does nothing by itself: the test reads what arrived and says what goes back. */
export class ModelStub {
  readonly received: Received[] = [];
  readonly headers: Record<string, string | string[] | undefined>[] = [];
  readonly paths: (string | undefined)[] = [];
  readonly url: string;
  readonly #server: WebSocketServer;
  #waiters: (() => void)[] = [];
  socket: WebSocket | null = null;
  /** HTTP status instead of an upgrade. */
  refuse: number | null = null;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/realtime`;
    server.on('connection', (socket, request) => {
      this.socket = socket;
      this.headers.push(request.headers);
      this.paths.push(request.url);
      socket.on('message', (data: Buffer) => {
        this.received.push(JSON.parse(data.toString()) as Received);
        this.#wake();
      });
      socket.on('error', () => socket.terminate());
      socket.on('close', () => this.#wake());
      this.#wake();
    });
  }

  static async start(): Promise<ModelStub> {
    const stub: { current?: ModelStub } = {};
    const server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      verifyClient: (_info, answer) => {
        const refuse = stub.current?.refuse ?? null;
        answer(refuse === null, refuse ?? 200);
      },
    });
    await once(server, 'listening');
    stub.current = new ModelStub(server);
    return stub.current;
  }

  /** Types received so far, in order. */
  get types(): string[] {
    return this.received.map((event) => event.type);
  }

  /** Resolves when the condition holds; checked whenever something arrives. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** The n-th event of a type, as soon as it is here. */
  async event(type: string, nth = 1): Promise<Received> {
    const found = () => this.received.filter((event) => event.type === type);
    await this.until(() => found().length >= nth);
    return found()[nth - 1] as Received;
  }

  send(...events: object[]): void {
    for (const event of events) this.socket?.send(JSON.stringify(event));
  }

  /** What a server says to a full configuration that it accepts. */
  async accept(sessionId = 'sess_1'): Promise<void> {
    await this.event('session.update');
    this.send({ type: 'session.created', session: { id: sessionId } }, { type: 'session.updated', session: {} });
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
