const perSecondMax = 100;
const perSecondMin = 1;
/** Gained in each second that goes well. */
const recoveryPerS = 5;
/** What is under way when the first refusal comes is refused as well: one halving for all of it. */
const slowedMs = 500;
const underWayMax = 100;

/** Starts work one by one, in the order asked for: at most 100 a second, halved when the other side has too much of it. */
export class Pace {
  private readonly waiters: (() => void)[] = [];
  private perSecond = perSecondMax;
  private underWay = 0;
  private startedAt = -Infinity;
  private slowedAt = -Infinity;
  private timer: NodeJS.Timeout | null = null;
  private isClosed = false;

  /** Starts a second so many at this moment. */
  get rate(): number {
    return this.perSecond;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.waiters.push(resolve);
      this.next();
    });
    try {
      return await work();
    } finally {
      this.underWay -= 1;
      this.next();
    }
  }

  wentWell(): void {
    this.perSecond = Math.min(perSecondMax, this.perSecond + recoveryPerS / this.perSecond);
  }

  tooMuch(): void {
    const now = performance.now();
    if (now - this.slowedAt < slowedMs) return;
    this.slowedAt = now;
    this.perSecond = Math.max(perSecondMin, this.perSecond / 2);
  }

  /** Nothing is paced any more: what waits starts at once. */
  close(): void {
    this.isClosed = true;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.next();
  }

  private next(): void {
    if (this.isClosed) {
      this.underWay += this.waiters.length;
      for (const start of this.waiters.splice(0)) start();
      return;
    }
    if (this.timer || this.waiters.length === 0 || this.underWay >= underWayMax) return;
    const dueMs = Math.max(0, this.startedAt + 1_000 / this.perSecond - performance.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      this.startedAt = performance.now();
      this.underWay += 1;
      this.waiters.shift()?.();
      this.next();
    }, dueMs);
  }
}
