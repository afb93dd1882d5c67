import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AnswerStream } from './answer-stream.ts';
import { alive, get, TestServer } from './server.fixture.ts';

const PIECE = 'x'.repeat(64 * 1024);
/** More than the buffers of a loopback connection hold. */
const PIECES_MAX = 1_000;

let server: TestServer;
let opened: AnswerStream[];
let ended: number;

const route = get('/stream', () => ({
  status: 200,
  headers: { 'content-type': 'text/event-stream' },
  stream(out) {
    opened.push(out);
    out.write('begin\n');
    out.onEnd(() => (ended += 1));
  },
}));

beforeEach(async () => {
  server = new TestServer();
  opened = [];
  ended = 0;
  await server.start([alive, route]);
});
afterEach(() => server.close());

const at = (index: number): AnswerStream => {
  const stream = opened[index];
  if (!stream) throw new Error(`stream ${index} was not opened`);
  return stream;
};

test('what is written goes out at once, in UTF-8, and the end is told once', async () => {
  const response = await fetch(server.url('/stream'));
  expect([response.status, response.headers.get('content-type'), response.headers.get('x-frame-options')]).toEqual([
    200,
    'text/event-stream',
    'DENY',
  ]);
  const reader = response.body?.getReader();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('begin\n');
  expect(at(0).write('ä 1\n')).toBe(true);
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('ä 1\n');
  at(0).write('2\n');
  at(0).end();
  at(0).end();
  expect(at(0).write('late')).toBe(false);
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('2\n');
  expect(await reader?.read()).toMatchObject({ done: true });
  expect(ended).toBe(1);
});

test('a reader that does not read is told of, and of when it has caught up', async () => {
  const socket = await server.tcp();
  socket.pause();
  socket.write('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n');
  await expect.poll(() => opened.length).toBe(1);
  let pieces = 1;
  while (at(0).write(PIECE) && pieces < PIECES_MAX) pieces += 1;
  expect(pieces).toBeLessThan(PIECES_MAX);
  const { promise: drained, resolve } = Promise.withResolvers<void>();
  at(0).onDrain(resolve);
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume();
  await drained;
  await expect.poll(() => bytes).toBeGreaterThan(pieces * PIECE.length);
  expect(at(0).write('more')).toBe(true);
  socket.destroy();
  await expect.poll(() => ended).toBe(1);
});

test('a reader that goes away ends its stream and nothing else', async () => {
  const socket = await server.tcp();
  socket.write('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n');
  await expect.poll(() => opened.length).toBe(1);
  socket.resetAndDestroy();
  await expect.poll(() => ended).toBe(1);
  expect([at(0).over, at(0).write('x')]).toEqual([true, false]);
  expect(await server.pulse()).toBe('yes');
});

test('as many as may, one more is refused; a server that closes ends them', async () => {
  const sockets = await Promise.all([1, 2, 3].map(() => server.tcp()));
  for (const socket of sockets) socket.write('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n');
  await expect.poll(() => opened.length).toBe(3);
  expect((await fetch(server.url('/stream'))).status).toBe(503);
  expect((await fetch(server.url('/stream'), { method: 'HEAD' })).status).toBe(200);
  const closed = Promise.all(sockets.map((socket) => once(socket.resume(), 'close')));
  await server.close();
  await closed;
  expect(ended).toBe(3);
});

test('an exception in a listener is counted and stays there', async () => {
  const response = await fetch(server.url('/stream'));
  at(0).onEnd(() => {
    throw new Error('mine');
  });
  at(0).end();
  expect(await response.text()).toBe('begin\n');
  expect(await server.faults()).toEqual({ response: 1 });
});

test('a stream on which nothing is said for longer than a request may take stays open', async () => {
  const response = await fetch(server.url('/stream'));
  const reader = response.body?.getReader();
  await reader?.read();
  const { promise, resolve } = Promise.withResolvers<void>();
  // Longer than answerTimeoutMs and readTimeoutMs of the fixture together.
  setTimeout(resolve, 400);
  await promise;
  expect(at(0).write('still here')).toBe(true);
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('still here');
  at(0).end();
});
