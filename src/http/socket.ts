import type { us_socket_context_t, WebSocket, WebSocketBehavior } from 'uWebSockets.js';
import { Exchange, type ExchangeHooks, type Fault } from './exchange.ts';
import type { HttpRequest, HttpResponse } from './message.ts';

/** The raw socket of uWebSockets.js: any use after `close` throws, buffers die when the handler returns. */
export type Socket<Data> = WebSocket<Data>;

export type UpgradeDecision<Data> = { accept: Data } | { refuse: HttpResponse };

export interface SocketRoute<Data> {
  /** Exact; `/:name` stands for one segment. */
  path: string;
  settings: SocketSettings;
  /** Judges the upgrade request; a refusal is answered in plain HTTP. */
  upgrade(request: HttpRequest): UpgradeDecision<Data> | Promise<UpgradeDecision<Data>>;
  /** The handlers must not wait: a promise that they return is only watched for its rejection. */
  open(socket: Socket<Data>): void;
  message(socket: Socket<Data>, message: ArrayBuffer, isBinary: boolean): void;
  drain?(socket: Socket<Data>): void;
  /** A message of ours was given up because `backpressureBytesMax` was reached. */
  dropped?(socket: Socket<Data>): void;
  pong?(socket: Socket<Data>): void;
  close(socket: Socket<Data>, code: number): void;
}

export interface SocketSettings {
  /** Without any traffic, 8 to 960. */
  idleTimeoutS: number;
  backpressureBytesMax: number;
  messageBytesMax: number;
}

/** The carrier takes it for an end of the stream and asks `/voice/next`. */
const FAULT_CODE = 1000;

export interface SocketHost<Data> {
  begin(): ExchangeHooks;
  fault: Fault;
  /** Sockets between open and close. */
  open: Set<Socket<Data>>;
}

/**
 * Handlers for uWebSockets.js that never let an exception out: one in a socket's handler ends that socket and
 * nothing else.
 */
export function socketBehavior<Data>(route: SocketRoute<Data>, host: SocketHost<Data>): WebSocketBehavior<Data> {
  const fault = (place: string, socket: Socket<Data> | null, error: unknown): void => {
    host.fault(place, error);
    try {
      socket?.end(FAULT_CODE);
    } catch {
      // It was closed before: nothing is left to end.
    }
  };
  const guard = (place: string, socket: Socket<Data> | null, result: unknown): void => {
    if (result instanceof Promise) result.catch((error: unknown) => fault(place, socket, error));
  };
  const wrap =
    <Rest extends unknown[]>(place: string, handler: ((socket: Socket<Data>, ...rest: Rest) => unknown) | undefined) =>
    (socket: Socket<Data>, ...rest: Rest): void => {
      try {
        guard(place, socket, handler?.(socket, ...rest));
      } catch (error) {
        fault(place, socket, error);
      }
    };
  const opened = wrap('socket open', (socket) => route.open(socket));
  const message = route.message.bind(route);
  return {
    idleTimeout: route.settings.idleTimeoutS,
    maxBackpressure: route.settings.backpressureBytesMax,
    maxPayloadLength: route.settings.messageBytesMax,
    sendPingsAutomatically: true,
    upgrade: (raw, rawRequest, context) => upgrade(route, new Exchange(raw, rawRequest, host.begin()), context),
    open: (socket) => {
      host.open.add(socket);
      opened(socket);
    },
    // Once per frame: no closure, no rest arguments.
    message: (socket, data, isBinary) => {
      try {
        const result: unknown = message(socket, data, isBinary);
        if (result !== undefined) guard('socket message', socket, result);
      } catch (error) {
        fault('socket message', socket, error);
      }
    },
    drain: wrap('socket drain', route.drain && ((socket) => route.drain?.(socket))),
    dropped: wrap('socket dropped', route.dropped && ((socket) => route.dropped?.(socket))),
    pong: wrap('socket pong', route.pong && ((socket) => route.pong?.(socket))),
    close: (socket, code) => {
      host.open.delete(socket);
      try {
        guard('socket close', null, route.close(socket, code));
      } catch (error) {
        fault('socket close', null, error);
      }
    },
  };
}

function upgrade<Data>(route: SocketRoute<Data>, exchange: Exchange, context: us_socket_context_t): void {
  const key = exchange.request.header('sec-websocket-key');
  const decide = (decision: UpgradeDecision<Data>): void => {
    if (exchange.over) return;
    if ('refuse' in decision) exchange.answer(decision.refuse);
    else exchange.upgrade(decision.accept, key, context);
  };
  try {
    const decision = route.upgrade(exchange.request);
    if (!(decision instanceof Promise)) return decide(decision);
    decision.then(decide).catch((error: unknown) => exchange.fail(error));
  } catch (error) {
    exchange.fail(error);
  }
}
