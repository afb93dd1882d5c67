import { seededRandom } from '../../src/sim/model/options.ts';

/** Numbers that follow from the seed alone. */
export class Chance {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seededRandom(seed);
  }

  /** True with this share. */
  is(share: number): boolean {
    return share > 0 && this.#next() < share;
  }

  /** From `from` up to but without `to`, not whole. */
  between(from: number, to: number): number {
    return from + this.#next() * (to - from);
  }

  /** So many lower-case hex digits. */
  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += Math.floor(this.#next() * 16).toString(16);
    return text;
  }

  /** A version 4 UUID. */
  uuid(): string {
    const hex = this.hex(30);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-a${hex.slice(15, 18)}-${hex.slice(18, 30)}`;
  }
}
