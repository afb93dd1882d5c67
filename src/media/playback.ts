import type { Piece } from './piece.ts';
import { PlayoutClock } from './playout.ts';
import type { SpokenItem } from './spoken-item.ts';

/** The carrier is handed at most so much ahead of playback: a clear takes effect at once, proxies see no bursts. */
const leadMsMax = 5000;
/** Audio that waits in the call. What goes over it is dropped: nobody listens to two minutes of one answer. */
const queueMsMax = 120_000;
/** An echo that is so late will not come: what was sent counts as played. */
const echoOverdueMs = 10_000;

export interface MouthWire {
  /** The carrier reads slowly: audio waits. */
  readonly full: boolean;
  media(payload: string): void;
  mark(name: string): void;
  clear(): void;
}

/** Audio on its way to the carrier: queued, sent and marked, played. */
export class Playback {
  readonly #wire: MouthWire;
  readonly #onBegun: (item: SpokenItem) => void;
  readonly #onUnderrun: () => void;
  readonly #clock = new PlayoutClock();
  #queue: Piece[] = [];
  #queuedMs = 0;
  /** Sent, and not known as played. */
  #sent: Piece[] = [];
  /** What was sent last. */
  #onAir: SpokenItem | null = null;
  #generation = 1;
  #held = false;

  constructor(wire: MouthWire, onBegun: (item: SpokenItem) => void, onUnderrun: () => void) {
    this.#wire = wire;
    this.#onBegun = onBegun;
    this.#onUnderrun = onUnderrun;
  }

  /** Audio waits to be sent. */
  get waiting(): boolean {
    return this.#queue.length > 0;
  }

  /** Everything that was sent was played. */
  get drained(): boolean {
    return this.#clock.drained;
  }

  heardMs(now: number): number {
    return this.#clock.heardMs(now);
  }

  leadMs(now: number): number {
    return this.#clock.leadMs(now);
  }

  /** What the carrier has and has not played to its end. */
  unheard(now: number): string[] {
    const heardMs = this.#clock.heardMs(now);
    return this.#sent.filter(({ endMs }) => endMs > heardMs).map(({ payload }) => payload);
  }

  /** Hot. False: too much waits already. */
  push(item: SpokenItem, payload: string, ms: number): boolean {
    if (this.#queuedMs + ms > queueMsMax) return false;
    this.#queuedMs += ms;
    item.queuedPieces++;
    this.#queue.push({ item, payload, ms, endMs: -1 });
    return true;
  }

  /** Audio that is whole: behind what waits, or before everything of which nothing was sent yet. */
  add(item: SpokenItem, audio: readonly { payload: string; ms: number }[], isNext: boolean): void {
    const next = isNext ? this.#queue.findIndex((piece) => piece.item.startMs < 0) : -1;
    const pieces = audio.map(({ payload, ms }) => ({ item, payload, ms, endMs: -1 }));
    this.#queue.splice(next < 0 ? this.#queue.length : next, 0, ...pieces);
    for (const { ms } of pieces) this.#queuedMs += ms;
    item.queuedPieces += pieces.length;
  }

  /** Takes pieces out of the queue. */
  drop(isDropped: (item: SpokenItem) => boolean): Piece[] {
    const dropped = this.#queue.filter(({ item }) => isDropped(item));
    this.#queue = this.#queue.filter(({ item }) => !isDropped(item));
    for (const { item, ms } of dropped) {
      this.#queuedMs -= ms;
      item.queuedPieces--;
    }
    return dropped;
  }

  /** What is queued, and what comes, waits until it is told to go on. Call `pump` afterwards. */
  hold(isHeld: boolean): void {
    this.#held = isHeld;
  }

  /** Sends what may be sent. Call it corked. */
  pump(now: number): void {
    while (this.#queue.length > 0 && !this.#held && !this.#wire.full) {
      const piece = this.#queue[0] as Piece;
      const { item, payload, ms } = piece;
      if (this.#waitsForShield(item) || this.#clock.leadMs(now) + ms > leadMsMax) return;
      this.#queue.shift();
      this.#queuedMs -= ms;
      item.queuedPieces--;
      const begins = item.startMs < 0;
      if (begins) item.startMs = this.#clock.sentMs;
      else if (item === this.#onAir && this.#clock.leadMs(now) <= 0) this.#onUnderrun();
      item.sentMs += ms;
      this.#clock.sent(ms, now);
      piece.endMs = this.#clock.sentMs;
      this.#sent.push(piece);
      this.#onAir = item;
      this.#wire.media(payload);
      this.#wire.mark(`g${this.#generation}:${item.ordinal}:${item.sentMs}`);
      if (begins) this.#onBegun(item);
    }
  }

  /** Of an older generation: played before the last clear, or thrown away by it. */
  isOld(generation: number): boolean {
    return generation < this.#generation;
  }

  /** The mark behind so many milliseconds of the item came back. False: it says nothing. */
  echoed(generation: number, item: SpokenItem, ms: number, now: number): boolean {
    if (generation !== this.#generation || item.startMs < 0 || ms > item.sentMs) return false;
    const positionMs = item.startMs + ms;
    if (!this.#clock.echoed(positionMs, now)) return false;
    while (this.#sent[0] !== undefined && this.#sent[0].endMs <= positionMs) this.#sent.shift();
    item.echoedMs = Math.max(item.echoedMs, ms);
    return true;
  }

  /** True: the last echoes did not come in time; what was sent counts as played from now on. */
  givesUp(now: number): boolean {
    if (this.#clock.overdueMs(now) <= echoOverdueMs) return false;
    this.#clock.echoed(this.#clock.sentMs, now);
    this.#sent = [];
    return true;
  }

  /** Silence at once, unless what plays is shielded. Returns what was with the carrier and not known as played. */
  clear(): Piece[] {
    this.#held = false;
    if (this.#onAir?.shielded === true && !this.#clock.drained) return [];
    const sent = this.#sent;
    this.#sent = [];
    this.#wire.clear();
    this.#generation++;
    this.#clock.clear();
    return sent;
  }

  /** Nothing else may be with the carrier while a shielded item is: a clear would take it too. */
  #waitsForShield(item: SpokenItem): boolean {
    const onAir = this.#onAir;
    return onAir !== null && onAir !== item && (onAir.shielded || item.shielded) && !this.#clock.drained;
  }
}
