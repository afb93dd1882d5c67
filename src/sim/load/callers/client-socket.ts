import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const maskBit = 0x80;
const length16 = 126;
const length64 = 127;
const textFirst = '\x81';
const pongFirst = '\x8a';
const closeFirst = '\x88';
/** The mask that a client owes the server is zero: what is sent is not changed by it, and costs nothing. */
const mask = '\0\0\0\0';
const opcodes = { text: 1, close: 8, ping: 9 } as const;
const messageBytesMax = 4 * 1024 * 1024;
const headBytesMax = 16 * 1024;
const readBytes = 256 * 1024;
/** Unsent bytes above which a server does not read: frames are left out, as the carrier does (31930). */
export const unreadBytesMax = 1024 * 1024;
const normalClose = 1000;
const noClose = 1006;

/** All sockets read into it: what was read is done with before the next read. */
const shared = Buffer.allocUnsafe(readBytes);

export interface ClientListener {
  onOpen(): void;
  /** A whole text message, valid during the call only. */
  onText(bytes: Buffer, from: number, to: number): void;
  /** The upgrade was answered with another status than 101. */
  onRefused(status: number): void;
  /** Once; 1006: without a closing handshake. `wasOpen` false: no connection was had. */
  onGone(code: number, wasOpen: boolean): void;
}

export interface ClientTarget {
  host: string;
  port: number;
  path: string;
  headers: Readonly<Record<string, string>>;
}

/** A text message as a frame of a client, for one write of several. ASCII only. */
export function frameOf(text: string): string {
  return headOf(textFirst, text.length) + text;
}

function headOf(first: string, length: number): string {
  if (length < length16) return first + String.fromCharCode(maskBit | length) + mask;
  if (length > 0xffff) throw new RangeError(`a message of ${length} bytes is too long`);
  return first + String.fromCharCode(maskBit | length16, length >> 8, length & 0xff) + mask;
}

/** As much WebSocket as a carrier's end needs: whole text messages out, text of any cut in, no extension. */
export class ClientSocket {
  readonly #socket: Socket;
  readonly #listener: ClientListener;
  #state: 'upgrading' | 'open' | 'gone' = 'upgrading';
  #rest: Buffer | null = null;
  /** Of a fragmented message. */
  #parts: Buffer[] = [];

  constructor(target: ClientTarget, listener: ClientListener) {
    this.#listener = listener;
    const onread = {
      buffer: shared,
      callback: (bytes: number): boolean => {
        this.#read(shared.subarray(0, bytes));
        return true;
      },
    };
    this.#socket = connect({ host: target.host, port: target.port, noDelay: true, onread });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => this.#gone(noClose));
    this.#socket.write(request(target), 'latin1');
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Frames made by {@link frameOf}, in one write. */
  write(frames: string): void {
    if (this.#state === 'open') this.#socket.write(frames, 'latin1');
  }

  close(): void {
    if (this.#state !== 'open') return this.destroy();
    this.#socket.end(headOf(closeFirst, 2) + String.fromCharCode(normalClose >> 8, normalClose & 0xff), 'latin1');
    this.#gone(normalClose);
  }

  destroy(): void {
    this.#socket.destroy();
    this.#gone(noClose);
  }

  #gone(code: number): void {
    if (this.#state === 'gone') return;
    const wasOpen = this.#state === 'open';
    this.#state = 'gone';
    this.#rest = null;
    this.#listener.onGone(code, wasOpen);
  }

  #read(chunk: Buffer): void {
    if (this.#state === 'gone') return;
    let bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    if (this.#state === 'upgrading') {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return this.#keep(bytes, headBytesMax);
      if (!this.#upgraded(bytes.toString('latin1', 0, end))) return;
      bytes = bytes.subarray(end + 4);
    }
    const used = this.#frames(bytes);
    if (used < bytes.length) this.#keep(bytes.subarray(used), messageBytesMax);
  }

  /** The shared buffer is overwritten by the next read. */
  #keep(bytes: Buffer, bytesMax: number): void {
    if (this.#isGone) return;
    if (bytes.length > bytesMax) return this.destroy();
    this.#rest = Buffer.from(bytes);
  }

  get #isGone(): boolean {
    return this.#state === 'gone';
  }

  #upgraded(head: string): boolean {
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
    if (status === 101) {
      this.#state = 'open';
      this.#listener.onOpen();
      return true;
    }
    this.#listener.onRefused(status);
    this.destroy();
    return false;
  }

  /** Hands out whole frames; returns how many bytes they were. */
  #frames(bytes: Buffer): number {
    let at = 0;
    while (!this.#isGone && bytes.length - at >= 2) {
      const first = bytes[at] as number;
      const second = bytes[at + 1] as number;
      let length = second & ~maskBit;
      let from = at + 2;
      if (length === length16) {
        if (bytes.length - at < 4) return at;
        length = bytes.readUInt16BE(at + 2);
        from = at + 4;
      } else if (length === length64) {
        if (bytes.length - at < 10) return at;
        length = Number(bytes.readBigUInt64BE(at + 2));
        from = at + 10;
      }
      if (length > messageBytesMax) {
        this.destroy();
        return bytes.length;
      }
      if (bytes.length - from < length) return at;
      at = from + length;
      this.#frame(first, bytes, from, at);
    }
    return at;
  }

  #frame(first: number, bytes: Buffer, from: number, to: number): void {
    const opcode = first & 0x0f;
    const isLast = (first & maskBit) !== 0;
    if (opcode === opcodes.text && isLast) this.#listener.onText(bytes, from, to);
    else if (opcode === opcodes.text || opcode === 0) this.#part(bytes, from, to, isLast);
    else if (opcode === opcodes.ping) this.#pong(bytes.toString('latin1', from, to));
    else if (opcode === opcodes.close) this.#closed(to - from >= 2 ? bytes.readUInt16BE(from) : normalClose);
  }

  #part(bytes: Buffer, from: number, to: number, isLast: boolean): void {
    this.#parts.push(Buffer.from(bytes.subarray(from, to)));
    if (!isLast) return;
    const whole = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#listener.onText(whole, 0, whole.length);
  }

  #pong(payload: string): void {
    this.#socket.write(headOf(pongFirst, payload.length) + payload, 'latin1');
  }

  #closed(code: number): void {
    this.#socket.end(headOf(closeFirst, 2) + String.fromCharCode(code >> 8, code & 0xff), 'latin1');
    this.#gone(code);
  }
}

function request({ path, headers }: ClientTarget): string {
  const lines = Object.entries({
    ...headers,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
