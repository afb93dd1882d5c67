import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { lacksPart } from '../embedded/parts.ts';
import { freePort } from '../embedded/redis.ts';
import { type Haproxy, startHaproxy } from '../sim/parts/haproxy.ts';
import { haproxyConfig } from './haproxy.ts';

const WAIT = { timeout: 10_000, interval: 50 };
const HOST = 'voice.example.com';

/** The least that HAProxy can take for a node. */
class PretendedNode {
  readonly name: string;
  readonly seen: { target: string; host: string }[] = [];
  ready = 200;
  alive = 200;
  /** Takes a webhook in and is gone before it has answered. */
  dies = false;
  port = 0;
  opsPort = 0;
  private readonly sockets = new WebSocketServer({ noServer: true });
  private main: Server | null = null;
  private ops: Server | null = null;

  constructor(name: string) {
    this.name = name;
  }

  async start(): Promise<void> {
    this.main = createServer((incoming, outgoing) => {
      this.note(incoming);
      if (this.dies) incoming.socket.destroy();
      else outgoing.end(this.name);
    });
    this.main.on('upgrade', (incoming, socket, head) => {
      this.note(incoming);
      this.sockets.handleUpgrade(incoming, socket, head, (open) => open.send(this.name));
    });
    this.ops = createServer((incoming, outgoing) => {
      outgoing.writeHead(incoming.url === '/readyz' ? this.ready : this.alive).end();
    });
    this.port = await listening(this.main, this.port);
    this.opsPort = await listening(this.ops, this.opsPort);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets.clients) socket.terminate();
    await Promise.all([this.main, this.ops].map((server) => closed(server)));
  }

  private note(incoming: IncomingMessage): void {
    this.seen.push({ target: incoming.url ?? '', host: incoming.headers.host ?? '' });
  }
}

async function listening(server: Server, port: number): Promise<number> {
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

async function closed(server: Server | null): Promise<void> {
  if (!server?.listening) return;
  const gone = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await gone;
}

const nodes = [new PretendedNode('one'), new PretendedNode('two')] as const;
const [one, two] = nodes;
let haproxy: Haproxy;
let port: number;

describe.skipIf(await lacksPart('haproxy'))('the configuration of HAProxy', () => {
  beforeAll(async () => {
    await Promise.all(nodes.map((node) => node.start()));
    port = await freePort();
    const places = nodes.map(({ name, port: main, opsPort }, index) => ({
      name,
      host: '127.0.0.1',
      port: main,
      opsPort,
      mediaPath: `/${index + 1}/media-stream`,
    }));
    haproxy = await startHaproxy(haproxyConfig(places, `127.0.0.1:${port}`), port);
  });
  afterAll(async () => {
    await haproxy?.stop();
    await Promise.all(nodes.map((node) => node.stop()));
  });
  afterEach(async () => {
    for (const node of nodes) {
      node.ready = 200;
      node.alive = 200;
      node.dies = false;
    }
    await vi.waitFor(async () => expect(new Set(await answers(4))).toEqual(new Set(['200 one', '200 two'])), WAIT);
    for (const node of nodes) node.seen.length = 0;
  });

  test('each media path leads to its node, host, path and query as they came', async () => {
    expect(await Promise.all([spokenBy('/1/media-stream'), spokenBy('/2/media-stream?x=1&y=%20')])).toEqual([
      'one',
      'two',
    ]);
    expect([one.seen, two.seen]).toEqual([
      [{ target: '/1/media-stream', host: HOST }],
      [{ target: '/2/media-stream?x=1&y=%20', host: HOST }],
    ]);
  });

  test('a node that is gone: its socket and the webhooks go to the other one, and nobody hears of it', async () => {
    await two.stop();
    expect(await spokenBy('/2/media-stream')).toBe('one');
    expect(await answers(6)).toEqual(Array.from({ length: 6 }, () => '200 one'));
    await two.start();
    await vi.waitFor(async () => expect(await spokenBy('/2/media-stream')).toBe('two'), WAIT);
  });

  test('a node that drains gets no webhook, and still its sockets; where none is ready all that live are asked', async () => {
    two.ready = 503;
    await vi.waitFor(async () => expect(new Set(await answers(4))).toEqual(new Set(['200 one'])), WAIT);
    expect(await spokenBy('/2/media-stream')).toBe('two');
    one.ready = 503;
    await vi.waitFor(() => expect(haproxy.output()).toContain('Running on backup'), WAIT);
    await vi.waitFor(async () => expect(new Set(await answers(4))).toEqual(new Set(['200 one', '200 two'])), WAIT);
  });

  test('where no node answers a check each is asked all the same: who is late is not gone', async () => {
    const said = haproxy.output().length;
    for (const node of nodes) Object.assign(node, { ready: 503, alive: 503 });
    for (const backend of ['webhooks', 'media-one', 'media-two'])
      await vi.waitFor(
        () => expect(haproxy.output().slice(said)).toMatch(new RegExp(`${backend}'? has no server available`)),
        WAIT,
      );
    expect(new Set(await answers(4))).toEqual(new Set(['200 one', '200 two']));
    expect(await Promise.all([spokenBy('/1/media-stream'), spokenBy('/2/media-stream')])).toEqual(['one', 'two']);
    await two.stop();
    expect([await spokenBy('/2/media-stream'), ...(await answers(2))]).toEqual(['one', '200 one', '200 one']);
    await two.start();
  });

  test('a webhook that reached a node is not asked again', async () => {
    for (const node of nodes) node.dies = true;
    expect(await answers(1)).toEqual(['502 ']);
    expect(one.seen.length + two.seen.length).toBe(1);
  });
});

const answers = (count: number): Promise<string[]> => Promise.all(Array.from({ length: count }, answer));

/** Status and body of a webhook. */
function answer(): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { port, host: '127.0.0.1', path: '/voice', method: 'POST', agent: false, headers: { host: HOST } },
      (incoming) => {
        let body = '';
        incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
        incoming.on('end', () => resolve(`${incoming.statusCode} ${incoming.statusCode === 200 ? body : ''}`));
      },
    );
    asked.on('error', reject).end('CallSid=CA1');
  });
}

/** The name of the node that took this media socket. */
async function spokenBy(path: string): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { host: HOST } });
  const [message] = (await once(socket, 'message')) as [Buffer];
  const ended = once(socket, 'close');
  socket.close(1000);
  await ended;
  return message.toString();
}
