export const frameMs = 20;
/** Lines are spread over so many slots of a frame: one timer of a millisecond serves all of them. */
const slotCount = 20;
const slotMs = frameMs / slotCount;
/** After a stall of this process at most so much is caught up. */
const catchUpMs = 400;

/** Called once in 20 ms; must not throw. */
export interface Ticked {
  tick(now: number): void;
}

/** One timer for all lines, each in a slot of its own millisecond as far as there are slots: never all at once. */
export class SlotClock {
  readonly #slots: Set<Ticked>[] = Array.from({ length: slotCount }, () => new Set<Ticked>());
  readonly #place = new Map<Ticked, Set<Ticked>>();
  #timer: NodeJS.Timeout | null = null;
  #startedAt = 0;
  #done = 0;
  /** How late slots were served, the longest since it was asked for, ms; and slots given up after a stall. */
  #latestMs = 0;
  skipped = 0;

  add(line: Ticked): void {
    let slot = this.#slots[0] as Set<Ticked>;
    for (const other of this.#slots) if (other.size < slot.size) slot = other;
    slot.add(line);
    this.#place.set(line, slot);
    if (this.#timer === null) this.#start();
  }

  remove(line: Ticked): void {
    this.#place.get(line)?.delete(line);
    this.#place.delete(line);
    if (this.#place.size > 0 || this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** The longest delay since the last time that it was asked for. */
  takeLatestMs(): number {
    const ms = this.#latestMs;
    this.#latestMs = 0;
    return ms;
  }

  #start(): void {
    this.#startedAt = performance.now();
    this.#done = 0;
    this.#timer = setTimeout(this.#run, slotMs);
  }

  readonly #run = (): void => {
    const due = Math.floor((performance.now() - this.#startedAt) / slotMs);
    const from = due - catchUpMs / slotMs;
    if (this.#done < from) {
      this.skipped += from - this.#done;
      this.#done = from;
    }
    this.#latestMs = Math.max(this.#latestMs, (due - this.#done - 1) * slotMs);
    while (this.#done < due && this.#timer !== null) {
      const slot = this.#slots[this.#done % slotCount] as Set<Ticked>;
      this.#done++;
      const now = performance.now();
      for (const line of slot) line.tick(now);
    }
    if (this.#timer !== null) this.#timer = setTimeout(this.#run, this.#restMs());
  };

  /** Until the next slot in which there is a line. */
  #restMs(): number {
    for (let ahead = 1; ahead < slotCount; ahead++) {
      const slot = this.#slots[(this.#done + ahead - 1) % slotCount] as Set<Ticked>;
      if (slot.size > 0) return ahead * slotMs;
    }
    return slotMs;
  }
}
