const empty = Buffer.alloc(0);
/** As much is reserved for what a header promises; beyond it, for what arrived. */
const promisedBytesMax = 64 * 1024;

/** Bytes that arrive in pieces. */
export class Assembly {
  #bytes: Buffer = empty;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Copies `from` to `to`; `due` more bytes are promised behind them. */
  push(bytes: Uint8Array, from: number, to: number, due = 0): void {
    const length = this.#length + to - from;
    if (length > this.#bytes.length) this.#grow(length, due);
    this.#bytes.set(bytes.subarray(from, to), this.#length);
    this.#length = length;
  }

  peek(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** All of it; the assembly is empty again. */
  take(): Buffer {
    const bytes = this.peek();
    this.#bytes = empty;
    this.#length = 0;
    return bytes;
  }

  #grow(length: number, due: number): void {
    const grown = Buffer.allocUnsafe(Math.max(length + Math.min(due, promisedBytesMax), 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
