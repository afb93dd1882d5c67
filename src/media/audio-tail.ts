/** Of buffers that lie ready for the next one who needs them, for each size. */
const spareBytesMax = 1_000_000;
/** The smallest is twice what a call keeps in a pause. */
const sizes = [6_400, 12_800, 25_600, 51_200, 102_400] as const;
const sizeMax = sizes[4];
/** Moving what is kept to the front is worth it for so much room of the whole. */
const gainShareMin = 1 / 8;

const spares = new Map<number, Uint8Array[]>(sizes.map((size) => [size, []]));
const nothing = new Uint8Array(0);

function sizeFor(bytes: number): number {
  const size = sizes.find((size) => size >= bytes);
  if (size === undefined) throw new RangeError(`${bytes} bytes of audio are more than a call keeps`);
  return size;
}

function take(size: number): Uint8Array {
  return spares.get(size)?.pop() ?? new Uint8Array(size);
}

function giveBack(buffer: Uint8Array): void {
  const spare = spares.get(buffer.length);
  if (spare && (spare.length + 1) * buffer.length <= spareBytesMax) spare.push(buffer);
}

/**
 * The newest audio of one call, in one piece: `bytes` from `from` to `to`, which move with every change. Buffers are
 * shared by all calls of the process; `clear` gives this one back.
 */
export class AudioTail {
  bytes: Uint8Array = nothing;
  from = 0;
  to = 0;
  #bytesMax: number;

  /** Keeps at least so much, 80,000 bytes at most. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get length(): number {
    return this.to - this.from;
  }

  /** Keeps so much from now on. */
  limit(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    this.#trim(0);
    const size = sizeFor(Math.min(this.length * 2, sizeMax));
    if (size < this.bytes.length) this.#move(take(size));
  }

  /** Hot. Returns how many bytes are not kept any more. */
  push(audio: Uint8Array): number {
    const dropped = this.#makeRoom(audio.length);
    this.bytes.set(audio, this.to);
    this.to += audio.length;
    return dropped;
  }

  /** The same for so many bytes of one value. */
  fill(value: number, count: number): number {
    const dropped = this.#makeRoom(count);
    this.bytes.fill(value, this.to, this.to + count);
    this.to += count;
    return dropped;
  }

  clear(): void {
    this.from = 0;
    this.to = 0;
    giveBack(this.bytes);
    this.bytes = nothing;
  }

  #makeRoom(bytes: number): number {
    const dropped = this.#trim(bytes);
    if (this.to + bytes <= this.bytes.length) return dropped;
    const { length } = this.bytes;
    const needed = this.length + bytes;
    if (needed <= length && this.from >= length * gainShareMin) this.#move(this.bytes);
    else this.#move(take(sizeFor(Math.max(needed, Math.min(length * 2, sizeMax)))));
    return dropped;
  }

  #trim(bytes: number): number {
    const excess = Math.min(this.length + bytes - this.#bytesMax, this.length);
    if (excess <= 0) return 0;
    this.from += excess;
    return excess;
  }

  #move(into: Uint8Array): void {
    const { bytes, from, to } = this;
    if (into === bytes) bytes.copyWithin(0, from, to);
    else {
      into.set(bytes.subarray(from, to));
      giveBack(bytes);
    }
    this.bytes = into;
    this.from = 0;
    this.to = to - from;
  }
}
