import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { acceptLean, connectLean, type LeanSocket } from './lean-socket.ts';

const lengths = [0, 1, 125, 126, 127, 400, 65_535];

function words(length: number): string {
  return Array.from({ length }, (_, i) => String.fromCharCode(0x20 + ((i * 7) % 95))).join('');
}

test('as a client it speaks with a WebSocket server, messages of every length in both directions', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  await new Promise((resolve) => server.once('listening', resolve));
  const lean = await connectLean((server.address() as AddressInfo).port, '/x', {});
  const heard: string[] = [];
  lean.onText = (message) => heard.push(message.toString('latin1'));
  for (const length of lengths) lean.send(words(length));
  await expect.poll(() => heard).toEqual(lengths.map(words));
  lean.close();
  server.close();
});

test('as a server it speaks with a WebSocket client, which masks, pings and closes', async () => {
  const http = createServer();
  let lean: LeanSocket | null = null;
  let closed = false;
  http.on('upgrade', (request, socket, head) => {
    lean = acceptLean(request.headers['sec-websocket-key'] ?? '', socket, head);
    lean.onText = (message) => lean?.send(message.toString('latin1'));
    lean.onClose = () => (closed = true);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/`);
  const heard: string[] = [];
  let pong = '';
  client.on('message', (data: Buffer) => heard.push(data.toString('latin1')));
  client.on('pong', (data) => (pong = data.toString()));
  await new Promise((resolve) => client.once('open', resolve));
  for (const length of lengths) client.send(words(length));
  client.ping('still there?');
  await expect.poll(() => heard).toEqual(lengths.map(words));
  await expect.poll(() => pong).toBe('still there?');
  client.close();
  await expect.poll(() => closed).toBe(true);
  http.close();
});

test('a refused upgrade says with what', async () => {
  const http = createServer((_request, response) => response.writeHead(403).end());
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  await expect(connectLean((http.address() as AddressInfo).port, '/x', {})).rejects.toThrow('answered with 403');
  http.close();
});
