import { setImmediate } from 'node:timers/promises';
import uWS, { type TemplatedApp, type us_listen_socket } from 'uWebSockets.js';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import {
  Exchange,
  exchangeLimits,
  type ExchangeHooks,
  type ExchangeLimits,
  type Fault,
  type HttpHandler,
} from './exchange.ts';
import type { RawStream } from './answer-stream.ts';
import { plain, type HttpRequest, type HttpResponse } from './message.ts';
import { socketBehavior, type Socket, type SocketRoute } from './socket.ts';

export interface Route {
  /** GET answers HEAD too. */
  method: 'GET' | 'POST';
  /** Raw path; one that ends in `/*` answers everything below, after all exact ones. */
  path: string;
  handler: HttpHandler;
  /** In place of the server's; asked of the request before its body is read. */
  bodyBytesMax?: number | ((request: Pick<HttpRequest, 'header'>) => number);
}

export interface ServerOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  routes: Route[];
  sockets?: SocketRoute<unknown>[];
  log: Log;
  metrics: Metrics;
  limits?: Partial<ExchangeLimits>;
}

export interface Server {
  host: string;
  /** The one listened on. */
  port: number;
  /** Stops accepting, lets open requests be answered within a bound, ends sockets with 1001, closes. */
  close(): Promise<void>;
}

const CLOSE_WAIT_MS = 2_000;
const GOING_AWAY = 1001;
const EXCLUSIVE_PORT = 1;
const WILDCARD = '/*';

/** Without the third argument two processes would share a port silently; the typings know only two. */
interface ExclusiveListen {
  listen(host: string, port: number, options: number, listening: (socket: us_listen_socket | false) => void): void;
}

/** Listens and answers. Rejects when the port cannot be had. */
export async function createServer(options: ServerOptions): Promise<Server> {
  const app = uWS.App();
  const fault: Fault = (place, error) => {
    options.metrics.faults.inc({ place });
    options.log.error({ err: error, place }, 'a handler threw');
  };
  const exchanges = new OpenExchanges({ ...exchangeLimits, ...options.limits }, fault);
  const open = new Set<Socket<unknown>>();
  const socketRoutes = options.sockets ?? [];
  for (const route of socketRoutes)
    app.ws(route.path, socketBehavior(route, { begin: () => exchanges.begin(), fault, open }));
  const find = router(
    options.routes,
    socketRoutes.map((route) => route.path),
  );
  app.any(WILDCARD, (raw, rawRequest) => {
    const exchange = new Exchange(raw, rawRequest, exchanges.begin());
    try {
      const { handler, bodyBytesMax } = find(exchange.request.method, exchange.request.path);
      exchange.run(handler, typeof bodyBytesMax === 'function' ? bodyBytesMax(exchange.request) : bodyBytesMax);
    } catch (error) {
      exchange.fail(error);
    }
  });
  const listening = await listen(app, options.host, options.port);
  return {
    host: options.host,
    port: uWS.us_socket_local_port(listening),
    async close() {
      // Closing from inside one of its own callbacks, in a microtask even, crashes uWebSockets.js.
      await setImmediate();
      uWS.us_listen_socket_close(listening);
      await exchanges.finished(CLOSE_WAIT_MS);
      await setImmediate();
      for (const stream of exchanges.streams) stream.end();
      for (const socket of open) socket.end(GOING_AWAY);
      app.close();
    },
  };
}

function listen(app: TemplatedApp, host: string, port: number): Promise<us_listen_socket> {
  return new Promise((resolve, reject) => {
    (app as unknown as ExclusiveListen).listen(host, port, EXCLUSIVE_PORT, (socket) => {
      if (socket) resolve(socket);
      else reject(new Error(`cannot listen on ${host}:${port}`));
    });
  });
}

type Answerer = Pick<Route, 'handler' | 'bodyBytesMax'>;

/** Who answers a method at a raw path; refusals are handlers too. */
function router(routes: Route[], socketPaths: string[]): (method: string, path: string) => Answerer {
  const exact = new Map<string, Map<string, Route>>();
  const below: [string, Map<string, Route>][] = [];
  for (const route of routes) {
    const { path, method } = route;
    const methods = exact.get(path) ?? new Map<string, Route>();
    if (!exact.has(path) && path.endsWith(WILDCARD)) below.push([path.slice(0, -1), methods]);
    exact.set(path, methods.set(method, route));
  }
  below.sort(([left], [right]) => right.length - left.length);
  return (method, path) => {
    if (socketPaths.some((pattern) => matches(pattern, path)))
      return refusal(plain(426, 'This address speaks WebSocket.', { upgrade: 'websocket' }));
    const methods = exact.get(path) ?? below.find(([prefix]) => path.startsWith(prefix))?.[1];
    if (!methods) return refusal(plain(404, 'There is nothing here.'));
    const route = methods.get(method === 'HEAD' ? 'GET' : method);
    if (route) return route;
    const allow = [...methods.keys()].flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])).join(', ');
    return refusal(plain(405, `This address answers ${allow}.`, { allow }));
  };
}

const refusal = (response: HttpResponse): Answerer => ({ handler: () => response });

/** `:name` in a pattern stands for one segment. */
function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  return wanted.length === given.length && wanted.every((part, index) => part.startsWith(':') || part === given[index]);
}

/** Counts requests under way, so that closing can wait for them. */
class OpenExchanges {
  readonly streams = new Set<RawStream>();
  private readonly hooks: ExchangeHooks;
  private count = 0;
  private idle: (() => void) | null = null;

  constructor(limits: ExchangeLimits, fault: Fault) {
    const done = (): void => {
      this.count -= 1;
      if (this.count === 0) this.idle?.();
    };
    this.hooks = { limits, fault, done, streams: this.streams, large: { bytes: 0 } };
  }

  begin(): ExchangeHooks {
    this.count += 1;
    return this.hooks;
  }

  async finished(waitMs: number): Promise<void> {
    if (this.count === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, waitMs)));
    await Promise.race([new Promise<void>((resolve) => (this.idle = resolve)), late]);
    clearTimeout(timer);
  }
}
