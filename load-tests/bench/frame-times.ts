import { percentiles, type Percentiles } from './statistics.ts';

/** Bytes of µ-law in a frame of 20 ms, and the characters of its base64. */
const frameBytes = 160;
export const frameChars = Math.ceil(frameBytes / 3) * 4;
export const frameMs = 20;
/** The number that a frame carries stands in its first bytes: a multiple of three, so that base64 can be joined. */
const numberBytes = 9;
const numberChars = (numberBytes / 3) * 4;
const magic = 0xa1;
/** Frames of one line that may be under way at once. */
const underWayMax = 1024;

const rest = Buffer.from(
  Uint8Array.from({ length: frameBytes - numberBytes }, (_, i) => (i * 37 + 11) & 0x7f),
).toString('base64');

/** The frames of one direction: numbered and timed when they leave, known again when they arrive. One clock for both. */
export class FrameTimes {
  readonly #lines: number;
  readonly #sentAt: Float64Array;
  readonly #next: Uint32Array;
  readonly #expected: Uint32Array;
  readonly #number = Buffer.alloc(numberBytes);
  #latenciesMs: number[] = [];
  #recordFrom = Number.POSITIVE_INFINITY;
  sent = 0;
  arrived = 0;
  /** Frames that came out of turn: lost ones before them, repeated ones, or mixed up ones. */
  disordered = 0;
  /** Messages that carried no frame of ours. */
  foreign = 0;

  constructor(lines: number) {
    this.#lines = lines;
    this.#sentAt = new Float64Array(lines * underWayMax);
    this.#next = new Uint32Array(lines);
    this.#expected = new Uint32Array(lines);
    this.#number[0] = magic;
  }

  /** Base64 of the next frame of this line, timed now. */
  frame(line: number): string {
    const number = this.#next[line] as number;
    this.#next[line] = number + 1;
    this.#number.writeUInt16BE(line, 1);
    this.#number.writeUInt32BE(number, 3);
    this.sent++;
    const payload = this.#number.toString('base64') + rest;
    this.#sentAt[line * underWayMax + (number % underWayMax)] = performance.now();
    return payload;
  }

  /** A message in which payloads begin at `from`; more than one frame may have been joined. */
  take(message: Buffer, from: number, chars = frameChars): void {
    const now = performance.now();
    if (chars === frameChars)
      this.#takeOne(Buffer.from(message.toString('latin1', from, from + numberChars), 'base64'), now);
    else this.#takeJoined(Buffer.from(message.toString('latin1', from, from + chars), 'base64'), now);
  }

  /** From here on frames that leave are part of the result. */
  record(): void {
    this.#latenciesMs = [];
    this.#recordFrom = performance.now();
  }

  /** What was recorded, and no more of it. */
  result(): Percentiles {
    this.#recordFrom = Number.POSITIVE_INFINITY;
    return percentiles(this.#latenciesMs);
  }

  get missing(): number {
    return this.sent - this.arrived;
  }

  #takeJoined(audio: Buffer, now: number): void {
    for (let at = 0; at + frameBytes <= audio.length; at += frameBytes)
      this.#takeOne(audio.subarray(at, at + numberBytes), now);
  }

  #takeOne(number: Buffer, now: number): void {
    const line = number.length < numberBytes ? -1 : number.readUInt16BE(1);
    if (number[0] !== magic || line < 0 || line >= this.#lines) {
      this.foreign++;
      return;
    }
    const sequence = number.readUInt32BE(3);
    if (sequence !== this.#expected[line]) this.disordered++;
    this.#expected[line] = sequence + 1;
    this.arrived++;
    const sentAt = this.#sentAt[line * underWayMax + (sequence % underWayMax)] as number;
    if (sentAt >= this.#recordFrom) this.#latenciesMs.push(now - sentAt);
  }
}
