/** A seeded source of choices (mulberry32): the same seed gives the same faults and ids in the same order. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** 0 ≤ x < 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** True in `share` (0–1) of the cases. */
  chance(share: number): boolean {
    return share > 0 && this.next() < share;
  }

  /** An integer, `from` ≤ x < `to`. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from));
  }

  shuffled<T>(list: readonly T[]): T[] {
    const result = [...list];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.between(0, i + 1);
      [result[i], result[j]] = [result[j] as T, result[i] as T];
    }
    return result;
  }

  /** Two letters and 32 hex digits, as all of Twilio's ids. */
  sid(prefix: string): string {
    let digits = '';
    while (digits.length < 32) digits += this.between(0, 0x1_0000).toString(16).padStart(4, '0');
    return prefix + digits;
  }
}
