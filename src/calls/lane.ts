/** Lets so many of the works given run at once; the others wait their turn, in order. */
export class Lane {
  private readonly widthMax: number;
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  constructor(widthMax: number) {
    this.widthMax = widthMax;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.widthMax) this.running += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      // Whoever is next takes the place over.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
