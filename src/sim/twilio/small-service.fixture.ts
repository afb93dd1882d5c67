import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** What a route answers: TwiML, or any answer; null leaves the request unanswered. */
export type SmallAnswer =
  | string
  | { status: number; type?: string; body?: string | Uint8Array; location?: string }
  | null;

export interface SmallRequest {
  method: string;
  /** Path and query as requested. */
  target: string;
  params: URLSearchParams;
  headers: IncomingMessage['headers'];
}

/** Twilio's side of a stream as the service sees it. */
export interface SmallStream {
  socket: WebSocket;
  streamSid: string;
  /** Everything Twilio sent, parsed, in order. */
  messages: { event: string; [field: string]: unknown }[];
  headers: IncomingMessage['headers'];
  play(audio: Uint8Array): void;
  mark(name: string): void;
  clear(): void;
}

export interface SmallService {
  /** For the fake's map of hosts: `127.0.0.1:port`. */
  address: string;
  requests: SmallRequest[];
  streams: SmallStream[];
  close(): Promise<void>;
}

export interface SmallServiceOptions {
  /** By path; `/…` without a route answers 404. */
  routes: Record<string, (request: SmallRequest) => SmallAnswer | Promise<SmallAnswer>>;
  onStart?: (stream: SmallStream) => void;
  onMedia?: (stream: SmallStream, audio: Buffer) => void;
  onMessage?: (stream: SmallStream, message: { event: string; [field: string]: unknown }) => void;
  refuseUpgrade?: number;
}

/** The least that speaks Twilio's protocol from the other end: what the fake is tested against. */
export async function startSmallService(options: SmallServiceOptions): Promise<SmallService> {
  const requests: SmallRequest[] = [];
  const streams: SmallStream[] = [];
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const target = incoming.url ?? '/';
      const url = new URL(target, 'http://small');
      const params =
        incoming.method === 'GET' ? url.searchParams : new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
      const request: SmallRequest = { method: incoming.method ?? '', target, params, headers: incoming.headers };
      requests.push(request);
      const route = options.routes[url.pathname];
      void Promise.resolve(route ? route(request) : { status: 404 }).then((answer) => {
        if (answer === null) return;
        const full = typeof answer === 'string' ? { status: 200, body: answer } : answer;
        const headers: Record<string, string> = { 'Content-Type': full.type ?? 'text/xml' };
        if (full.location !== undefined) headers['Location'] = full.location;
        outgoing.writeHead(full.status, headers).end(full.body ?? '');
      });
    });
  });
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on('upgrade', (incoming, socket, head) => {
    if (options.refuseUpgrade !== undefined) {
      socket.end(`HTTP/1.1 ${options.refuseUpgrade} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(incoming, socket, head, (opened) => attend(options, streams, opened, incoming));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    streams,
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function attend(
  options: SmallServiceOptions,
  streams: SmallStream[],
  socket: WebSocket,
  incoming: IncomingMessage,
): void {
  const send = (message: object): void => socket.send(JSON.stringify(message));
  const stream: SmallStream = {
    socket,
    streamSid: '',
    messages: [],
    headers: incoming.headers,
    play: (audio) =>
      send({ event: 'media', streamSid: stream.streamSid, media: { payload: Buffer.from(audio).toString('base64') } }),
    mark: (name) => send({ event: 'mark', streamSid: stream.streamSid, mark: { name } }),
    clear: () => send({ event: 'clear', streamSid: stream.streamSid }),
  };
  streams.push(stream);
  socket.on('error', () => undefined);
  socket.on('message', (data) => {
    const message = JSON.parse((data as Buffer).toString('utf8')) as { event: string; [field: string]: unknown };
    stream.messages.push(message);
    options.onMessage?.(stream, message);
    if (message.event === 'start') {
      stream.streamSid = String(message['streamSid']);
      options.onStart?.(stream);
    }
    if (message.event === 'media') {
      const media = message['media'] as { payload: string };
      options.onMedia?.(stream, Buffer.from(media.payload, 'base64'));
    }
  });
}
