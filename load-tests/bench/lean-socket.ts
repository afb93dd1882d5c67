import { createHash, randomBytes } from 'node:crypto';
import { request, type OutgoingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';

const connectTimeoutMs = 5_000;
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const textFrame = 0x81;
const opcodes = { text: 1, close: 8, ping: 9 } as const;
const pongFrame = 0x8a;
const maskBit = 0x80;
const length16 = 126;
const messageBytesMax = 65_535;

/**
 * As much WebSocket as a load generator needs: unfragmented text of up to 64 KiB. Its share of the time that is
 * measured stays small that way. The mask that clients owe the server is zero.
 */
export class LeanSocket {
  /** The bytes are only valid during the call. */
  onText: (message: Buffer) => void = () => undefined;
  onClose: () => void = () => undefined;
  readonly #socket: Duplex;
  readonly #masks: boolean;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Duplex, head: Buffer, masks: boolean) {
    this.#socket = socket;
    this.#masks = masks;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.onClose());
    if (head.length > 0) this.#read(head);
  }

  /** ASCII only. */
  send(text: string): void {
    if (this.#socket.writable) this.#socket.write(frameOf(textFrame, text, this.#masks));
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const frame = readFrame(bytes);
      if (frame === null) break;
      bytes = bytes.subarray(frame.bytes);
      if (frame.opcode === opcodes.text) this.onText(frame.payload);
      else if (frame.opcode === opcodes.ping)
        this.#socket.write(frameOf(pongFrame, frame.payload.toString('latin1'), this.#masks));
      else if (frame.opcode === opcodes.close) this.close();
    }
    this.#rest = bytes.length === 0 ? bytes : Buffer.from(bytes);
  }
}

function frameOf(firstByte: number, text: string, masks: boolean): Buffer {
  const { length } = text;
  if (length > messageBytesMax) throw new RangeError(`a message of ${length} bytes is too long`);
  const isShort = length < length16;
  const headBytes = (isShort ? 2 : 4) + (masks ? 4 : 0);
  const frame = Buffer.alloc(headBytes + length);
  frame[0] = firstByte;
  frame[1] = (isShort ? length : length16) | (masks ? maskBit : 0);
  if (!isShort) frame.writeUInt16BE(length, 2);
  frame.write(text, headBytes, 'latin1');
  return frame;
}

/** Null: not whole yet. A masked payload is unmasked in place. */
function readFrame(bytes: Buffer): { opcode: number; payload: Buffer; bytes: number } | null {
  if (bytes.length < 2) return null;
  const [first = 0, second = 0] = bytes;
  const isMasked = (second & maskBit) !== 0;
  let length = second & ~maskBit;
  let at = 2;
  if (length > length16) throw new RangeError('a message of more than 64 KiB');
  if (length === length16) {
    if (bytes.length < 4) return null;
    length = bytes.readUInt16BE(2);
    at = 4;
  }
  const from = at + (isMasked ? 4 : 0);
  if (bytes.length < from + length) return null;
  const payload = bytes.subarray(from, from + length);
  if (isMasked) for (let i = 0; i < length; i++) payload[i] = (payload[i] as number) ^ (bytes[at + (i & 3)] as number);
  return { opcode: first & 0x0f, payload, bytes: from + length };
}

/** Opens a socket as a client; rejects with the status that refused it. */
export function connectLean(port: number, path: string, headers: OutgoingHttpHeaders): Promise<LeanSocket> {
  return new Promise((resolve, reject) => {
    const upgrade = request({
      host: '127.0.0.1',
      port,
      path,
      timeout: connectTimeoutMs,
      headers: {
        ...headers,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
      },
    });
    upgrade.on('upgrade', (_response, socket, head) => {
      socket.setNoDelay(true);
      resolve(new LeanSocket(socket, head, true));
    });
    upgrade.on('response', (response) => {
      response.resume();
      reject(new Error(`the upgrade of ${path} was answered with ${response.statusCode}`));
    });
    upgrade.on('timeout', () => upgrade.destroy(new Error(`no upgrade of ${path} within ${connectTimeoutMs} ms`)));
    upgrade.on('error', reject);
    upgrade.end();
  });
}

/** Answers an upgrade request as a server. */
export function acceptLean(key: string, socket: Duplex, head: Buffer): LeanSocket {
  const accept = createHash('sha1')
    .update(key + guid)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  return new LeanSocket(socket, head, false);
}
