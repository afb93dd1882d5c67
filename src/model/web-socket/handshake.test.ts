import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { Clients } from './clients.fixture.ts';
import type { FaultCode } from './faults.ts';
import { Handshake } from './handshake.ts';
import { frame, RawServer, type Peer } from './raw-server.fixture.ts';

const clients = new Clients();
const servers: RawServer[] = [];

async function serverThat(onRequest?: (peer: Peer) => void): Promise<RawServer> {
  const server = await RawServer.start(onRequest);
  servers.push(server);
  return server;
}

afterEach(async () => {
  clients.cut();
  for (const server of servers.splice(0)) await server.close();
});

test('what is asked for', async () => {
  const server = await serverThat();
  const { listener } = clients.connect(server.url, { headers: { Authorization: 'Bearer k', 'X-Trace': 'é' } });
  await expect.poll(() => listener.told).toEqual(['open']);
  const { request } = server.peer;
  const key = server.peer.header('Sec-WebSocket-Key') ?? '';
  expect(Buffer.from(key, 'base64')).toHaveLength(16);
  expect(request).toEqual([
    'GET /v1/realtime?model=m HTTP/1.1',
    `Host: ${server.url.host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${key}`,
    'Authorization: Bearer k',
    'X-Trace: é',
  ]);
});

test('a key is used once', () => {
  const url = new URL('ws://host/');
  const requests = new Set(Array.from({ length: 100 }, () => new Handshake(url, {}).request));
  expect(requests.size).toBe(100);
});

test('path, query and host are those of the address, the port only where it is not the usual one', () => {
  const head = (url: string): string[] => new Handshake(new URL(url), {}).request.split('\r\n').slice(0, 2);
  expect(head('ws://model.test/a%20b?x=1&y=é')).toEqual(['GET /a%20b?x=1&y=%C3%A9 HTTP/1.1', 'Host: model.test']);
  expect(head('wss://model.test:443')).toEqual(['GET / HTTP/1.1', 'Host: model.test']);
  expect(head('ws://[::1]:8080/#fragment')).toEqual(['GET / HTTP/1.1', 'Host: [::1]:8080']);
});

test.each([
  { Authorization: 'Bearer k\r\nX-Other: 1' },
  { 'X-Null': 'a\0b' },
  { 'X-Wide': '☎' },
  { 'Bad name': '1' },
  { 'X:': '1' },
  { '': '1' },
])('headers that may not be sent: %o', (headers) => {
  expect(() => new Handshake(new URL('ws://host/'), headers)).toThrow(TypeError);
});

describe('an answer that opens the socket', () => {
  test.each<[string, (peer: Peer) => string]>([
    ['as usual', (peer) => peer.answer()],
    ['in any case', (peer) => peer.answer({ Upgrade: 'WebSocket', Connection: 'UPGRADE' })],
    ['with more options', (peer) => peer.answer({ Connection: 'keep-alive, Upgrade' })],
    ['with options in two headers', (peer) => peer.answer({ Connection: 'keep-alive', connection: 'upgrade' })],
    ['with other headers', (peer) => peer.answer({ 'X-Empty': '', Date: 'today: or so' })],
    ['with other words', (peer) => peer.answer().replace('Switching Protocols', '')],
    ['without words', (peer) => peer.answer().replace(' Switching Protocols', '')],
    ['after an informational one', (peer) => `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${peer.answer()}`],
    ['with a head just within the bound', (peer) => peer.answer({ 'X-Long': 'x'.repeat(16_000) })],
  ])('%s', async (_name, answer) => {
    const server = await serverThat((peer) => peer.socket.write(answer(peer), 'latin1'));
    const { client, listener } = clients.connect(server.url);
    await expect.poll(() => listener.told).toEqual(['open']);
    expect(client.state).toBe('open');
  });

  test('comes with messages in the same bytes', async () => {
    const server = await serverThat((peer) =>
      peer.socket.write(
        Buffer.concat([Buffer.from(peer.answer()), frame('one'), frame('two'), frame('three').subarray(0, 3)]),
      ),
    );
    const { listener } = clients.connect(server.url);
    await expect.poll(() => listener.messages).toEqual(['one', 'two']);
    server.peer.socket.write(frame('three').subarray(3));
    await expect.poll(() => listener.messages).toEqual(['one', 'two', 'three']);
  });

  test('cut anywhere is the same', () => {
    const handshake = (): Handshake => new Handshake(new URL('ws://host/'), {});
    const sample = handshake();
    const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(sample.request)?.[1] ?? '';
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    const answer =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`;
    const bytes = Buffer.concat([Buffer.from(answer), frame('hello')]);
    for (let i = 0; i < answer.length - 1; i++) expect(sample.read(bytes.subarray(i), 1)).toEqual({ is: 'unfinished' });
    expect(sample.read(bytes.subarray(answer.length - 1), 8)).toEqual({ is: 'open', next: 1 });
  });
});

describe('an answer that does not', () => {
  test.each<[FaultCode, string, (peer: Peer) => string]>([
    ['accept_wrong', 'wrong accept', (peer) => peer.answer({ 'Sec-WebSocket-Accept': 'x3JJHMbDL1EzLkh9GBhXDw==' })],
    ['accept_wrong', 'no accept', (peer) => peer.answer({ 'Sec-WebSocket-Accept': null })],
    ['accept_wrong', 'accept twice', (peer) => peer.answer({ 'sec-websocket-accept': peer.accept })],
    ['upgrade_missing', 'no upgrade', (peer) => peer.answer({ Upgrade: null })],
    ['upgrade_missing', 'upgrade to something else', (peer) => peer.answer({ Upgrade: 'h2c' })],
    ['upgrade_missing', 'no connection', (peer) => peer.answer({ Connection: null })],
    ['upgrade_missing', 'connection kept', (peer) => peer.answer({ Connection: 'keep-alive' })],
    ['upgrade_missing', 'an option that only looks so', (peer) => peer.answer({ Connection: 'not-upgrade' })],
    ['extension_unasked', 'deflate', (peer) => peer.answer({ 'Sec-WebSocket-Extensions': 'permessage-deflate' })],
    ['subprotocol_unasked', 'a subprotocol', (peer) => peer.answer({ 'Sec-WebSocket-Protocol': 'realtime' })],
    ['handshake_malformed', 'another protocol', () => 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['handshake_malformed', 'version 2', (peer) => peer.answer().replace('HTTP/1.1', 'HTTP/2.0')],
    ['handshake_malformed', '101 in version 1.0', (peer) => peer.answer().replace('HTTP/1.1', 'HTTP/1.0')],
    ['handshake_malformed', 'a status of two digits', () => 'HTTP/1.1 10 x\r\n\r\n'],
    ['handshake_malformed', 'no status', () => 'HTTP/1.1 \r\n\r\n'],
    ['handshake_malformed', 'a header without a colon', (peer) => peer.answer().replace('Upgrade: w', 'Upgrade w')],
    ['handshake_malformed', 'a folded header', (peer) => peer.answer().replace('\r\nConnection', '\r\n Connection')],
    ['handshake_malformed', 'a space in a name', (peer) => peer.answer().replace('Upgrade:', 'Upgrade :')],
    ['handshake_too_long', 'a head without end', () => `HTTP/1.1 101 x\r\nX: ${'x'.repeat(20_000)}`],
    ['handshake_too_long', 'a head too long', (peer) => peer.answer({ 'X-Long': 'x'.repeat(17_000) })],
    ['handshake_too_long', 'informational ones without end', () => 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000)],
  ])('%s: %s', async (code, _name, answer) => {
    const server = await serverThat((peer) => peer.socket.write(answer(peer), 'latin1'));
    const { client, listener } = clients.connect(server.url);
    await expect.poll(() => listener.error).toBe(code);
    expect(listener.told).toHaveLength(1);
    expect(client.state).toBe('closed');
    await expect.poll(() => server.peer.gone || server.peer.ended).toBe(true);
    expect(listener.told).toHaveLength(1);
  });

  test.each([200, 301, 400, 401, 403, 404, 408, 426, 429, 500, 503])('status %i', async (status) => {
    const server = await serverThat((peer) =>
      peer.socket.write(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`),
    );
    const { client, listener } = clients.connect(server.url);
    await expect.poll(() => listener.told).toEqual([{ refused: status }]);
    expect(client.state).toBe('closed');
    await expect.poll(() => server.peer.ended || server.peer.gone).toBe(true);
  });

  test('a refusal of an old proxy', async () => {
    const server = await serverThat((peer) => peer.socket.write('HTTP/1.0 503 Busy\r\n\r\n'));
    const { listener } = clients.connect(server.url);
    await expect.poll(() => listener.told).toEqual([{ refused: 503 }]);
  });

  test('none in time', async () => {
    const server = await serverThat(() => undefined);
    const { listener } = clients.connect(server.url, { handshakeTimeoutMs: 30 });
    await expect.poll(() => listener.error).toBe('handshake_timeout');
    await expect.poll(() => server.peer.gone || server.peer.ended).toBe(true);
  });

  test('one that goes on forever without an end is late too', async () => {
    const server = await serverThat((peer) => peer.socket.write('HTTP/1.1 101 Switching'));
    const { listener } = clients.connect(server.url, { handshakeTimeoutMs: 50 });
    await expect.poll(() => listener.error).toBe('handshake_timeout');
  });

  test.each<[string, string]>([
    ['before it', ''],
    ['within it', 'HTTP/1.1 101 Switching Protocols\r\nUpgr'],
  ])('the end of the connection %s', async (_name, words) => {
    const server = await serverThat((peer) => void peer.socket.end(words));
    const { listener } = clients.connect(server.url);
    await expect.poll(() => listener.error).toBe('handshake_ended');
    expect(listener.told).toHaveLength(1);
  });

  test('a reset', async () => {
    const server = await serverThat((peer) => void peer.socket.resetAndDestroy());
    const { listener } = clients.connect(server.url);
    await expect.poll(() => listener.error).toBe('unreachable');
    expect(listener.told).toEqual([{ error: 'unreachable', why: 'read ECONNRESET' }]);
  });

  test('nobody there', async () => {
    const server = await RawServer.start();
    await server.close();
    const { listener } = clients.connect(server.url);
    await expect.poll(() => listener.error).toBe('unreachable');
    expect(listener.told).toEqual([{ error: 'unreachable', why: `connect ECONNREFUSED ${server.url.host}` }]);
  });

  test('a name that does not exist', async () => {
    // Longer than a name may be: no resolver is asked, wherever this runs.
    const { listener } = clients.connect(new URL(`ws://${'x'.repeat(64)}.invalid/`));
    await expect.poll(() => listener.error).toBe('unreachable');
  });
});

test('one that is given up while connecting tells nothing and gives its connection back', async () => {
  const server = await serverThat(() => undefined);
  const { client, listener } = clients.connect(server.url);
  client.send('nobody hears it');
  client.ping();
  await expect.poll(() => server.peers.length).toBe(1);
  client.close(1000);
  await expect.poll(() => server.peer.gone || server.peer.ended).toBe(true);
  expect(client.state).toBe('closed');
  expect(server.peer.bytes).toHaveLength(0);
  expect(listener.told).toEqual([]);
});
