import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** How a service can be wrong. */
export type Badness = 'late' | 'silent' | 'wrong' | 'refusing' | 'mute' | 'dying';

export interface BadServer {
  url: string;
  close(): Promise<void>;
}

/** Beyond what the carrier waits for an answer. */
const lateMs = 6_000;
const diesAfterMs = 1_000;

/** A service at which calls go wrong in one way. */
export async function startBadServer(badness: Badness): Promise<BadServer> {
  const http = createServer((request, response) => {
    request.resume();
    if (badness === 'silent') return;
    const { port } = http.address() as AddressInfo;
    if (badness === 'late') setTimeout(() => answer(response, badness, port), lateMs).unref();
    else answer(response, badness, port);
  });
  const sockets = new WebSocketServer({ noServer: true });
  const open = new Set<Socket>();
  http.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  http.on('upgrade', (request, socket, head) => {
    if (badness === 'refusing') return void socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
    sockets.handleUpgrade(request, socket, head, (stream) => {
      if (badness === 'dying') diesLater(http, stream, open);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    for (const socket of open) socket.destroy();
    if (http.listening) await new Promise((resolve) => http.close(resolve));
  };
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, close };
}

function answer(response: ServerResponse, badness: Badness, port: number): void {
  const stream = `<Connect><Stream url="ws://127.0.0.1:${port}/media-stream"/></Connect>`;
  const document = badness === 'wrong' ? '<Response><Connect' : `<Response>${stream}</Response>`;
  response.writeHead(200, { 'Content-Type': 'text/xml' }).end(document);
}

/** All of it at once, as a process does. */
function diesLater(http: Server, stream: WebSocket, open: ReadonlySet<Socket>): void {
  stream.on('error', () => undefined);
  setTimeout(() => {
    http.close();
    for (const socket of open) socket.destroy();
  }, diesAfterMs).unref();
}
