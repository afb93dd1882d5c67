import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, getCACertificates, setDefaultCACertificates, type TlsOptions, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { selfSigned } from './certificate.fixture.ts';
import { Clients } from './clients.fixture.ts';
import { closeFrame, frame, RawServer } from './raw-server.fixture.ts';

const trusted = selfSigned(['localhost', '127.0.0.1']);
const expired = selfSigned(['localhost'], -3, -1);
const otherName = selfSigned(['elsewhere.test']);
const stranger = selfSigned(['localhost', '127.0.0.1']);

const clients = new Clients();
let server: RawServer | null = null;

beforeAll(() => {
  setDefaultCACertificates([...getCACertificates('bundled'), trusted.cert, expired.cert, otherName.cert]);
});

afterEach(async () => {
  clients.cut();
  await server?.close();
  server = null;
});

async function serverWith(options: TlsOptions): Promise<RawServer> {
  const tlsServer = createServer({ ALPNProtocols: ['http/1.1'], ...options });
  tlsServer.on('tlsClientError', () => undefined);
  server = await RawServer.start(undefined, tlsServer, 'secureConnection');
  return server;
}

function urlOf({ url }: RawServer, host = 'localhost'): URL {
  return new URL(`wss://${host}:${url.port}${url.pathname}${url.search}`);
}

describe('a trusted server', () => {
  test.each(['localhost', '127.0.0.1'])('at %s is told the name and the protocol', async (host) => {
    const raw = await serverWith(trusted);
    const { listener } = clients.connect(urlOf(raw, host));
    await expect.poll(() => listener.told).toEqual(['open']);
    const socket = raw.peer.socket as TLSSocket & { servername: string | false };
    expect(socket.alpnProtocol).toBe('http/1.1');
    expect(socket.servername).toBe(host === 'localhost' ? 'localhost' : false);
    expect(raw.peer.header('Host')).toBe(`${host}:${raw.url.port}`);
  });

  test('a socket keeps no memory of the pool that all small buffers share', async () => {
    const raw = await serverWith(trusted);
    const bytes = 8;
    let between: number | null = null;
    while (between === null) {
      const before = Buffer.allocUnsafe(bytes);
      clients.connect(urlOf(raw));
      const after = Buffer.allocUnsafe(bytes);
      // The pool takes another slab where the last one is full.
      if (after.buffer === before.buffer) between = after.byteOffset - before.byteOffset;
    }
    expect(between).toBe(bytes);
  });

  test('without ALPN', async () => {
    const raw = await serverWith({ ...trusted, ALPNProtocols: undefined });
    const { listener } = clients.connect(urlOf(raw));
    await expect.poll(() => listener.told).toEqual(['open']);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('of %s: messages of every length both ways', async (version) => {
    const raw = await serverWith({ ...trusted, minVersion: version, maxVersion: version });
    const { client, listener } = clients.connect(urlOf(raw));
    await expect.poll(() => listener.isOpen).toBe(true);
    const texts = [0, 1, 125, 126, 16_383, 16_384, 16_385, 65_535, 65_536, 300_000].map((length) => 'x'.repeat(length));
    for (const text of texts) {
      client.send(text);
      client.sendAscii(Buffer.from(`>${text}`), 1, text.length + 1);
    }
    raw.peer.socket.write(Buffer.concat(texts.map((text) => frame(text))));
    await expect.poll(() => raw.peer.messages.length).toBe(2 * texts.length);
    expect(raw.peer.messages).toEqual(texts.flatMap((text) => [text, text]));
    await expect.poll(() => listener.messages.length).toBe(texts.length);
    expect(listener.messages).toEqual(texts);
    await expect.poll(() => client.bufferedBytes).toBe(0);
  });

  test('is sent what was in the scratch when it was sent, though it is written later', async () => {
    const raw = await serverWith(trusted);
    const { client, listener } = clients.connect(urlOf(raw));
    await expect.poll(() => listener.isOpen).toBe(true);
    const scratch = new Uint8Array(300);
    const letters = Array.from({ length: 500 }, (_, i) => 97 + (i % 26));
    for (const letter of letters) {
      scratch.fill(letter);
      client.sendAscii(scratch, 0, scratch.length);
    }
    await expect.poll(() => raw.peer.messages.length).toBe(letters.length);
    expect(raw.peer.messages).toEqual(letters.map((letter) => String.fromCharCode(letter).repeat(300)));
  });

  test('that closes, and that just ends', async () => {
    const raw = await serverWith(trusted);
    const first = clients.connect(urlOf(raw));
    await expect.poll(() => first.listener.isOpen).toBe(true);
    raw.peer.socket.write(closeFrame(1001, 'restart'));
    await expect.poll(() => first.listener.told).toEqual(['open', { close: 1001, reason: 'restart' }]);
    raw.peer.socket.end();
    const second = clients.connect(urlOf(raw));
    await expect.poll(() => second.listener.isOpen).toBe(true);
    raw.peers[1]?.socket.end();
    await expect.poll(() => second.listener.told).toEqual(['open', { close: 1006, reason: '' }]);
    await expect.poll(() => raw.connections()).toBe(0);
  });
});

describe('a server that is not to be trusted', () => {
  test.each([
    ['signed by nobody known', stranger, 'localhost', /^self-signed certificate/],
    ['expired', expired, 'localhost', /^certificate has expired$/],
    ['of another name', otherName, 'localhost', /Hostname\/IP does not match/],
    ['of another address', otherName, '127.0.0.1', /IP: 127.0.0.1 is not in the cert's list/],
  ])('%s: never asked for a session', async (_name, certificate, host, why) => {
    const raw = await serverWith(certificate);
    const { client, listener } = clients.connect(urlOf(raw, host));
    await expect.poll(() => listener.told).toEqual([{ error: 'unreachable', why: expect.stringMatching(why) }]);
    expect(client.state).toBe('closed');
    await expect.poll(() => raw.connections()).toBe(0);
    expect(raw.peers.map(({ request }) => request)).toEqual(raw.peers.map(() => []));
  });

  test('one that speaks something else only', async () => {
    const raw = await serverWith({ ...trusted, ALPNProtocols: ['h2'] });
    const { listener } = clients.connect(urlOf(raw));
    await expect.poll(() => listener.error).toBe('unreachable');
  });

  test('one that does not speak TLS', async () => {
    server = await RawServer.start((peer) => peer.socket.write(peer.answer()));
    const { listener } = clients.connect(urlOf(server));
    server.peers[0]?.socket.end('hello');
    await expect.poll(() => server?.peers.length).toBe(1);
    server.peer.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    await expect.poll(() => listener.error).toBe('unreachable');
  });

  test('one that is silent', async () => {
    server = await RawServer.start(() => undefined);
    const { listener } = clients.connect(urlOf(server), { handshakeTimeoutMs: 50 });
    await expect.poll(() => listener.error).toBe('handshake_timeout');
    await expect.poll(() => server?.peer.gone || server?.peer.ended).toBe(true);
  });
});

/** A process of its own: Node reads NODE_EXTRA_CA_CERTS when it starts. */
async function toldByProcess(url: URL, env: NodeJS.ProcessEnv): Promise<string> {
  const client = JSON.stringify(join(import.meta.dirname, 'client.ts'));
  const program = `
    import { WebSocketClient } from ${client};
    const tell = (word) => { console.log(word); client.terminate(); };
    const options = { url: new URL('${url.href}'), headers: {}, handshakeTimeoutMs: 20000, closeTimeoutMs: 100, messageBytesMax: 100 };
    const client = new WebSocketClient(options, { onOpen: () => tell('open'), onError: (code, why) => tell(code + ': ' + why) });`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
  return stdout.trim();
}

test('NODE_EXTRA_CA_CERTS names who else is trusted', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'aida-tls-'));
  try {
    const file = join(dir, 'ca.pem');
    await writeFile(file, stranger.cert);
    const raw = await serverWith(stranger);
    expect(await toldByProcess(urlOf(raw), { NODE_EXTRA_CA_CERTS: file })).toBe('open');
    expect(await toldByProcess(urlOf(raw), { NODE_EXTRA_CA_CERTS: '' })).toMatch(
      /^unreachable: self-signed certificate/,
    );
  } finally {
    await rm(dir, { recursive: true });
  }
});
