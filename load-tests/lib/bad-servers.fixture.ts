import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { findPart } from '../../src/embedded/parts.ts';
import type { FailureReason, LoadSummary } from './summary.ts';

const PUBLIC = 'https://bad.example.com';
const SCRIPT = join(import.meta.dirname, '../scenarios/smoke.ts');
/** k6 itself ends a run within a minute and a half, however its server behaves; a busy machine takes longer to begin and end. */
export const BOUND_MS = 300_000;
const CONNECT =
  '<Response><Connect action="/voice/next"><Stream url="wss://bad.example.com/media-stream"/></Connect></Response>';

const closings: (() => Promise<unknown>)[] = [];

/** Ends every server that was started here. */
export async function closeServers(): Promise<void> {
  for (const close of closings.splice(0)) await close();
}

/** An address where nobody listens. */
export async function nobody(): Promise<string> {
  const address = await listening(createTcpServer());
  await closings.pop()?.();
  return address;
}

/** Listens and keeps every socket, so that nothing is left behind. */
export async function listening(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closings.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const web = (answer: (request: IncomingMessage, response: ServerResponse) => void): Server =>
  createServer((request, response) => {
    request.resume();
    if (request.url?.startsWith('/voice/st')) response.writeHead(204).end();
    else answer(request, response);
  });

const twiml = (response: ServerResponse, body: string): void =>
  void response.writeHead(200, { 'Content-Type': 'text/xml' }).end(body);

/** A web server whose media sockets are treated so; after the stream the call is hung up. */
function media(onSocket: (server: Server) => void): Server {
  const server = web((request, response) =>
    twiml(response, request.url === '/voice' ? CONNECT : '<Response><Hangup/></Response>'),
  );
  onSocket(server);
  return server;
}

/** k6 itself, two callers for so long; gives its summary. */
export async function call(address: string, seconds = 1): Promise<LoadSummary> {
  const folder = await mkdtemp(join(tmpdir(), 'aida-k6-'));
  const file = join(folder, 'summary.json');
  const { bin, env } = await findPart('k6');
  const settings = {
    TARGET: PUBLIC,
    TOKEN: 'secret',
    HOSTS: JSON.stringify({ [PUBLIC]: address, 'wss://bad.example.com': address }),
    CALLS: '2',
    SECONDS: String(seconds),
    SUMMARY: file,
  };
  const pairs = Object.entries(settings).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const k6 = spawn(bin, ['run', '--quiet', '--no-usage-report', '--address', '127.0.0.1:0', ...pairs, SCRIPT], {
    env,
    stdio: 'ignore',
  });
  try {
    await new Promise((resolve, reject) => k6.once('exit', resolve).once('error', reject));
    return JSON.parse(await readFile(file, 'utf8')) as LoadSummary;
  } finally {
    k6.kill('SIGKILL');
    await rm(folder, { recursive: true });
  }
}

/** A server, and what must be said of calls to it. */
export interface BadServer {
  server: () => Server | ReturnType<typeof createTcpServer>;
  why: FailureReason;
  /** Where a call takes longer than usual to come to its bad end. */
  seconds?: number;
}

/** A circle is one from its sixteenth document within five seconds on: time for it on a busy machine as well. */
const circlesSeconds = 6;
/** Callers in circles would take all the machine has. */
const circleMs = 20;

/** Those first that take longest: only some run at the same time. */
export const BAD: Record<string, BadServer> = {
  'opens streams and says nothing, not even goodbye': {
    server: () =>
      media((server) =>
        new WebSocketServer({ server }).on('connection', (socket) => {
          socket.pause();
        }),
      ),
    why: 'no_first_word',
  },
  'breaks off in mid-answer': {
    server: () =>
      web((_request, response) => {
        response.writeHead(200, { 'Content-Length': '100' }).write('<Resp');
        response.socket?.destroy();
      }),
    why: 'webhook_unreachable',
  },
  'answers 500': {
    server: () => web((_request, response) => void response.writeHead(500).end()),
    why: 'webhook_status',
  },
  'answers with something else': {
    server: () => web((_request, response) => twiml(response, '<Response><Say>Unclosed</Response>')),
    why: 'webhook_twiml',
  },
  'sends callers in circles': {
    server: () =>
      web((_request, response) => {
        setTimeout(() => twiml(response, '<Response><Redirect>/voice</Redirect></Response>'), circleMs);
      }),
    why: 'webhook_loop',
    seconds: circlesSeconds,
  },
  'speaks no HTTP': {
    server: () => createTcpServer((socket) => socket.end('nonsense\r\n\r\n')),
    why: 'webhook_unreachable',
  },
  'refuses the upgrade': {
    server: () => media((server) => server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 403 No\r\n\r\n'))),
    why: 'stream_refused',
  },
  'breaks streams': {
    server: () => media((server) => new WebSocketServer({ server }).on('connection', (socket) => socket.terminate())),
    why: 'stream_broken',
  },
  'closes streams in mid-conversation': {
    server: () => media((server) => new WebSocketServer({ server }).on('connection', (socket) => socket.close())),
    why: 'cut_off',
  },
  'sends what no carrier takes': {
    server: () =>
      media((server) =>
        new WebSocketServer({ server }).on('connection', (socket) => socket.send('{"event":"media","extra":1}')),
      ),
    why: 'stream_protocol',
  },
};

/**
 * Each try of a webhook may take its 15 s, the fallback as well; and k6 itself gives an upgrade up after a minute and no
 * sooner: the call is over by then, the run is not.
 */
export const SLOW: Record<string, BadServer> = {
  'never answers': { server: () => web(() => undefined), why: 'webhook_late' },
  'never answers the upgrade': {
    server: () => media((server) => server.on('upgrade', () => undefined)),
    why: 'stream_unreachable',
  },
};
