import type { Writable } from 'node:stream';
import { noCode } from './close-code.ts';
import { nextMask } from './masks.ts';
import { controlBytesMax, finalBit, length16, length16Max, length64, maskBit, opcode } from './opcode.ts';

const slabBytes = 64 * 1024;
const wordBytes = 4;
/** Frames of 20 ms and batches of them end before it. */
const viewedBytesMax = 2048;
/** Opcode, length in 64 bits and mask, in whole words. */
const headBytesMax = 16;

/**
 * Frames of a client (RFC 6455, 5), each one write. They are built in memory that all sockets share: what the system
 * has taken when `write` returns is used again for the next frame, what waits in the socket is left alone.
 */
class FrameWriter {
  #bytes = Buffer.allocUnsafeSlow(slabBytes);
  #words = new Uint32Array(this.#bytes.buffer);
  #source: Uint32Array = this.#words;
  /** By their end. */
  readonly #views: (Buffer | undefined)[] = Array.from({ length: viewedBytesMax + 1 });
  /** Bytes before it may still wait in sockets. Whole words. */
  #free = 0;

  /** A text message: the ASCII bytes `from` to `to` (exclusive). */
  ascii(socket: Writable, bytes: Uint8Array, from: number, to: number): void {
    // As far from a whole word as it stands there: so it is copied and masked word by word.
    const skew = (bytes.byteOffset + from) % wordBytes;
    const payloadAt = this.#reserve(to - from + skew) + skew;
    const mask = nextMask();
    this.#copyMasked(bytes, from, to, payloadAt, mask);
    this.#write(socket, opcode.text, payloadAt, to - from, mask);
  }

  /** A text message. */
  text(socket: Writable, message: string): void {
    const length = Buffer.byteLength(message);
    const payloadAt = this.#reserve(length);
    this.#bytes.write(message, payloadAt);
    this.#writeMasked(socket, opcode.text, payloadAt, length);
  }

  /** Ping, pong or close with a payload of at most 125 bytes. */
  control(socket: Writable, code: number, payload: Uint8Array): void {
    const payloadAt = this.#reserve(payload.length);
    this.#bytes.set(payload, payloadAt);
    this.#writeMasked(socket, code, payloadAt, payload.length);
  }

  /** Where the payload of the next frame begins, at a whole word. */
  #reserve(length: number): number {
    const frameBytes = headBytesMax + wholeWords(length);
    if (this.#free + frameBytes > this.#bytes.length) this.#renew(Math.max(slabBytes, frameBytes));
    return this.#free + headBytesMax;
  }

  #copyMasked(bytes: Uint8Array, from: number, to: number, payloadAt: number, mask: number): void {
    const into = this.#bytes;
    let at = payloadAt;
    let next = from;
    // A word begins anywhere in the mask's four bytes: it is turned so far.
    const ahead = -payloadAt & (wordBytes - 1);
    for (let i = 0; i < ahead && next < to; i++) into[at++] = (bytes[next++] as number) ^ (mask >>> (8 * i));
    const turned = ahead === 0 ? mask : (mask >>> (8 * ahead)) | (mask << (32 - 8 * ahead));
    const source = this.#wordsOf(bytes);
    const words = this.#words;
    let word = at / wordBytes;
    const first = (bytes.byteOffset + next) / wordBytes;
    const last = first + Math.floor((to - next) / wordBytes);
    for (let i = first; i < last; i++) words[word++] = (source[i] as number) ^ turned;
    at = word * wordBytes;
    next += (last - first) * wordBytes;
    for (let i = 0; next < to; i++) into[at++] = (bytes[next++] as number) ^ (turned >>> (8 * i));
  }

  /** Of the whole buffer behind `bytes`, nearly always the same one. */
  #wordsOf({ buffer }: Uint8Array): Uint32Array {
    if (this.#source.buffer !== buffer) {
      this.#source = new Uint32Array(buffer, 0, Math.floor(buffer.byteLength / wordBytes));
    }
    return this.#source;
  }

  #writeMasked(socket: Writable, code: number, payloadAt: number, length: number): void {
    const words = this.#words;
    const mask = nextMask();
    const last = wholeWords(payloadAt + length) / wordBytes;
    for (let i = payloadAt / wordBytes; i < last; i++) words[i] = (words[i] as number) ^ mask;
    this.#write(socket, code, payloadAt, length, mask);
  }

  /** The payload stands masked where it belongs. */
  #write(socket: Writable, code: number, payloadAt: number, length: number, mask: number): void {
    const bytes = this.#bytes;
    const end = payloadAt + length;
    let at = payloadAt - wordBytes;
    for (let i = 0; i < wordBytes; i++) bytes[at + i] = mask >>> (8 * i);
    if (length < length16) bytes[--at] = maskBit | length;
    else {
      const is16 = length <= length16Max;
      at = is16 ? bytes.writeUInt16BE(length, at - 2) - 2 : bytes.writeBigUInt64BE(BigInt(length), at - 8) - 8;
      bytes[--at] = maskBit | (is16 ? length16 : length64);
    }
    bytes[--at] = finalBit | code;
    socket.write(this.#view(at, end));
    if (socket.writableLength > 0) this.#free = wholeWords(end);
    if (bytes.length > slabBytes) this.#renew(slabBytes);
  }

  /** Frames of one size stand at the same place as long as sockets take them: their view is made once. */
  #view(at: number, end: number): Buffer {
    const known = this.#views[end];
    if (known !== undefined && known.byteOffset === at) return known;
    const view = this.#bytes.subarray(at, end);
    if (end <= viewedBytesMax) this.#views[end] = view;
    return view;
  }

  #renew(size: number): void {
    this.#bytes = Buffer.allocUnsafeSlow(size);
    this.#words = new Uint32Array(this.#bytes.buffer);
    this.#views.fill(undefined);
    this.#free = 0;
  }
}

function wholeWords(length: number): number {
  return Math.ceil(length / wordBytes) * wordBytes;
}

/** The payload of a close frame. A code of 1005 stands for none; a reason of more than 123 bytes is cut. */
export function closePayload(code: number, reason: string): Buffer {
  if (code === noCode) return Buffer.alloc(0);
  const payload = Buffer.alloc(controlBytesMax);
  payload.writeUInt16BE(code);
  // What is written are whole characters.
  return payload.subarray(0, 2 + payload.write(reason, 2));
}

export const frameWriter = new FrameWriter();
