/** 20 ms of µ-law: what the carrier plays as one. */
export const frameBytes = 160;
export const bytesPerMs = 8;
/** The longest piece, and with it the longest way between two marks. A multiple of 480 bytes, where base64 can be cut. */
export const pieceBytesMax = 4800;
const pieceCharsMax = (pieceBytesMax / 3) * 4;
const silenceByte = 0xff;

export type TakePiece = (payload: string, ms: number) => void;

/**
 * Turns deltas of any length into pieces of whole frames. What does not fill a frame waits for the next delta or
 * for `flush`. Base64 is cut at multiples of 480 bytes from an aligned start, else decoded and encoded again.
 */
export class FrameCutter {
  readonly #take: TakePiece;
  #rest: Buffer | null = null;

  constructor(take: TakePiece) {
    this.#take = take;
  }

  push(payload: string, bytes: number): void {
    if (this.#rest !== null) {
      this.#bytes(Buffer.concat([this.#rest, Buffer.from(payload, 'base64')]));
      return;
    }
    let char = 0;
    let left = bytes;
    while (left > pieceBytesMax) {
      this.#take(payload.slice(char, char + pieceCharsMax), pieceBytesMax / bytesPerMs);
      char += pieceCharsMax;
      left -= pieceBytesMax;
    }
    if (left % frameBytes === 0) this.#take(char === 0 ? payload : payload.slice(char), left / bytesPerMs);
    else this.#bytes(Buffer.from(char === 0 ? payload : payload.slice(char), 'base64'));
  }

  /** The item is over: its last samples go out as a frame filled up with silence. */
  flush(): void {
    const rest = this.#rest;
    if (rest === null) return;
    this.#rest = null;
    const frame = Buffer.alloc(frameBytes, silenceByte);
    rest.copy(frame);
    this.#take(frame.toString('base64', 0, frameBytes), frameBytes / bytesPerMs);
  }

  reset(): void {
    this.#rest = null;
  }

  #bytes(audio: Buffer): void {
    const whole = audio.length - (audio.length % frameBytes);
    for (let at = 0; at < whole; at += pieceBytesMax) {
      const end = Math.min(at + pieceBytesMax, whole);
      this.#take(audio.toString('base64', at, end), (end - at) / bytesPerMs);
    }
    this.#rest = whole === audio.length ? null : Buffer.from(audio.subarray(whole));
  }
}
