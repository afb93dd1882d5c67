import type { Writable } from 'node:stream';
import { noCode } from './close-code.ts';
import { nextMask } from './masks.ts';
import { controlBytesMax, finalBit, length16, length16Max, length64, maskBit, opcode } from './opcode.ts';

const slabBytes = 64 * 1024;
const wordBytes = 4;
/** Opcode, length in 64 bits and mask, in whole words. */
const headBytesMax = 16;

/**
 * Frames of a client (RFC 6455, 5), each one write. They are built in memory that all sockets share: what the system
 * has taken when `write` returns is used again for the next frame, what waits in the socket is left alone.
 */
class FrameWriter {
  #bytes = Buffer.allocUnsafeSlow(slabBytes);
  #words = new Uint32Array(this.#bytes.buffer);
  /** Bytes before it may still wait in sockets. Whole words. */
  #free = 0;

  /** A text message: the ASCII bytes `from` to `to` (exclusive). */
  ascii(socket: Writable, bytes: Uint8Array, from: number, to: number): void {
    const payloadAt = this.#reserve(to - from);
    this.#bytes.set(bytes.subarray(from, to), payloadAt);
    this.#write(socket, opcode.text, payloadAt, to - from);
  }

  /** A text message. */
  text(socket: Writable, message: string): void {
    const length = Buffer.byteLength(message);
    const payloadAt = this.#reserve(length);
    this.#bytes.write(message, payloadAt);
    this.#write(socket, opcode.text, payloadAt, length);
  }

  /** Ping, pong or close with a payload of at most 125 bytes. */
  control(socket: Writable, code: number, payload: Uint8Array): void {
    const payloadAt = this.#reserve(payload.length);
    this.#bytes.set(payload, payloadAt);
    this.#write(socket, code, payloadAt, payload.length);
  }

  /** Where the payload of the next frame begins, at a whole word. */
  #reserve(length: number): number {
    const frameBytes = headBytesMax + wholeWords(length);
    if (this.#free + frameBytes > this.#bytes.length) this.#renew(Math.max(slabBytes, frameBytes));
    return this.#free + headBytesMax;
  }

  #write(socket: Writable, code: number, payloadAt: number, length: number): void {
    const bytes = this.#bytes;
    const words = this.#words;
    const end = payloadAt + length;
    const maskAt = payloadAt - wordBytes;
    const mask = nextMask();
    words[maskAt / wordBytes] = mask;
    for (let i = payloadAt / wordBytes, last = wholeWords(end) / wordBytes; i < last; i++)
      words[i] = (words[i] as number) ^ mask;
    let at = maskAt;
    if (length < length16) bytes[--at] = maskBit | length;
    else {
      const is16 = length <= length16Max;
      at = is16 ? bytes.writeUInt16BE(length, maskAt - 2) - 2 : bytes.writeBigUInt64BE(BigInt(length), maskAt - 8) - 8;
      bytes[--at] = maskBit | (is16 ? length16 : length64);
    }
    bytes[--at] = finalBit | code;
    socket.write(bytes.subarray(at, end));
    if (socket.writableLength > 0) this.#free = wholeWords(end);
    if (bytes.length > slabBytes) this.#renew(slabBytes);
  }

  #renew(size: number): void {
    this.#bytes = Buffer.allocUnsafeSlow(size);
    this.#words = new Uint32Array(this.#bytes.buffer);
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
