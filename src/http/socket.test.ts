import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { HttpResponse } from './message.ts';
import { alive, get, TestServer } from './server.fixture.ts';
import { createServer } from './server.ts';
import type { Socket, SocketRoute, UpgradeDecision } from './socket.ts';

let test: TestServer;
beforeEach(() => {
  test = new TestServer();
});
afterEach(async () => {
  await test.close();
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

const dial = (name = 'caller'): WebSocket =>
  new WebSocket(`ws://127.0.0.1:${test.port}/media`, 'unasked', { headers: { 'x-name': name } });
const dialPlain = (): WebSocket =>
  new WebSocket(`ws://127.0.0.1:${test.port}/media`, { headers: { 'x-name': 'caller' } });

describe('sockets', () => {
  it.each([false, true])('upgrades with the data of the hook (async: %s), echoes, reports the close', async (later) => {
    const seen: string[] = [];
    let closed: () => void = () => {};
    const end = new Promise<void>((resolve) => (closed = resolve));
    const accept = (name: string): UpgradeDecision<Seen> => ({ accept: { name } });
    await test.start(
      [],
      [
        route({
          upgrade: (request) =>
            later
              ? new Promise((resolve) => setImmediate(() => resolve(accept(request.header('x-name')))))
              : accept(request.header('x-name')),
          open: (socket) => seen.push(socket.getUserData().name),
          close: (_socket, code) => (seen.push(String(code)), closed()),
        }),
      ],
    );
    const client = dialPlain();
    await once(client, 'open');
    client.send('hello');
    const [data] = (await once(client, 'message')) as [Buffer];
    client.close(1000);
    await end;
    expect([String(data), ...seen]).toEqual(['hello', 'caller', '1000']);
  });

  it('never chooses a sub-protocol', async () => {
    await test.start([], [route({})]);
    const client = dial();
    const [error] = (await once(client, 'error')) as [Error];
    expect(error.message).toContain('no subprotocol');
  });

  it('refuses before the upgrade, at once or later, and says 426 to plain HTTP', async () => {
    const refuse = { refuse: { status: 403, body: 'no' } };
    await test.start(
      [alive],
      [route({ upgrade: (request) => (request.header('x-name') === 'later' ? Promise.resolve(refuse) : refuse) })],
    );
    for (const name of ['later', 'now']) {
      const client = new WebSocket(`ws://127.0.0.1:${test.port}/media`, { headers: { 'x-name': name } });
      const [, response] = (await once(client, 'unexpected-response')) as [
        unknown,
        { statusCode: number; destroy(): void },
      ];
      expect(response.statusCode).toBe(403);
      response.destroy();
    }
    expect((await fetch(test.url('/media'))).status).toBe(426);
    expect(await test.pulse()).toBe('yes');
  });

  it('takes sockets below any one segment, and none deeper', async () => {
    await test.start([alive], [route({ path: '/:node/media' })]);
    const client = new WebSocket(`ws://127.0.0.1:${test.port}/7/media`);
    await once(client, 'open');
    client.close(1000);
    await once(client, 'close');
    const statuses = await Promise.all(
      ['/7/media', '/media', '/a/7/media'].map(async (path) => (await fetch(test.url(path))).status),
    );
    expect(statuses).toEqual([426, 404, 404]);
  });

  it('lives when the upgrade hook throws or rejects, and when the client left before it decided', async () => {
    let release: (decision: UpgradeDecision<Seen>) => void = () => {};
    let asked: () => void = () => {};
    const arrived = new Promise<void>((resolve) => (asked = resolve));
    await test.start(
      [alive],
      [
        route({
          upgrade: (request) => {
            const name = request.header('x-name');
            if (name === 'throws') throw new Error('sync');
            if (name === 'rejects') return Promise.reject(new Error('async'));
            asked();
            return new Promise((resolve) => (release = resolve));
          },
        }),
      ],
    );
    for (const name of ['throws', 'rejects']) {
      const client = new WebSocket(`ws://127.0.0.1:${test.port}/media`, { headers: { 'x-name': name } });
      const [, response] = (await once(client, 'unexpected-response')) as [
        unknown,
        { statusCode: number; destroy(): void },
      ];
      expect(response.statusCode).toBe(500);
      response.destroy();
    }
    const leaver = dialPlain();
    leaver.on('error', () => {});
    await arrived;
    leaver.terminate();
    expect(await test.pulse()).toBe('yes');
    release({ accept: { name: 'gone' } });
    expect(await test.pulse()).toBe('yes');
    expect(await test.faults()).toEqual({ handler: 2 });
  });

  it('ends only the socket whose handler throws, in each of the handlers', async () => {
    const fail = (socket: Socket<Seen>, place: string): void => {
      if (socket.getUserData().name === place) throw new Error(place);
    };
    await test.start(
      [alive],
      [
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
      ],
    );
    const healthy = dialPlain();
    await once(healthy, 'open');
    for (const name of ['open', 'message', 'async', 'ended', 'pong']) {
      const client = new WebSocket(`ws://127.0.0.1:${test.port}/media`, { headers: { 'x-name': name } });
      client.once('open', () => (name === 'pong' ? client.pong('x') : client.send('x')));
      const [code] = (await once(client, 'close')) as [number];
      expect([name, code]).toEqual([name, 1000]);
    }
    healthy.send('still here');
    const [data] = (await once(healthy, 'message')) as [Buffer];
    expect(String(data)).toBe('still here');
    expect(await test.faults()).toEqual({ 'socket open': 1, 'socket message': 3, 'socket pong': 1, 'socket close': 5 });
    healthy.terminate();
  });

  it('closes a socket that sends more than the bound', async () => {
    await test.start([alive], [route({})]);
    const client = dialPlain();
    await once(client, 'open');
    client.on('error', () => {});
    client.send('a'.repeat(settings.messageBytesMax + 1));
    await once(client, 'close');
    expect(await test.pulse()).toBe('yes');
  });
});

describe('listening and closing', () => {
  it('may be closed from inside its own handlers', async () => {
    for (let round = 0; round < 20; round += 1) {
      let closing: Promise<void> | undefined;
      const close = (): void => {
        closing ??= test.close();
      };
      const inClose = round % 2 === 0;
      await test.start([], [route(inClose ? { close } : { message: close })]);
      const client = dialPlain();
      await once(client, 'open');
      const gone = once(client, 'close');
      if (inClose) client.close();
      else client.send('x');
      await gone;
      await expect.poll(() => closing !== undefined).toBe(true);
      await closing;
    }
  });

  it('refuses a port that is taken', async () => {
    const { port } = await test.start([alive]);
    await expect(
      createServer({ host: '127.0.0.1', port, routes: [], log: test.log, metrics: test.metrics }),
    ).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`);
  });

  it('lets a request under way be answered, ends sockets with 1001, then refuses connections', async () => {
    let release: (response: HttpResponse) => void = () => {};
    let asked: () => void = () => {};
    const arrived = new Promise<void>((resolve) => (asked = resolve));
    await test.start([get('/slow', () => (asked(), new Promise((resolve) => (release = resolve))))], [route({})]);
    const client = dialPlain();
    await once(client, 'open');
    const slow = fetch(test.url('/slow'));
    await arrived;
    const gone = once(client, 'close');
    const closing = test.close();
    release({ status: 200, body: 'done' });
    expect(await (await slow).text()).toBe('done');
    await closing;
    expect((await gone)[0]).toBe(1001);
    await expect(fetch(test.url('/slow'))).rejects.toThrow();
  });
});
