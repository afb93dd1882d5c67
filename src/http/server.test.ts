import type { Socket as TcpSocket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HttpResponse } from './message.ts';
import { alive, get, post, TestServer } from './server.fixture.ts';

const nothing = undefined as unknown as HttpResponse;
const never = new Promise<never>(() => {});
const BODY_BYTES_MAX = 64 * 1024;

let test: TestServer;
beforeEach(() => {
  test = new TestServer();
});
afterEach(async () => {
  await test.close();
});

/** Everything that the server says until it closes the connection or `enough` matches. */
async function reading(socket: TcpSocket, enough: RegExp): Promise<string> {
  let seen = '';
  for await (const chunk of socket) {
    seen += String(chunk);
    if (enough.test(seen)) break;
  }
  return seen;
}

describe('requests', () => {
  it('hands over method, raw target, headers and body, readable after an await', async () => {
    const seen: unknown[] = [];
    await test.start([
      post('/echo', async (request) => {
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(
          request.method,
          request.target,
          request.path,
          request.query,
          request.header('x-one'),
          request.header('x-two'),
          request.body.toString(),
        );
        return { status: 200, headers: { 'content-type': 'text/xml' }, body: '<é/>' };
      }),
    ]);
    const response = await fetch(test.url('/echo?a=%20b&c=d%2Fe'), {
      method: 'POST',
      body: 'x=ü',
      headers: { 'X-One': '1' },
    });
    expect(seen).toEqual(['POST', '/echo?a=%20b&c=d%2Fe', '/echo', 'a=%20b&c=d%2Fe', '1', '', 'x=ü']);
    expect([response.status, await response.text(), response.headers.get('content-type')]).toEqual([
      200,
      '<é/>',
      'text/xml',
    ]);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('tells a bare question mark from none', async () => {
    await test.start([get('/q', (request) => ({ status: 200, body: request.target }))]);
    const socket = await test.tcp();
    socket.write('GET /q? HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await reading(socket, /\r\n\r\n.+/)).toMatch(/\/q\?$/);
  });

  it('lets a handler override a security header, and keeps line breaks out of headers', async () => {
    await test.start([
      get('/h', () => ({
        status: 200,
        headers: { 'Content-Security-Policy': "default-src 'self'", 'x-a': 'b\r\nx-c: d' },
        body: '',
      })),
    ]);
    const { headers } = await fetch(test.url('/h'));
    expect([headers.get('content-security-policy'), headers.get('x-a'), headers.get('x-c')]).toEqual([
      "default-src 'self'",
      'b x-c: d',
      null,
    ]);
  });

  it('answers 404, 405 with Allow, HEAD without a body', async () => {
    await test.start([
      alive,
      post('/only-post', () => ({ status: 204 })),
      get('/files/*', (request) => ({ status: 200, body: request.path })),
    ]);
    expect((await fetch(test.url('/nowhere'))).status).toBe(404);
    const wrong = await fetch(test.url('/only-post'));
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
    const put = await fetch(test.url('/alive'), { method: 'PUT', body: 'x' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const head = await fetch(test.url('/alive'), { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '3', '']);
    // A proxy refuses an answer whose length is nonsense.
    const none = await fetch(test.url('/only-post'), { method: 'POST' });
    expect([none.status, none.headers.get('content-length')]).toEqual([204, null]);
    expect(await (await fetch(test.url('/files/a/b.css'))).text()).toBe('/files/a/b.css');
  });

  it('takes a body of the bound and refuses one byte more, declared or chunked', async () => {
    let calls = 0;
    await test.start([
      alive,
      post('/body', (request) => ({ status: 200, body: String(((calls += 1), request.body.length)) })),
    ]);
    const most = Buffer.alloc(BODY_BYTES_MAX, 'a');
    expect(await (await fetch(test.url('/body'), { method: 'POST', body: most })).text()).toBe('65536');
    expect((await fetch(test.url('/body'), { method: 'POST', body: Buffer.alloc(BODY_BYTES_MAX + 1) })).status).toBe(
      413,
    );
    const socket = await test.tcp();
    socket.write(
      `POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${(0x4000).toString(16)}\r\n${'a'.repeat(0x4000)}\r\n`.concat(
        `4000\r\n${'a'.repeat(0x4000)}\r\n`.repeat(4),
      ),
    );
    expect(await reading(socket, /413/)).toMatch(/^HTTP\/1.1 413/);
    socket.destroy();
    expect(calls).toBe(1);
    expect(await test.pulse()).toBe('yes');
  });

  it('asks of each request how much it may send', async () => {
    const route = post('/body', (request) => ({ status: 200, body: String(request.body.length) }));
    await test.start([{ ...route, bodyBytesMax: (request) => (request.header('x-known') === 'yes' ? 100 : 10) }]);
    const send = (headers: Record<string, string>) =>
      fetch(test.url('/body'), { method: 'POST', body: 'a'.repeat(50), headers });
    expect([(await send({ 'x-known': 'yes' })).status, (await send({})).status]).toEqual([200, 413]);
  });

  it('holds so many bytes of large bodies at once; small ones always have room', async () => {
    const { promise: freed, resolve: free } = Promise.withResolvers<void>();
    const { promise: held, resolve: isHeld } = Promise.withResolvers<void>();
    const hold = post('/hold', async (request) => {
      isHeld();
      await freed;
      return { status: 200, body: String(request.body.length) };
    });
    const echo = post('/echo', (request) => ({ status: 200, body: String(request.body.length) }));
    const bodyBytesMax = 200_000;
    const limits = { largeBodiesBytesMax: 150_000, answerTimeoutMs: 10_000 };
    await test.start(
      [
        { ...hold, bodyBytesMax },
        { ...echo, bodyBytesMax },
      ],
      [],
      limits,
    );
    const send = (path: string, bytes: number) =>
      fetch(test.url(path), { method: 'POST', body: Buffer.alloc(bytes, 'a') });
    const first = send('/hold', 100_000);
    await held;
    expect((await send('/echo', 100_000)).status).toBe(503);
    expect(await (await send('/echo', BODY_BYTES_MAX)).text()).toBe(String(BODY_BYTES_MAX));
    free();
    expect(await (await first).text()).toBe('100000');
    for (let count = 0; count < 3; count++) expect((await send('/echo', 100_000)).status).toBe(200);
  });

  it('hands over all that proxies say of whom they speak for, the last one last', async () => {
    const told: string[] = [];
    await test.start([
      get('/told', ({ header }) => {
        told.push(header('x-forwarded-for'), header('x-other'));
        return { status: 200, body: 'told' };
      }),
    ]);
    const socket = await test.tcp();
    const lines = ['X-Forwarded-For: 203.0.113.9', 'X-Other: 1', 'X-Other: 2', 'X-Forwarded-For: 198.51.100.7'];
    socket.write(`GET /told HTTP/1.1\r\nHost: a\r\n${lines.join('\r\n')}\r\n\r\n`);
    await reading(socket, /told/);
    socket.destroy();
    expect(told).toEqual(['203.0.113.9, 198.51.100.7', '1']);
  });

  it('gives up on a body that does not come', async () => {
    await test.start([alive, post('/body', () => ({ status: 200 }))]);
    const socket = await test.tcp();
    socket.write('POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    expect(await reading(socket, /time/)).toMatch(/^HTTP\/1.1 408/);
    expect(await test.pulse()).toBe('yes');
  });
});

describe('handlers that misbehave', () => {
  it('answers 500 and lives when one throws, rejects or returns nothing; 503 when one never settles', async () => {
    await test.start([
      alive,
      get('/throws', () => {
        throw new Error('sync');
      }),
      get('/rejects', () => Promise.reject(new Error('async'))),
      get('/nothing', () => nothing),
      get('/nothing-later', () => Promise.resolve(nothing)),
      get('/never', () => never),
      get('/unwritable', () => ({ status: 200, body: 7 as unknown as string })),
      post('/throws', () => {
        throw new Error('after the body');
      }),
    ]);
    for (const path of ['/throws', '/rejects', '/nothing', '/nothing-later'])
      expect((await fetch(test.url(path))).status).toBe(500);
    expect((await fetch(test.url('/throws'), { method: 'POST', body: 'x' })).status).toBe(500);
    expect((await fetch(test.url('/never'))).status).toBe(503);
    expect(await test.pulse()).toBe('yes');
    expect(await test.faults()).toEqual({ handler: 5 });
    expect(test.lines.filter((line) => line.includes('a handler threw'))).toHaveLength(5);
  });

  it('survives a client that leaves while the handler works', async () => {
    let release: (response: HttpResponse) => void = () => {};
    const left = new Promise<HttpResponse>((resolve) => (release = resolve));
    let asked: () => void = () => {};
    const arrived = new Promise<void>((resolve) => (asked = resolve));
    await test.start([alive, get('/slow', () => (asked(), left))]);
    const socket = await test.tcp();
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await arrived;
    socket.resetAndDestroy();
    expect(await test.pulse()).toBe('yes');
    release({ status: 200, body: 'late' });
    expect(await test.pulse()).toBe('yes');
    expect(await test.faults()).toEqual({});
  });

  it('survives a client that leaves in the middle of its body', async () => {
    let calls = 0;
    await test.start([alive, post('/body', () => ((calls += 1), { status: 200 }))]);
    const socket = await test.tcp();
    socket.write('POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    expect(await test.pulse()).toBe('yes');
    socket.resetAndDestroy();
    expect(await test.pulse()).toBe('yes');
    expect(calls).toBe(0);
  });

  it('survives garbage instead of HTTP', async () => {
    await test.start([alive]);
    for (const garbage of [
      '\0\0\0\0',
      'GET / HTTP/9.9\r\n\r\n',
      'POST /alive HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
      'é'.repeat(5_000),
    ]) {
      const socket = await test.tcp();
      socket.on('error', () => {});
      socket.end(garbage);
      expect(await test.pulse()).toBe('yes');
      socket.destroy();
    }
  });
});
