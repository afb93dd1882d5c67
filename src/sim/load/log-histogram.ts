/** Sub-buckets for each doubling: neighbours differ by less than one percent. */
const perDoubling = 128;
/** The least value that is told from zero, ms. */
const least = 1 / 1024;
const doublings = 30;
/** Samples beyond a percentile without which it is not told. */
const beyondMin = 1;

/** A histogram whose buckets grow with the value: any number of samples in a fixed, small memory. */
export class LogHistogram {
  readonly #counts = new Float64Array(doublings * perDoubling + 1);
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = 0;

  add(value: number): void {
    const place =
      value <= least ? 0 : Math.min(this.#counts.length - 1, 1 + Math.floor(Math.log2(value / least) * perDoubling));
    this.#counts[place] = (this.#counts[place] as number) + 1;
    this.count++;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /** Nearest rank, 0.4 % exact; null where there are too few samples to tell. */
  percentile(share: number): number | null {
    if (!isEnough(this.count, share)) return null;
    const rank = Math.ceil(this.count * share);
    let seen = 0;
    for (let place = 0; place < this.#counts.length; place++) {
      seen += this.#counts[place] as number;
      if (seen >= rank) return Math.min(this.max, Math.max(this.min, valueAt(place)));
    }
    return this.max;
  }

  reset(): void {
    this.#counts.fill(0);
    this.count = 0;
    this.sum = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = 0;
  }
}

const valueAt = (place: number): number => (place === 0 ? least : least * 2 ** ((place - 0.5) / perDoubling));

/** A percentile of so few samples would be the greatest of them, whatever it is. */
export function isEnough(count: number, share: number): boolean {
  return count * (1 - share) >= beyondMin - 1e-9;
}
