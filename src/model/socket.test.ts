import { afterEach, expect, test } from 'vitest';
import { createLog } from '../telemetry/log.ts';
import { ModelSocket } from './socket.ts';
import { closeFrame, frame, RawServer, type Peer } from './web-socket/raw-server.fixture.ts';

interface Line {
  socket: ModelSocket;
  server: RawServer;
  told: unknown[];
  log: Record<string, unknown>[];
}

const lines: Line[] = [];

async function connect(onRequest?: (peer: Peer) => void): Promise<Line> {
  const server = await RawServer.start(onRequest);
  const told: unknown[] = [];
  const log: Record<string, unknown>[] = [];
  const write = (text: string): void => void log.push(JSON.parse(text) as Record<string, unknown>);
  const url = `ws://127.0.0.1:${server.url.port}/v1/realtime?tenant=a`;
  const socket = new ModelSocket(
    { url, model: 'gpt-x', apiKey: 'sk-1' },
    {
      onOpen: () => void told.push('open'),
      onMessage: (data) => void told.push(data.toString()),
      onGone: (code, fatal) => void told.push([code, fatal]),
    },
    createLog('warn', { destination: { write } }),
  );
  const line = { socket, server, told, log };
  lines.push(line);
  return line;
}

async function open(): Promise<Line & { peer: Peer }> {
  const line = await connect();
  await expect.poll(() => line.told).toEqual(['open']);
  line.told.length = 0;
  return { ...line, peer: line.server.peer };
}

afterEach(async () => {
  for (const { socket, server } of lines.splice(0)) {
    socket.close();
    await server.close();
  }
});

test('asks for the model with its key', async () => {
  const { peer } = await open();
  expect(peer.request[0]).toBe('GET /v1/realtime?tenant=a&model=gpt-x HTTP/1.1');
  expect(peer.header('Authorization')).toBe('Bearer sk-1');
});

test('sends texts and bytes, and hands messages on', async () => {
  const { socket, peer, told } = await open();
  socket.send('{"type":"a"}');
  socket.sendAscii(Buffer.from('__{"type":"b"}__'), 2, 14);
  await expect.poll(() => peer.messages).toEqual(['{"type":"a"}', '{"type":"b"}']);
  peer.socket.write(Buffer.concat([frame('one'), frame('binary', { opcode: 2 }), frame('two')]));
  await expect.poll(() => told).toEqual(['one', 'two']);
});

test.each([
  [401, true],
  [404, true],
  [408, false],
  [429, false],
  [500, false],
  [302, false],
])('an upgrade refused with %i', async (status, fatal) => {
  const { told } = await connect((peer) => peer.socket.end(`HTTP/1.1 ${status} No\r\n\r\n`));
  await expect.poll(() => told).toEqual([[`http_${status}`, fatal]]);
});

test.each<[string, string, (peer: Peer) => unknown]>([
  ['handshake_ended', 'a server that hangs up', (peer) => peer.socket.end()],
  [
    'accept_wrong',
    'one that is no WebSocket server',
    (peer) => peer.socket.write(peer.answer({ 'Sec-WebSocket-Accept': 'x' })),
  ],
])('%s: %s cannot be reached, and the log says why', async (code, _name, answer) => {
  const { told, log } = await connect((peer) => void answer(peer));
  await expect.poll(() => told).toEqual([['unreachable', false]]);
  expect(log).toEqual([expect.objectContaining({ model: 'gpt-x', code, msg: 'connection to the model failed' })]);
});

test.each<[string, Buffer | null, [string, boolean]]>([
  ['with a code that passes', closeFrame(1001, 'restart'), ['closed_1001', false]],
  ['with a code that stays', closeFrame(1008, 'no'), ['closed_1008', true]],
  ['by an error of the API', closeFrame(4000, 'invalid_request_error.invalid_api_key'), ['invalid_api_key', true]],
  ['by an error that passes', closeFrame(3000, 'server_error.session_expired'), ['session_expired', false]],
  ['without a code', frame('', { opcode: 8 }), ['closed_1005', false]],
  ['without a word', null, ['closed_1006', false]],
])('a server that closes %s', async (_name, last, gone) => {
  const { peer, told, socket } = await open();
  if (last) peer.socket.write(last);
  else peer.socket.end();
  await expect.poll(() => told).toEqual([gone]);
  socket.tick(0);
  socket.tick(1_000_000);
  socket.send('late');
  socket.sendAscii(Buffer.from('late'), 0, 4);
  expect(told).toEqual([gone]);
});

test('a server that breaks the protocol is told so, and is as good as not there', async () => {
  const { peer, told, log } = await open();
  peer.socket.write(frame(Buffer.from([0xff])));
  await expect.poll(() => told).toEqual([['unreachable', false]]);
  await expect.poll(() => peer.closed).toEqual({ code: 1007, reason: '' });
  expect(log.map(({ code }) => code)).toEqual(['text_invalid']);
});

test('given up while it connects: the server is told as soon as it can be told, and nothing is heard of it', async () => {
  let answer = (): unknown => undefined;
  const { socket, server, told } = await connect((peer) => {
    answer = () => peer.socket.write(Buffer.concat([Buffer.from(peer.answer()), frame('session.created')]));
  });
  await expect.poll(() => server.peers[0]?.request.length).toBeGreaterThan(0);
  socket.close();
  expect(server.peer.gone).toBe(false);
  answer();
  await expect.poll(() => server.peer.closed).toEqual({ code: 1000, reason: '' });
  server.peer.socket.write(closeFrame(1000));
  await expect.poll(() => server.peer.ended).toBe(true);
  expect(told).toEqual([]);
});

test('closed: told with 1000, and what still comes is not heard', async () => {
  const { socket, peer, told } = await open();
  socket.close();
  socket.close();
  await expect.poll(() => peer.closed).toEqual({ code: 1000, reason: '' });
  peer.socket.write(Buffer.concat([frame('late'), closeFrame(1000)]));
  await expect.poll(() => peer.ended).toBe(true);
  expect(told).toEqual([]);
});

test('a silent line is pinged once and lost when no pong comes; any sign of life counts', async () => {
  const { socket, peer, told } = await open();
  socket.tick(1000);
  socket.tick(3400);
  expect(peer.pings).toEqual([]);
  socket.tick(3500);
  socket.tick(3750);
  await expect.poll(() => peer.pings).toEqual(['']);
  peer.socket.write(Buffer.concat([frame('', { opcode: 10 }), frame('alive')]));
  await expect.poll(() => told).toEqual(['alive']);
  socket.tick(4000);
  socket.tick(6500);
  await expect.poll(() => peer.pings).toEqual(['', '']);
  socket.tick(10_400);
  expect(told).toEqual(['alive']);
  socket.tick(10_500);
  expect(told).toEqual(['alive', ['half_open', false]]);
  await expect.poll(() => peer.gone || peer.ended).toBe(true);
});

test('a server that does not read is lost before its audio fills the memory', async () => {
  const { socket, peer, told } = await open();
  peer.socket.pause();
  const second = new Uint8Array(10_000).fill(65);
  let now = 0;
  for (let sent = 0; told.length === 0 && sent < 10_000; sent++) {
    socket.sendAscii(second, 0, second.length);
    socket.tick((now += 0.01));
    if (sent % 50 === 0) await new Promise(setImmediate);
  }
  expect(told).toEqual([['unread', false]]);
  peer.socket.resume();
  await expect.poll(() => peer.gone || peer.ended).toBe(true);
});
