import { isUtf8 } from 'node:buffer';
import { Assembly } from './assembly.ts';
import { isSendable, noCode } from './close-code.ts';
import type { FaultCode } from './faults.ts';
import { controlBytesMax, controlMin, finalBit, length16, length64, maskBit, opcode } from './opcode.ts';

const reservedBits = 0x70;
const opcodeBits = 0x0f;
const lengthBits = 0x7f;
/** Of a server, which sends no mask. */
const headBytesMax = 10;
const highWord = 0x1_0000_0000;
const highestBit = 0x8000_0000;

export interface FrameListener {
  /** One whole text message, valid UTF-8. The bytes are only valid during the call. */
  onText(bytes: Buffer): void;
  /** The payload is only valid during the call. */
  onPing(payload: Buffer): void;
  onPong(): void;
  /** Nothing follows. 1005: the frame had no code. */
  onCloseFrame(code: number, reason: string): void;
  /** Nothing follows. */
  onFault(code: FaultCode): void;
}

/**
 * Frames of a server (RFC 6455, 5), however they were cut: what lies in one chunk is handed on where it lies. Binary
 * messages are read and dropped.
 */
export class FrameReader {
  readonly #listener: FrameListener;
  readonly #messageBytesMax: number;
  /** Bytes of a header that was cut. */
  readonly #head = new Uint8Array(headBytesMax);
  #headBytes = 0;
  readonly #message = new Assembly();
  readonly #control = new Assembly();
  #isOver = false;
  /** Of the frame at hand. */
  #inPayload = false;
  #isFinal = false;
  #opcode = 0;
  #left = 0;
  /** Of the message at hand, which may go on over several frames. */
  #inMessage = false;
  #isText = false;

  constructor(listener: FrameListener, messageBytesMax: number) {
    this.#listener = listener;
    this.#messageBytesMax = messageBytesMax;
  }

  /** From now on bytes are dropped. */
  stop(): void {
    this.#isOver = true;
    this.#message.take();
  }

  read(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to && !this.#isOver) {
      at = this.#inPayload ? this.#readPayload(bytes, at, to) : this.#readHead(bytes, at, to);
    }
  }

  #readHead(bytes: Buffer, from: number, to: number): number {
    let at = from;
    let size = this.#headBytes === 0 ? this.#parseHead(bytes, from, to - from) : 0;
    if (size > 0) {
      at += size;
    } else {
      while (size === 0 && at < to && !this.#isOver) {
        this.#head[this.#headBytes++] = bytes[at++] as number;
        size = this.#parseHead(this.#head, 0, this.#headBytes);
      }
      if (size === 0) return at;
      this.#headBytes = 0;
    }
    if (this.#isOver) return at;
    this.#inPayload = true;
    // Nothing may follow a frame without a payload: it is whole now.
    return this.#left === 0 ? this.#readPayload(bytes, at, at) : at;
  }

  /** How many bytes the header has; 0: it is not whole, or wrong. */
  #parseHead(bytes: Uint8Array, at: number, available: number): number {
    if (available < 2) return 0;
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    const fault = this.#faultOf(first, second);
    if (fault !== null) return this.#fail(fault);
    let length = second & lengthBits;
    let size = 2;
    if (length === length16) {
      size = 4;
      if (available < size) return 0;
      length = word16(bytes, at + 2);
    } else if (length === length64) {
      size = headBytesMax;
      if (available < size) return 0;
      const high = word16(bytes, at + 2) * 0x1_0000 + word16(bytes, at + 4);
      if (high >= highestBit) return this.#fail('length_malformed');
      length = high * highWord + word16(bytes, at + 6) * 0x1_0000 + word16(bytes, at + 8);
    }
    this.#opcode = first & opcodeBits;
    this.#isFinal = (first & finalBit) !== 0;
    this.#left = length;
    if (this.#opcode < controlMin) {
      if (this.#message.length + length > this.#messageBytesMax) return this.#fail('message_too_long');
      if (this.#opcode !== opcode.continuation) this.#isText = this.#opcode === opcode.text;
      this.#inMessage = true;
    }
    return size;
  }

  #faultOf(first: number, second: number): FaultCode | null {
    if ((first & reservedBits) !== 0) return 'reserved_bits';
    if ((second & maskBit) !== 0) return 'masked';
    const code = first & opcodeBits;
    if (code === opcode.text || code === opcode.binary) return this.#inMessage ? 'message_unfinished' : null;
    if (code === opcode.continuation) return this.#inMessage ? null : 'continuation_unexpected';
    if (code < opcode.close || code > opcode.pong) return 'reserved_opcode';
    if ((first & finalBit) === 0) return 'control_fragmented';
    return (second & lengthBits) > controlBytesMax ? 'control_too_long' : null;
  }

  #readPayload(bytes: Buffer, at: number, to: number): number {
    const isControl = this.#opcode >= controlMin;
    const parts = isControl ? this.#control : this.#message;
    const end = Math.min(to, at + this.#left);
    this.#left -= end - at;
    const isWhole = this.#left === 0;
    this.#inPayload = !isWhole;
    if (isWhole && this.#isFinal && parts.length === 0) this.#deliver(bytes.subarray(at, end));
    else {
      parts.push(bytes, at, end, this.#left);
      if (isWhole && this.#isFinal) this.#deliver(parts.take());
    }
    return end;
  }

  #deliver(payload: Buffer): void {
    if (this.#opcode === opcode.ping) this.#listener.onPing(payload);
    else if (this.#opcode === opcode.pong) this.#listener.onPong();
    else if (this.#opcode === opcode.close) this.#onClose(payload);
    else {
      this.#inMessage = false;
      if (!this.#isText) return;
      if (isUtf8(payload)) this.#listener.onText(payload);
      else this.#fail('text_invalid');
    }
  }

  #onClose(payload: Buffer): void {
    if (payload.length === 1) return void this.#fail('close_malformed');
    const hasCode = payload.length > 0;
    const code = hasCode ? word16(payload, 0) : noCode;
    if (hasCode && !isSendable(code)) return void this.#fail('close_code_invalid');
    if (!isUtf8(payload.subarray(2))) return void this.#fail('close_reason_invalid');
    this.stop();
    this.#listener.onCloseFrame(code, payload.toString('utf8', 2));
  }

  #fail(code: FaultCode): 0 {
    this.stop();
    this.#listener.onFault(code);
    return 0;
  }
}

function word16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) * 0x100 + (bytes[at + 1] as number);
}
