import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Receiver } from './receiver.fixture.ts';

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export interface FrameShape {
  fin?: boolean;
  rsv?: number;
  opcode?: number;
  mask?: Buffer;
  /** How many bytes the length takes: 0, 2 or 8; the fewest that fit by default. */
  lengthBytes?: 0 | 2 | 8;
}

/** Any frame, right or wrong. */
export function frame(payload: string | Uint8Array, shape: FrameShape = {}): Buffer {
  const { fin = true, rsv = 0, opcode = 1, mask } = shape;
  const bytes = Buffer.from(payload as string);
  const lengthBytes = shape.lengthBytes ?? (bytes.length < 126 ? 0 : bytes.length < 65_536 ? 2 : 8);
  const length = Buffer.alloc(lengthBytes);
  if (lengthBytes === 2) length.writeUInt16BE(bytes.length);
  if (lengthBytes === 8) length.writeBigUInt64BE(BigInt(bytes.length));
  const second = (lengthBytes === 0 ? bytes.length : lengthBytes === 2 ? 126 : 127) | (mask ? 0x80 : 0);
  const head = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode, second]);
  const key = mask ?? Buffer.alloc(0);
  const body = mask ? bytes.map((byte, i) => byte ^ (mask[i & 3] ?? 0)) : bytes;
  return Buffer.concat([head, length, key, body]);
}

export function closeFrame(code: number, reason: string | Uint8Array = ''): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return frame(Buffer.concat([head, Buffer.from(reason as string)]), { opcode: 8 });
}

/** What a client said on one connection, judged by the receiver of another implementation. */
export class Peer {
  readonly socket: Socket;
  /** Head of the upgrade request, in lines. */
  request: string[] = [];
  readonly messages: string[] = [];
  readonly pings: string[] = [];
  readonly pongs: string[] = [];
  closed: { code: number; reason: string } | null = null;
  ended = false;
  gone = false;
  fault: Error | null = null;
  /** Everything behind the request's head, as it came. */
  bytes = Buffer.alloc(0);
  readonly #receiver = new Receiver({ isServer: true });
  #head = '';

  constructor(socket: Socket, onRequest: (peer: Peer) => void) {
    this.socket = socket;
    this.#receiver.on('message', (data: Buffer) => this.messages.push(data.toString()));
    this.#receiver.on('ping', (data: Buffer) => this.pings.push(data.toString()));
    this.#receiver.on('pong', (data: Buffer) => this.pongs.push(data.toString()));
    this.#receiver.on('conclude', (code: number, reason: Buffer) => {
      this.closed = { code, reason: reason.toString() };
    });
    this.#receiver.on('error', (error: Error) => {
      this.fault = error;
    });
    socket.on('data', (chunk: Buffer) => this.#read(chunk, onRequest));
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.gone = true;
    });
  }

  header(name: string): string | undefined {
    const line = this.request.find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}: `));
    return line?.slice(name.length + 2);
  }

  get accept(): string {
    return createHash('sha1')
      .update((this.header('Sec-WebSocket-Key') ?? '') + guid)
      .digest('base64');
  }

  /** The head of an answer that opens the socket; `changes` by header name, null leaves it out. */
  answer(changes: Record<string, string | null> = {}): string {
    const headers = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': this.accept, ...changes };
    const lines = Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\r\n`]));
    return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`;
  }

  #read(chunk: Buffer, onRequest: (peer: Peer) => void): void {
    if (this.request.length > 0) return this.#take(chunk);
    this.#head += chunk.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return;
    this.request = this.#head.slice(0, end).split('\r\n');
    onRequest(this);
    const rest = Buffer.from(this.#head.slice(end + 4), 'latin1');
    if (rest.length > 0) this.#take(rest);
  }

  #take(chunk: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    if (this.fault === null && this.closed === null) this.#receiver.write(chunk);
  }
}

/** A TCP server that says what the test says, byte for byte. */
export class RawServer {
  readonly url: URL;
  readonly peers: Peer[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/realtime?model=m`);
  }

  /** By default the handshake is answered rightly; `onRequest` answers it in its place. */
  static async start(
    onRequest: (peer: Peer) => void = (peer) => peer.socket.write(peer.answer()),
    server: Server = createServer({ allowHalfOpen: true }),
    event: 'connection' | 'secureConnection' = 'connection',
  ): Promise<RawServer> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const raw = new RawServer(server);
    server.on(event, (socket: Socket) => raw.peers.push(new Peer(socket, onRequest)));
    return raw;
  }

  /** The only connection. */
  get peer(): Peer {
    const [peer, ...others] = this.peers;
    if (!peer || others.length > 0) throw new Error(`${this.peers.length} connections`);
    return peer;
  }

  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async close(): Promise<void> {
    for (const peer of this.peers) peer.socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
