import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { ExchangeLimits, HttpHandler } from './exchange.ts';
import { createServer, type Route, type Server } from './server.ts';
import type { SocketRoute } from './socket.ts';

/** Short bounds, so that what never comes is given up soon. */
const LIMITS = { bodyBytesMax: 64 * 1024, readTimeoutMs: 150, answerTimeoutMs: 150, streamsMax: 3 };

export const get = (path: string, handler: HttpHandler): Route => ({ method: 'GET', path, handler });
export const post = (path: string, handler: HttpHandler): Route => ({ method: 'POST', path, handler });
export const alive = get('/alive', () => ({ status: 200, body: 'yes' }));

/** One server at a time, and what it logged and counted. */
export class TestServer {
  readonly metrics = createMetrics();
  readonly lines: string[] = [];
  readonly log = createLog('info', { destination: { write: (line) => this.lines.push(line) } });
  server: Server | null = null;

  async start(
    routes: Route[],
    sockets: SocketRoute<unknown>[] = [],
    limits: Partial<ExchangeLimits> = {},
  ): Promise<Server> {
    const { log, metrics } = this;
    const bounds = { ...LIMITS, ...limits };
    this.server = await createServer({ host: '127.0.0.1', port: 0, routes, sockets, log, metrics, limits: bounds });
    return this.server;
  }

  get port(): number {
    return this.server?.port ?? 0;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** What `/alive` answers: `yes` while the process lives. */
  async pulse(): Promise<string> {
    return (await fetch(this.url('/alive'))).text();
  }

  /** Exceptions that were caught, by place. */
  async faults(): Promise<Record<string, number>> {
    const { values } = await this.metrics.faults.get();
    return Object.fromEntries(values.map((value) => [String(value.labels.place), value.value]));
  }

  async tcp(): Promise<TcpSocket> {
    const socket = connect(this.port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }

  async close(): Promise<void> {
    await this.server?.close();
    this.server = null;
  }
}
