import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createLog, type Log } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import type { HttpHandler } from './exchange.ts';
import type { HttpResponse } from './message.ts';
import { createServer, type Route, type Server } from './server.ts';
import type { Socket, SocketRoute, UpgradeDecision } from './socket.ts';

const nothing = undefined as unknown as HttpResponse;
const never = new Promise<never>(() => {});
const LIMITS = { bodyBytesMax: 64 * 1024, readTimeoutMs: 150, answerTimeoutMs: 150 };

let metrics: Metrics;
let log: Log;
let lines: string[];
let server: Server | null;

beforeEach(() => {
  metrics = createMetrics();
  lines = [];
  log = createLog('info', { destination: { write: (line) => lines.push(line) } });
  server = null;
});

afterEach(async () => {
  await server?.close();
});

async function start(routes: Route[], sockets: SocketRoute<unknown>[] = []): Promise<Server> {
  server = await createServer({ host: '127.0.0.1', port: 0, routes, sockets, log, metrics, limits: LIMITS });
  return server;
}

const get = (path: string, handler: HttpHandler): Route => ({ method: 'GET', path, handler });
const post = (path: string, handler: HttpHandler): Route => ({ method: 'POST', path, handler });
const url = (path: string): string => `http://127.0.0.1:${server?.port}${path}`;
const alive = get('/alive', () => ({ status: 200, body: 'yes' }));

async function expectAlive(): Promise<void> {
  const response = await fetch(url('/alive'));
  expect([response.status, await response.text()]).toEqual([200, 'yes']);
}

async function faults(): Promise<Record<string, number>> {
  const { values } = await metrics.faults.get();
  return Object.fromEntries(values.map((value) => [String(value.labels.place), value.value]));
}

function tcp(): Promise<TcpSocket> {
  const socket = connect(server?.port ?? 0, '127.0.0.1');
  return once(socket, 'connect').then(() => socket);
}

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
    await start([
      post('/echo', async (request) => {
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(request.method, request.target, request.path, request.query, request.header('x-one'), request.header('x-two'), request.body.toString());
        return { status: 200, headers: { 'content-type': 'text/xml' }, body: '<é/>' };
      }),
    ]);
    const response = await fetch(url('/echo?a=%20b&c=d%2Fe'), { method: 'POST', body: 'x=ü', headers: { 'X-One': '1' } });
    expect(seen).toEqual(['POST', '/echo?a=%20b&c=d%2Fe', '/echo', 'a=%20b&c=d%2Fe', '1', '', 'x=ü']);
    expect([response.status, await response.text(), response.headers.get('content-type')]).toEqual([200, '<é/>', 'text/xml']);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('tells a bare question mark from none', async () => {
    await start([get('/q', (request) => ({ status: 200, body: request.target }))]);
    const socket = await tcp();
    socket.write('GET /q? HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await reading(socket, /\r\n\r\n.+/)).toMatch(/\/q\?$/);
  });

  it('lets a handler override a security header, and keeps line breaks out of headers', async () => {
    await start([get('/h', () => ({ status: 200, headers: { 'Content-Security-Policy': "default-src 'self'", 'x-a': 'b\r\nx-c: d' }, body: '' }))]);
    const { headers } = await fetch(url('/h'));
    expect([headers.get('content-security-policy'), headers.get('x-a'), headers.get('x-c')]).toEqual(["default-src 'self'", 'b x-c: d', null]);
  });

  it('answers 404, 405 with Allow, HEAD without a body', async () => {
    await start([alive, post('/only-post', () => ({ status: 204 })), get('/files/*', (request) => ({ status: 200, body: request.path }))]);
    expect((await fetch(url('/nowhere'))).status).toBe(404);
    const wrong = await fetch(url('/only-post'));
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
    const put = await fetch(url('/alive'), { method: 'PUT', body: 'x' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const head = await fetch(url('/alive'), { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '3', '']);
    expect((await fetch(url('/only-post'), { method: 'POST' })).status).toBe(204);
    expect(await (await fetch(url('/files/a/b.css'))).text()).toBe('/files/a/b.css');
  });

  it('takes a body of the bound and refuses one byte more, declared or chunked', async () => {
    let calls = 0;
    await start([alive, post('/body', (request) => ({ status: 200, body: String((calls += 1, request.body.length)) }))]);
    const most = Buffer.alloc(LIMITS.bodyBytesMax, 'a');
    expect(await (await fetch(url('/body'), { method: 'POST', body: most })).text()).toBe('65536');
    expect((await fetch(url('/body'), { method: 'POST', body: Buffer.alloc(LIMITS.bodyBytesMax + 1) })).status).toBe(413);
    const socket = await tcp();
    socket.write(`POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${(0x4000).toString(16)}\r\n${'a'.repeat(0x4000)}\r\n`.concat(`4000\r\n${'a'.repeat(0x4000)}\r\n`.repeat(4)));
    expect(await reading(socket, /413/)).toMatch(/^HTTP\/1.1 413/);
    socket.destroy();
    expect(calls).toBe(1);
    await expectAlive();
  });

  it('gives up on a body that does not come', async () => {
    await start([alive, post('/body', () => ({ status: 200 }))]);
    const socket = await tcp();
    socket.write('POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    expect(await reading(socket, /time/)).toMatch(/^HTTP\/1.1 408/);
    await expectAlive();
  });
});

describe('handlers that misbehave', () => {
  it('answers 500 and lives when one throws, rejects or returns nothing; 503 when one never settles', async () => {
    await start([
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
    for (const path of ['/throws', '/rejects', '/nothing', '/nothing-later']) expect((await fetch(url(path))).status).toBe(500);
    expect((await fetch(url('/throws'), { method: 'POST', body: 'x' })).status).toBe(500);
    expect((await fetch(url('/never'))).status).toBe(503);
    await expectAlive();
    expect(await faults()).toEqual({ handler: 5 });
    expect(lines.filter((line) => line.includes('a handler threw'))).toHaveLength(5);
  });

  it('survives a client that leaves while the handler works', async () => {
    let release: (response: HttpResponse) => void = () => {};
    const left = new Promise<HttpResponse>((resolve) => (release = resolve));
    let asked: () => void = () => {};
    const arrived = new Promise<void>((resolve) => (asked = resolve));
    await start([alive, get('/slow', () => (asked(), left))]);
    const socket = await tcp();
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await arrived;
    socket.resetAndDestroy();
    await expectAlive();
    release({ status: 200, body: 'late' });
    await expectAlive();
    expect(await faults()).toEqual({});
  });

  it('survives a client that leaves in the middle of its body', async () => {
    let calls = 0;
    await start([alive, post('/body', () => ((calls += 1), { status: 200 }))]);
    const socket = await tcp();
    socket.write('POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    await expectAlive();
    socket.resetAndDestroy();
    await expectAlive();
    expect(calls).toBe(0);
  });

  it('survives garbage instead of HTTP', async () => {
    await start([alive]);
    for (const garbage of ['\0\0\0\0', 'GET / HTTP/9.9\r\n\r\n', 'POST /alive HTTP/1.1\r\nContent-Length: -1\r\n\r\n', 'é'.repeat(5_000)]) {
      const socket = await tcp();
      socket.on('error', () => {});
      socket.end(garbage);
      await expectAlive();
      socket.destroy();
    }
  });
});

interface Seen {
  name: string;
}

const settings = { idleTimeoutS: 60, backpressureBytesMax: 1024 * 1024, messageBytesMax: 64 * 1024 };

function route(change: Partial<SocketRoute<Seen>>): SocketRoute<Seen> {
  return {
    path: '/media',
    settings,
    upgrade: (request) => ({ accept: { name: request.header('x-name') } }),
    open: () => {},
    message: (socket, message, isBinary) => void socket.send(message, isBinary),
    close: () => {},
    ...change,
  };
}

const dial = (name = 'caller'): WebSocket => new WebSocket(`ws://127.0.0.1:${server?.port}/media`, 'unasked', { headers: { 'x-name': name } });
const dialPlain = (): WebSocket => new WebSocket(`ws://127.0.0.1:${server?.port}/media`, { headers: { 'x-name': 'caller' } });

describe('sockets', () => {
  it.each([false, true])('upgrades with the data of the hook (async: %s), echoes, reports the close', async (later) => {
    const seen: string[] = [];
    let closed: () => void = () => {};
    const end = new Promise<void>((resolve) => (closed = resolve));
    const accept = (name: string): UpgradeDecision<Seen> => ({ accept: { name } });
    await start([], [
      route({
        upgrade: (request) => (later ? new Promise((resolve) => setImmediate(() => resolve(accept(request.header('x-name'))))) : accept(request.header('x-name'))),
        open: (socket) => seen.push(socket.getUserData().name),
        close: (_socket, code) => (seen.push(String(code)), closed()),
      }),
    ]);
    const client = dialPlain();
    await once(client, 'open');
    client.send('hello');
    const [data] = (await once(client, 'message')) as [Buffer];
    client.close(1000);
    await end;
    expect([String(data), ...seen]).toEqual(['hello', 'caller', '1000']);
  });

  it('never chooses a sub-protocol', async () => {
    await start([], [route({})]);
    const client = dial();
    const [error] = (await once(client, 'error')) as [Error];
    expect(error.message).toContain('no subprotocol');
  });

  it('refuses before the upgrade, at once or later, and says 426 to plain HTTP', async () => {
    const refuse = { refuse: { status: 403, body: 'no' } };
    await start([alive], [route({ upgrade: (request) => (request.header('x-name') === 'later' ? Promise.resolve(refuse) : refuse) })]);
    for (const name of ['later', 'now']) {
      const client = new WebSocket(`ws://127.0.0.1:${server?.port}/media`, { headers: { 'x-name': name } });
      const [, response] = (await once(client, 'unexpected-response')) as [unknown, { statusCode: number; destroy(): void }];
      expect(response.statusCode).toBe(403);
      response.destroy();
    }
    expect((await fetch(url('/media'))).status).toBe(426);
    await expectAlive();
  });

  it('lives when the upgrade hook throws or rejects, and when the client left before it decided', async () => {
    let release: (decision: UpgradeDecision<Seen>) => void = () => {};
    let asked: () => void = () => {};
    const arrived = new Promise<void>((resolve) => (asked = resolve));
    await start([alive], [
      route({
        upgrade: (request) => {
          const name = request.header('x-name');
          if (name === 'throws') throw new Error('sync');
          if (name === 'rejects') return Promise.reject(new Error('async'));
          asked();
          return new Promise((resolve) => (release = resolve));
        },
      }),
    ]);
    for (const name of ['throws', 'rejects']) {
      const client = new WebSocket(`ws://127.0.0.1:${server?.port}/media`, { headers: { 'x-name': name } });
      const [, response] = (await once(client, 'unexpected-response')) as [unknown, { statusCode: number; destroy(): void }];
      expect(response.statusCode).toBe(500);
      response.destroy();
    }
    const leaver = dialPlain();
    leaver.on('error', () => {});
    await arrived;
    leaver.terminate();
    await expectAlive();
    release({ accept: { name: 'gone' } });
    await expectAlive();
    expect(await faults()).toEqual({ handler: 2 });
  });

  it('ends only the socket whose handler throws, in each of the handlers', async () => {
    const fail = (socket: Socket<Seen>, place: string): void => {
      if (socket.getUserData().name === place) throw new Error(place);
    };
    await start([alive], [
      route({
        open: (socket) => fail(socket, 'open'),
        message: (socket, message) => {
          fail(socket, 'message');
          const { name } = socket.getUserData();
          if (name === 'async') return Promise.reject(new Error('async')) as unknown as void;
          if (name === 'ended') {
            socket.end(1000);
            throw new Error('ended');
          }
          socket.send(message);
        },
        pong: (socket) => fail(socket, 'pong'),
        close: () => {
          throw new Error('close');
        },
      }),
    ]);
    const healthy = dialPlain();
    await once(healthy, 'open');
    for (const name of ['open', 'message', 'async', 'ended', 'pong']) {
      const client = new WebSocket(`ws://127.0.0.1:${server?.port}/media`, { headers: { 'x-name': name } });
      client.once('open', () => (name === 'pong' ? client.pong('x') : client.send('x')));
      const [code] = (await once(client, 'close')) as [number];
      expect([name, code]).toEqual([name, 1000]);
    }
    healthy.send('still here');
    const [data] = (await once(healthy, 'message')) as [Buffer];
    expect(String(data)).toBe('still here');
    expect(await faults()).toEqual({ 'socket open': 1, 'socket message': 3, 'socket pong': 1, 'socket close': 5 });
    healthy.terminate();
  });

  it('closes a socket that sends more than the bound', async () => {
    await start([alive], [route({})]);
    const client = dialPlain();
    await once(client, 'open');
    client.on('error', () => {});
    client.send('a'.repeat(settings.messageBytesMax + 1));
    await once(client, 'close');
    await expectAlive();
  });
});

describe('listening and closing', () => {
  it('refuses a port that is taken', async () => {
    const { port } = await start([alive]);
    await expect(createServer({ host: '127.0.0.1', port, routes: [], log, metrics })).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`);
  });

  it('lets a request under way be answered, ends sockets with 1001, then refuses connections', async () => {
    let release: (response: HttpResponse) => void = () => {};
    let asked: () => void = () => {};
    const arrived = new Promise<void>((resolve) => (asked = resolve));
    await start([get('/slow', () => (asked(), new Promise((resolve) => (release = resolve))))], [route({})]);
    const client = dialPlain();
    await once(client, 'open');
    const slow = fetch(url('/slow'));
    await arrived;
    const gone = once(client, 'close');
    const closing = server?.close();
    release({ status: 200, body: 'done' });
    expect(await (await slow).text()).toBe('done');
    await closing;
    expect((await gone)[0]).toBe(1001);
    await expect(fetch(url('/slow'))).rejects.toThrow();
    server = null;
  });
});
