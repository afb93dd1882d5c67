import { FrameCutter } from './cutter.ts';
import { heardText } from './heard.ts';
import { PlayoutClock } from './playout.ts';
import { cutAt, playedMsOf, spokenItem, totalMsOf, type SpokenItem } from './spoken-item.ts';

/** The carrier is handed at most so much ahead of playback: a clear takes effect at once, proxies see no bursts. */
const leadMsMax = 5000;
/** Audio that waits in the call. What goes over it is dropped: nobody listens to two minutes of one answer. */
const queueMsMax = 120_000;
/** An echo that is so late will not come: what was sent counts as played. */
const echoOverdueMs = 10_000;
/** Items told last, whose late events are recognised. */
const finishedMax = 16;

interface Piece {
  item: SpokenItem;
  payload: string;
  ms: number;
}

export interface MouthWire {
  /** The carrier reads slowly: audio waits. */
  readonly full: boolean;
  media(payload: string): void;
  mark(name: string): void;
  clear(): void;
}

export interface MouthListener {
  /** All that the model says in this item, and how long it is. */
  onSaid(itemId: string, responseId: string, text: string, totalMs: number): void;
  /** What of it reached the caller. After `onSaid` of the same item, once. */
  onHeard(itemId: string, text: string, heardMs: number, totalMs: number, cut: boolean): void;
  /** The model's memory must end where the caller's does. */
  onTruncate(itemId: string, audioEndMs: number): void;
  onDropped(): void;
}

/** The assistant's voice towards the carrier: paced, marked, and cut where the caller interrupts. */
export class Mouth {
  readonly #wire: MouthWire;
  readonly #listener: MouthListener;
  readonly #clock = new PlayoutClock();
  readonly #cutter: FrameCutter;
  /** Items not yet told as heard, oldest first. */
  #items: SpokenItem[] = [];
  #finished: string[] = [];
  #queue: Piece[] = [];
  #queuedMs = 0;
  #generation = 1;
  #ordinals = 0;
  /** The item whose audio is in the cutter. */
  #cutting: SpokenItem | null = null;

  constructor(wire: MouthWire, listener: MouthListener) {
    this.#wire = wire;
    this.#listener = listener;
    this.#cutter = new FrameCutter((payload, ms) => this.#enqueue(payload, ms));
  }

  /** Nothing is queued, and everything that was sent was played. */
  get silent(): boolean {
    return this.#queue.length === 0 && this.#clock.drained;
  }

  /** Audio waits to be sent. */
  get waiting(): boolean {
    return this.#queue.length > 0;
  }

  /** Items whose words are not complete yet. */
  get transcriptsDue(): number {
    let due = 0;
    for (const item of this.#items) if (!item.ended) due++;
    return due;
  }

  begin(responseId: string, itemId: string): void {
    this.#itemOf(responseId, itemId);
  }

  /** Hot. `late`: of an interrupted response; it counts as generated and is not sent. Call `pump` afterwards. */
  audio(responseId: string, itemId: string, payload: string, bytes: number, late: boolean): void {
    const item = this.#itemOf(responseId, itemId);
    if (!item) return;
    item.generatedBytes += bytes;
    if (late) item.cutMs ??= 0;
    if (item.cutMs !== null || item.partial) return;
    if (this.#cutting !== item) {
      this.#cutter.flush();
      this.#cutting = item;
    }
    this.#cutter.push(payload, bytes);
  }

  words(responseId: string, itemId: string, text: string): void {
    const item = this.#itemOf(responseId, itemId);
    if (item && !item.ended) item.words += text;
  }

  /** The item is complete or cut off by the server; `text` null keeps the words so far. Call `pump` afterwards. */
  ended(responseId: string, itemId: string, text: string | null): void {
    const item = this.#itemOf(responseId, itemId);
    if (!item || item.ended) return;
    if (text !== null) item.words = text;
    this.#end(item);
  }

  /** No more will come of this response: items that were not ended are. */
  responseEnded(responseId: string): void {
    for (const item of [...this.#items]) if (item.responseId === responseId && !item.ended) this.#end(item);
  }

  /** The session is gone: what it generated is played out, and no server is told about it. */
  sessionLost(): void {
    for (const item of [...this.#items]) {
      item.orphan = true;
      if (item.ended) continue;
      item.partial = true;
      this.#end(item);
    }
  }

  /** Sends what may be sent. Call it corked. */
  pump(now: number): void {
    while (this.#queue.length > 0 && !this.#wire.full) {
      const { item, payload, ms } = this.#queue[0] as Piece;
      if (this.#clock.leadMs(now) + ms > leadMsMax) return;
      this.#queue.shift();
      this.#queuedMs -= ms;
      item.queuedPieces--;
      if (item.startMs < 0) item.startMs = this.#clock.sentMs;
      item.sentMs += ms;
      this.#clock.sent(ms, now);
      this.#wire.media(payload);
      this.#wire.mark(`g${this.#generation}:${item.ordinal}:${item.sentMs}`);
    }
  }

  /** An echoed mark. Returns the milliseconds of its item that were played, null for one that says nothing. */
  echoed(name: string, now: number): number | null {
    const parts = /^g(\d{1,9}):(\d{1,9}):(\d{1,9})$/.exec(name);
    if (!parts || Number(parts[1]) !== this.#generation) return null;
    const ordinal = Number(parts[2]);
    const ms = Number(parts[3]);
    const item = this.#items.find((candidate) => candidate.ordinal === ordinal);
    if (!item || item.startMs < 0 || ms > item.sentMs) return null;
    if (!this.#clock.echoed(item.startMs + ms, now)) return null;
    item.echoedMs = Math.max(item.echoedMs, ms);
    this.#settle(item);
    this.pump(now);
    return ms;
  }

  tick(now: number): void {
    if (this.#clock.overdueMs(now) <= echoOverdueMs) return;
    this.#clock.echoed(this.#clock.sentMs, now);
    for (const item of [...this.#items]) {
      item.echoedMs = item.sentMs;
      this.#settle(item);
    }
  }

  /** The caller interrupts: playback stops, every item not fully heard ends where the caller's ear was. */
  interrupt(now: number): void {
    const heardMs = this.#clock.heardMs(now);
    this.#wire.clear();
    this.#generation++;
    this.#clock.clear();
    this.#cutter.reset();
    this.#cutting = null;
    this.#queue = [];
    this.#queuedMs = 0;
    for (const item of [...this.#items]) {
      if (item.cutMs === null) cutAt(item, heardMs);
      if (item.cutMs !== null) this.#truncate(item, item.cutMs);
      if (item.ended) this.#finish(item);
    }
  }

  /** The stream ends: what was heard until now is told. */
  close(now: number): void {
    const heardMs = this.#clock.heardMs(now);
    this.#queue = [];
    for (const item of [...this.#items]) {
      if (item.cutMs === null) cutAt(item, heardMs);
      if (!item.ended) {
        item.ended = true;
        this.#tellSaid(item);
      }
      this.#finish(item);
    }
  }

  /** Null: the item was told as heard already. */
  #itemOf(responseId: string, itemId: string): SpokenItem | null {
    for (let i = this.#items.length - 1; i >= 0; i--) {
      const known = this.#items[i] as SpokenItem;
      if (known.id === itemId) return known;
    }
    if (this.#finished.includes(itemId)) return null;
    const item = spokenItem(itemId, responseId, ++this.#ordinals);
    this.#items.push(item);
    return item;
  }

  #enqueue(payload: string, ms: number): void {
    const item = this.#cutting;
    if (item === null) return;
    if (this.#queuedMs + ms > queueMsMax) {
      item.partial = true;
      this.#listener.onDropped();
      return;
    }
    item.queuedPieces++;
    this.#queuedMs += ms;
    this.#queue.push({ item, payload, ms });
  }

  #end(item: SpokenItem): void {
    item.ended = true;
    if (this.#cutting === item) {
      this.#cutter.flush();
      this.#cutting = null;
    }
    this.#tellSaid(item);
    this.#settle(item);
  }

  /** Fully played items leave; so do those that were cut, once their words are complete. */
  #settle(item: SpokenItem): void {
    if (!item.ended) return;
    if (item.cutMs === null) {
      if (item.queuedPieces > 0 || item.echoedMs < item.sentMs) return;
      if (item.partial) item.cutMs = playedMsOf(item, item.sentMs);
    }
    // Audio of an interrupted response that came after the interruption: the server still has to forget it.
    if (item.cutMs !== null) this.#truncate(item, item.cutMs);
    this.#finish(item);
  }

  #truncate(item: SpokenItem, audioEndMs: number): void {
    if (item.truncated || item.orphan || item.generatedBytes === 0) return;
    item.truncated = true;
    this.#listener.onTruncate(item.id, audioEndMs);
  }

  #tellSaid(item: SpokenItem): void {
    if (item.generatedBytes === 0 && item.words === '') return;
    this.#listener.onSaid(item.id, item.responseId, item.words, totalMsOf(item));
  }

  #finish(item: SpokenItem): void {
    this.#items = this.#items.filter((other) => other !== item);
    this.#finished.push(item.id);
    if (this.#finished.length > finishedMax) this.#finished.shift();
    if (item.generatedBytes === 0 && item.words === '') return;
    const totalMs = totalMsOf(item);
    const cut = item.cutMs !== null || item.generatedBytes === 0;
    const heardMs = item.cutMs ?? totalMs;
    this.#listener.onHeard(item.id, cut ? heardText(item.words, heardMs, totalMs) : item.words, heardMs, totalMs, cut);
  }
}
