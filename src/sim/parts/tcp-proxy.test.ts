import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTcpProxy, type TcpProxy, together } from './tcp-proxy.ts';

const POLL_MS = 5;
const BOUND_MS = 5_000;
/** Long enough for anything on a healthy line, which is asked about in the same breath. */
const ROUND_TRIPS = 20;

let server: Server;
let proxy: TcpProxy;
let served: Socket[];
let clients: Client[];

/** Answers every line with `re: ` and the line. */
beforeEach(async () => {
  served = [];
  clients = [];
  server = createServer({ allowHalfOpen: true }, (socket) => {
    served.push(socket);
    socket.on('error', () => undefined).on('end', () => socket.end());
    eachLine(socket, (line) => socket.write(`re: ${line}\n`));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  proxy = await startTcpProxy(portOf(server));
});
afterEach(async () => {
  for (const client of clients) client.socket.destroy();
  await proxy.close();
  for (const socket of served) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

const portOf = (one: Server): number => {
  const address = one.address();
  return typeof address === 'object' && address ? address.port : 0;
};

interface Client {
  socket: Socket;
  lines: string[];
  error: string | null;
  ended: boolean;
  say(line: string): void;
}

async function client(port = proxy.port): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const one: Client = { socket, lines: [], error: null, ended: false, say: (line) => void socket.write(`${line}\n`) };
  clients.push(one);
  eachLine(socket, (line) => one.lines.push(line));
  socket.on('end', () => (one.ended = true));
  socket.on('error', (error: NodeJS.ErrnoException) => (one.error = error.code ?? error.message));
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined);
  return one;
}

function eachLine(socket: Socket, take: (line: string) => void): void {
  let rest = '';
  socket.on('data', (data) => {
    const lines = (rest + data.toString()).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });
}

async function until(holds: () => boolean): Promise<void> {
  const untilMs = performance.now() + BOUND_MS;
  while (!holds()) {
    if (performance.now() > untilMs) throw new Error(`not within ${BOUND_MS} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Another connection, past the proxy, has said and heard so much: whatever could pass has passed. */
async function others(): Promise<void> {
  const other = await client(portOf(server));
  for (let trip = 1; trip <= ROUND_TRIPS; trip++) {
    other.say('other');
    await until(() => other.lines.length === trip);
  }
}

test('what goes in comes out, and the end after it', async () => {
  const one = await client();
  const long = 'x'.repeat(300_000);
  one.say('a');
  one.say(long);
  one.socket.end();
  await until(() => one.ended);
  expect(one.lines).toEqual(['re: a', `re: ${long}`]);
  expect(proxy.counters).toEqual({
    connections: 1,
    broken: 0,
    bytesToServer: long.length + 3,
    bytesToClient: long.length + 11,
    repliesCut: 0,
  });
});

test.each([
  ['both', 0],
  ['toServer', 0],
  ['toClient', 1],
] as const)('a line dropped %s: nothing is told, and what was said arrives when it is back', async (drop, arrived) => {
  const one = await client();
  one.say('before');
  await until(() => one.lines.length === 1);
  const heard: string[] = [];
  if (served[0]) eachLine(served[0], (line) => heard.push(line));
  await proxy.set({ drop });
  one.say('lost?');
  if (arrived > 0) await until(() => heard.length === arrived);
  await others();
  expect([one.lines, heard.length]).toEqual([['re: before'], arrived]);
  await proxy.heal();
  await until(() => one.lines.length === 2);
  expect([one.lines, one.error]).toEqual([['re: before', 're: lost?'], null]);
});

test('in a black hole nobody hears of the other end’s death, nor of a new one’s', async () => {
  const one = await client();
  await until(() => served.length === 1);
  await proxy.set({ drop: 'both' });
  served[0]?.resetAndDestroy();
  await proxy.target(0);
  const late = await client();
  await others();
  expect([one.error, one.ended, late.error, late.socket.readyState]).toEqual([null, false, null, 'open']);
  await proxy.heal();
  await until(() => one.error !== null && late.error !== null);
  expect([one.error, late.error, (await client()).error]).toEqual(['ECONNRESET', 'ECONNRESET', 'ECONNREFUSED']);
});

test('refused connections leave open ones alone; a target that comes is reached on the same port', async () => {
  const one = await client();
  await proxy.set({ refuse: true });
  expect((await client()).error).toBe('ECONNREFUSED');
  one.say('still here');
  await until(() => one.lines.length === 1);
  await proxy.heal();
  await proxy.target(0);
  expect((await client()).error).toBe('ECONNREFUSED');
  await proxy.target(portOf(server));
  const two = await client();
  two.say('again');
  await until(() => two.lines.length === 1);
});

test('a reset breaks both ends', async () => {
  const one = await client();
  await until(() => served.length === 1);
  proxy.reset();
  await until(() => one.error !== null && served[0]?.destroyed === true);
  expect([one.error, proxy.counters.broken]).toEqual(['ECONNRESET', 1]);
});

test('a reply is cut after its request went through; the connection before and after are whole', async () => {
  const [one, two] = [await client(), await client()];
  const cut = proxy.cutReply((request) => request.includes('write'));
  one.say('read');
  await until(() => one.lines.length === 1);
  two.say('write');
  await cut;
  await until(() => two.error !== null);
  expect([two.lines, two.error, one.lines]).toEqual([[], 'ECONNRESET', ['re: read']]);
  const three = await client();
  three.say('write');
  await until(() => three.lines.length === 1);
  expect(proxy.counters).toMatchObject({ repliesCut: 1, broken: 1 });
});

test('a delayed and a dripping line take their time, and none once healed', async () => {
  const one = await client();
  await proxy.set({ delayMs: 50 });
  let beganMs = performance.now();
  one.say('slow');
  await until(() => one.lines.length === 1);
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(100);
  await proxy.set({ delayMs: 0, bytesPerS: 1_000 });
  beganMs = performance.now();
  one.say('y'.repeat(199));
  await until(() => one.lines.length === 2);
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(200);
  await proxy.set({ bytesPerS: 1 });
  one.say('never without healing');
  await others();
  await proxy.heal();
  await until(() => one.lines.length === 3);
});

test('a sender whose reader does not read is held back', async () => {
  const one = await client();
  one.socket.pause();
  await until(() => served.length === 1);
  const chunk = Buffer.alloc(64 * 1024, 'z');
  let written = 0;
  while (served[0]?.write(chunk) || (served[0]?.writableLength ?? 0) < 4 * chunk.length) {
    written += chunk.length;
    await new Promise((resolve) => setImmediate(resolve));
    if (written > 64 * 1024 * 1024) break;
  }
  expect(written).toBeLessThan(64 * 1024 * 1024);
});

test('several proxies are switched as one', async () => {
  const second = await startTcpProxy(portOf(server));
  const both = together([proxy, second]);
  await both.set({ refuse: true });
  expect([(await client()).error, (await client(second.port)).error]).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
  await both.heal();
  await client();
  await client(second.port);
  await until(() => served.length === 2);
  expect(both.counters.connections).toBe(2);
  both.reset();
  await until(() => clients.slice(2).every(({ error }) => error === 'ECONNRESET'));
  await second.close();
});
