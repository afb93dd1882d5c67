/** Coarse: what it drives is counted in many times of it. */
export const tickMs = 250;

export interface Ticking {
  tick(now: number): void;
}

/** One timer for all streams of the process; none runs while there are no streams. */
export class Ticker {
  readonly #now: () => number;
  readonly #members = new Set<Ticking>();
  #timer: NodeJS.Timeout | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(member: Ticking): void {
    this.#members.add(member);
    this.#timer ??= setInterval(() => this.#tick(), tickMs);
  }

  remove(member: Ticking): void {
    this.#members.delete(member);
    if (this.#members.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    const now = this.#now();
    for (const member of this.#members) member.tick(now);
  }
}
