/** Somebody who hears both sides of a call. No method throws or waits; what is handed over is valid until it returns. */
export interface TapEar {
  /** Of the caller as it came, 8 bytes of µ-law a millisecond. */
  fromCaller(ulaw: Uint8Array): void;
  /** To the caller, who hears it in this order and may have seconds of it before it: ahead of time. */
  toCaller(ulaw: Uint8Array): void;
  /** What the caller has not heard of it will not be heard. */
  cleared(): void;
  /** The stream is over; the call may go on. */
  over(): void;
}

/** What both sides of one stream say, copied for those who listen. There is none where nobody does. */
export class Tap {
  readonly #ears = new Set<TapEar>();

  get size(): number {
    return this.#ears.size;
  }

  add(ear: TapEar): void {
    this.#ears.add(ear);
  }

  remove(ear: TapEar): void {
    this.#ears.delete(ear);
  }

  fromCaller(ulaw: Uint8Array): void {
    for (const ear of this.#ears) ear.fromCaller(ulaw);
  }

  /** `payload`: base64, as the carrier is sent it. */
  toCaller(payload: string): void {
    const ulaw = Buffer.from(payload, 'base64');
    for (const ear of this.#ears) ear.toCaller(ulaw);
  }

  cleared(): void {
    for (const ear of this.#ears) ear.cleared();
  }

  over(): void {
    for (const ear of [...this.#ears]) ear.over();
    this.#ears.clear();
  }
}
