import { percentiles, type Percentiles } from '../statistics.ts';

/** Bytes of µ-law in a frame of 20 ms. */
export const frameBytes = 160;
export const frameMs = 20;
/** The lowest bits of so many samples carry what a frame is: what it sounds like stays the same. */
const markSamples = 48;
const wordBits = markSamples / 2;
const markChars = (markSamples / 3) * 4;
const frameChars = Math.ceil(frameBytes / 3) * 4;
const magic = 0xa1;
const magicShift = 16;
const speechBit = 1 << 15;
const lineMask = 0xfff;
const sequenceMask = 0xff_ffff;
/** Frames of one line that may be under way at once. */
const underWayMax = 1024;

/** Nothing to be heard, as the carrier sends it: the lowest bits swing between the two softest samples. */
const silence = Buffer.alloc(frameBytes, 0xff);
/** A loud tone: far above what any gate takes for noise. */
const speech = Buffer.from(
  Uint8Array.from({ length: frameBytes }, (_, i) => ((i % 8 < 4 ? 0x10 : 0x90) + ((i * 37) & 0x0e)) & 0xfe),
);

/** So many frames of speech without marks. */
export function speechOf(frames: number): Buffer {
  return Buffer.concat(Array.from({ length: frames }, () => speech));
}

/** What a frame says of itself. */
export interface FrameMark {
  line: number;
  isSpeech: boolean;
}

/** The frames of one direction: numbered and timed when they leave, known again when they arrive. One clock for both. */
export class FrameLedger {
  readonly #lines: number;
  readonly #sentAt: Float64Array;
  readonly #next: Uint32Array;
  readonly #expected: Uint32Array;
  readonly #frame = Buffer.alloc(frameBytes);
  readonly #head = Buffer.alloc(markSamples);
  readonly #mark: FrameMark = { line: 0, isSpeech: false };
  #latenciesMs: number[] = [];
  #recordFrom = Number.POSITIVE_INFINITY;
  #recordsSilence = true;
  sent = 0;
  arrived = 0;
  /** Frames that came out of turn: lost ones before them, repeated ones, or mixed up ones. */
  disordered = 0;
  /** Frames that are none of ours, or changed. */
  foreign = 0;

  constructor(lines: number) {
    if (lines > lineMask) throw new RangeError(`${lines} lines are more than a frame can name`);
    this.#lines = lines;
    this.#sentAt = new Float64Array(lines * underWayMax);
    this.#next = new Uint32Array(lines);
    this.#expected = new Uint32Array(lines);
  }

  /** Base64 of the next frame of this line, timed now. */
  frame(line: number, isSpeech: boolean): string {
    (isSpeech ? speech : silence).copy(this.#frame);
    this.mark(line, isSpeech, this.#frame, 0, 0);
    const payload = this.#frame.toString('base64');
    this.leaves(line);
    return payload;
  }

  /** Makes what stands at this place the frame of the line that is `ahead` behind its next one. `leaves` tells when. */
  mark(line: number, isSpeech: boolean, audio: Uint8Array, at: number, ahead: number): void {
    const head = (magic << magicShift) | (isSpeech ? speechBit : 0) | line;
    const sequence = ((this.#next[line] as number) + ahead) & sequenceMask;
    for (let bit = 0, i = at; bit < wordBits; bit++, i++) {
      const shift = wordBits - 1 - bit;
      audio[i] = ((audio[i] as number) & 0xfe) | ((head >> shift) & 1);
      audio[i + wordBits] = ((audio[i + wordBits] as number) & 0xfe) | ((sequence >> shift) & 1);
    }
  }

  /** The next frame of the line is on its way, whole. */
  leaves(line: number): void {
    const sequence = this.#next[line] as number;
    this.#next[line] = (sequence + 1) & sequenceMask;
    this.#sentAt[line * underWayMax + (sequence % underWayMax)] = performance.now();
    this.sent++;
  }

  /** Base64 of one frame or of several that were joined. Calls back for each of ours, in order, with one object. */
  take(message: Buffer, from: number, to: number, onFrame: (mark: FrameMark) => void): void {
    const now = performance.now();
    if (to - from === frameChars) {
      this.#head.write(message.toString('latin1', from, from + markChars), 'base64');
      if (this.#takeAt(this.#head, 0, now)) onFrame(this.#mark);
      return;
    }
    this.takeAudio(Buffer.from(message.toString('latin1', from, to), 'base64'), onFrame);
  }

  /** Whole frames; what is left at the end is not looked at. */
  takeAudio(audio: Uint8Array, onFrame: (mark: FrameMark) => void): void {
    const now = performance.now();
    for (let at = 0; at + frameBytes <= audio.length; at += frameBytes)
      if (this.#takeAt(audio, at, now)) onFrame(this.#mark);
  }

  /** From here on frames that leave are part of the result; without silence only those that are speech. */
  record(withSilence: boolean): void {
    this.#latenciesMs = [];
    this.#recordFrom = performance.now();
    this.#recordsSilence = withSilence;
  }

  /** What was recorded, and no more of it. */
  result(): Percentiles {
    this.#recordFrom = Number.POSITIVE_INFINITY;
    return percentiles(this.#latenciesMs);
  }

  get missing(): number {
    return this.sent - this.arrived;
  }

  #takeAt(audio: Uint8Array, at: number, now: number): boolean {
    let head = 0;
    let sequence = 0;
    for (let i = at; i < at + wordBits; i++) {
      head = (head << 1) | ((audio[i] as number) & 1);
      sequence = (sequence << 1) | ((audio[i + wordBits] as number) & 1);
    }
    const line = head & lineMask;
    if (head >> magicShift !== magic || line >= this.#lines) {
      this.foreign++;
      return false;
    }
    const mark = this.#mark;
    mark.line = line;
    mark.isSpeech = (head & speechBit) !== 0;
    if (sequence !== this.#expected[line]) this.disordered++;
    this.#expected[line] = (sequence + 1) & sequenceMask;
    this.arrived++;
    const sentAt = this.#sentAt[line * underWayMax + (sequence % underWayMax)] as number;
    if (sentAt >= this.#recordFrom && (mark.isSpeech || this.#recordsSilence)) this.#latenciesMs.push(now - sentAt);
    return true;
  }
}
