import uws, { type us_listen_socket, type WebSocket as UwsSocket } from 'uWebSockets.js';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { Clients } from './clients.fixture.ts';

const clients = new Clients();
let stop: () => Promise<void> | void = () => undefined;

interface Partner {
  url: URL;
  /** Sent back: what it was sent. `close` closes with 4001, `drop` ends without a word, `ping` sends a ping. */
  pongs: string[];
  closes: { code: number; reason: string }[];
}

async function startWs(): Promise<Partner> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
  await once(server, 'listening');
  stop = () => new Promise((resolve) => server.close(() => resolve()));
  const partner: Partner = {
    url: new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    pongs: [],
    closes: [],
  };
  server.on('connection', (socket: WebSocket) => {
    socket.on('pong', (data) => partner.pongs.push(data.toString()));
    socket.on('close', (code, reason) => partner.closes.push({ code, reason: reason.toString() }));
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      if (text === 'close') socket.close(4001, 'as you wish');
      else if (text === 'drop') socket.terminate();
      else if (text === 'ping') socket.ping('there?');
      else socket.send(text);
    });
  });
  return partner;
}

async function startUws(): Promise<Partner> {
  const partner: Partner = { url: new URL('ws://127.0.0.1/'), pongs: [], closes: [] };
  const decoder = new TextDecoder();
  const app = uws.App().ws('/*', {
    compression: uws.SHARED_COMPRESSOR,
    maxPayloadLength: 1_000_000,
    maxBackpressure: 100_000_000,
    pong: (_socket, data) => void partner.pongs.push(decoder.decode(data)),
    close: (_socket, code, reason) => void partner.closes.push({ code, reason: decoder.decode(reason) }),
    message: (socket: UwsSocket<unknown>, data) => {
      const text = decoder.decode(data);
      if (text === 'close') socket.end(4001, 'as you wish');
      else if (text === 'drop') socket.close();
      else if (text === 'ping') socket.ping('there?');
      // Its strings are sent as they lie in memory, which is not always UTF-8.
      else socket.send(data, false);
    },
  });
  const listening = await new Promise<us_listen_socket | false>((resolve) => app.listen('127.0.0.1', 0, resolve));
  if (listening === false) throw new Error('uWebSockets.js does not listen');
  partner.url.port = String(uws.us_socket_local_port(listening));
  stop = () => void app.close();
  return partner;
}

afterEach(async () => {
  clients.cut();
  await stop();
  stop = () => undefined;
});

describe.each([
  ['ws', startWs],
  ['uWebSockets.js', startUws],
] as const)('with a server of %s', (_name, start) => {
  test('messages of every length and every word come back as they were', async () => {
    const partner = await start();
    const { client, listener } = clients.connect(partner.url);
    await expect.poll(() => listener.isOpen).toBe(true);
    const texts = [0, 1, 124, 125, 126, 127, 4095, 16_384, 65_535, 65_536, 200_000].map((length) =>
      'é'.repeat(length / 2),
    );
    texts.push('☎ 📞 \u0000 \u{10ffff}', ...Array.from({ length: 2000 }, (_, i) => `message ${i}`));
    for (const text of texts) client.send(text);
    await expect.poll(() => listener.messages.length).toBe(texts.length);
    expect(listener.messages).toEqual(texts);
  });

  test('pings both ways', async () => {
    const partner = await start();
    const { client, listener } = clients.connect(partner.url);
    await expect.poll(() => listener.isOpen).toBe(true);
    client.ping();
    await expect.poll(() => listener.told).toEqual(['open', 'pong']);
    client.send('ping');
    await expect.poll(() => partner.pongs).toEqual(['there?']);
  });

  test('it closes', async () => {
    const partner = await start();
    const { client, listener } = clients.connect(partner.url);
    await expect.poll(() => listener.isOpen).toBe(true);
    client.send('close');
    await expect.poll(() => listener.told).toEqual(['open', { close: 4001, reason: 'as you wish' }]);
    await expect.poll(() => partner.closes.map(({ code }) => code)).toEqual([4001]);
  });

  test('we close', async () => {
    const partner = await start();
    const { client, listener } = clients.connect(partner.url);
    await expect.poll(() => listener.isOpen).toBe(true);
    client.close(1000, 'done');
    await expect.poll(() => listener.told).toEqual(['open', { close: 1000, reason: expect.any(String) }]);
    await expect.poll(() => partner.closes).toEqual([{ code: 1000, reason: 'done' }]);
  });

  test('either side drops the line', async () => {
    const partner = await start();
    const first = clients.connect(partner.url);
    await expect.poll(() => first.listener.isOpen).toBe(true);
    first.client.send('drop');
    await expect.poll(() => first.listener.told).toEqual(['open', { close: 1006, reason: '' }]);
    const second = clients.connect(partner.url);
    await expect.poll(() => second.listener.isOpen).toBe(true);
    second.client.terminate();
    await expect.poll(() => partner.closes.map(({ code }) => code)).toEqual([1006, 1006]);
  });
});
