import { bytesPerMs, FrameCutter } from './cutter.ts';
import { heardText } from './heard.ts';
import { payloadsOf, type Rest, restAudio, restOf, restText } from './piece.ts';
import { type MouthWire, Playback } from './playback.ts';
import { cutAt, ownItem, playedMsOf, spokenItem, totalMsOf, type SpokenItem } from './spoken-item.ts';

/** Items told last, whose late events are recognised. */
const finishedMax = 16;

export interface MouthListener {
  /** All that the model says in this item, and how long it is. */
  onSaid(itemId: string, responseId: string, text: string, totalMs: number): void;
  /** What of it reached the caller. After `onSaid` of the same item, once. */
  onHeard(itemId: string, text: string, heardMs: number, totalMs: number, cut: boolean): void;
  /** The model's memory must end where the caller's does. */
  onTruncate(itemId: string, audioEndMs: number): void;
  onDropped(): void;
  /** The carrier had played all that it had of an item before more of it was there. */
  onUnderrun(): void;
  /** The first audio of an item was handed over. */
  onBegun(): void;
}

/** A sentence of ours. */
export interface OwnWords {
  itemId: string;
  text: string;
  /** Not empty. */
  ulaw: Buffer;
  /** Played to its end whatever the caller says. */
  shielded: boolean;
}

/** The assistant's voice towards the carrier: paced, marked, and cut where the caller interrupts. */
export class Mouth {
  readonly #listener: MouthListener;
  readonly #playback: Playback;
  readonly #cutter: FrameCutter;
  /** Items not yet told as heard, oldest first. */
  #items: SpokenItem[] = [];
  #finished: string[] = [];
  /** Sentences of ours that wait for the end of what the model is saying. */
  #own: { item: SpokenItem; ulaw: Buffer }[] = [];
  #ordinals = 0;
  /** The item whose audio is in the cutter. */
  #cutting: SpokenItem | null = null;

  constructor(wire: MouthWire, listener: MouthListener) {
    this.#listener = listener;
    this.#playback = new Playback(
      wire,
      () => listener.onBegun(),
      () => listener.onUnderrun(),
    );
    this.#cutter = new FrameCutter((payload, ms) => this.#enqueue(payload, ms));
  }

  /** Nothing is queued, and everything that was sent was played. */
  get silent(): boolean {
    return !this.#playback.waiting && this.#playback.drained && this.#own.length === 0;
  }

  /** The carrier has audio to play, as far as is known. */
  get sounding(): boolean {
    return !this.#playback.drained;
  }

  /** What the carrier has and has not played, ms. */
  leadMs(now: number): number {
    return this.#playback.leadMs(now);
  }

  /** The same as it was sent, base64, oldest first. */
  unheard(now: number): string[] {
    return this.#playback.unheard(now);
  }

  /** Audio waits to be sent. */
  get waiting(): boolean {
    return this.#playback.waiting;
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

  /** A sentence of ours, after what plays or waits and never within an item of the model. Call `pump` afterwards. */
  play({ itemId, text, ulaw, shielded }: OwnWords): void {
    const item = ownItem(itemId, ++this.#ordinals, text, ulaw.length, shielded);
    this.#own.push({ item, ulaw });
    this.#tellSaid(item);
    this.#admitOwn();
  }

  /** What is queued, and what comes, waits until it is told to go on. Call `pump` afterwards. */
  hold(isHeld: boolean): void {
    this.#playback.hold(isHeld);
  }

  /** What an interruption cut goes on as an item of its own, before all that waits. Returns its words. */
  resume(itemId: string, rest: Rest): string {
    const audio = restAudio(rest);
    const text = restText(rest);
    const ms = audio.reduce((sum, piece) => sum + piece.ms, 0);
    const item = ownItem(itemId, ++this.#ordinals, text, ms * bytesPerMs, false);
    this.#items.push(item);
    this.#playback.add(item, audio, true);
    this.#tellSaid(item);
    return text;
  }

  /** What was not sent of this response will not be. */
  discard(responseId: string): void {
    for (const item of [...this.#items]) {
      if (item.responseId !== responseId || item.startMs >= 0) continue;
      this.#playback.drop((owner) => owner === item);
      if (this.#cutting === item) this.#stopCutting();
      item.cutMs = 0;
      this.#truncate(item, 0);
      if (item.ended) this.#finish(item);
    }
    this.#admitOwn();
  }

  /** Sends what may be sent. Call it corked. */
  pump(now: number): void {
    this.#playback.pump(now);
  }

  /**
   * An echoed mark. Returns the milliseconds of its item that were played, 'old' for one from before the last
   * interruption, null for one that says nothing.
   */
  echoed(name: string, now: number): number | 'old' | null {
    const parts = /^g(\d{1,9}):(\d{1,9}):(\d{1,9})$/.exec(name);
    if (!parts) return null;
    const generation = Number(parts[1]);
    if (this.#playback.isOld(generation)) return 'old';
    const ordinal = Number(parts[2]);
    const ms = Number(parts[3]);
    const item = this.#items.find((candidate) => candidate.ordinal === ordinal);
    if (!item || !this.#playback.echoed(generation, item, ms, now)) return null;
    this.#settle(item);
    this.pump(now);
    return ms;
  }

  tick(now: number): void {
    if (!this.#playback.givesUp(now)) return;
    for (const item of [...this.#items]) {
      item.echoedMs = item.sentMs;
      this.#settle(item);
    }
  }

  /**
   * The caller interrupts: playback stops, every item not fully heard ends where the caller's ear was. What is
   * shielded goes on. Returns what was not heard, for `resume`. Call `pump` afterwards.
   */
  interrupt(now: number): Rest | null {
    const heardMs = this.#playback.heardMs(now);
    const sent = this.#playback.clear();
    this.#stopCutting();
    this.#admitOwn();
    for (const item of this.#items) if (!item.shielded && item.cutMs === null) cutAt(item, heardMs);
    const rest = restOf(
      sent,
      this.#playback.drop((item) => !item.shielded),
      heardMs,
    );
    for (const item of [...this.#items]) {
      if (item.cutMs !== null) this.#truncate(item, item.cutMs);
      if (item.ended && !item.shielded) this.#finish(item);
    }
    return rest;
  }

  /** The stream ends: what was heard until now is told. */
  close(now: number): void {
    const heardMs = this.#playback.heardMs(now);
    this.#stopCutting();
    this.#admitOwn();
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
    if (this.#playback.push(item, payload, ms)) return;
    item.partial = true;
    this.#listener.onDropped();
  }

  #stopCutting(): void {
    this.#cutter.reset();
    this.#cutting = null;
  }

  #admitOwn(): void {
    if (this.#cutting !== null) return;
    for (const { item, ulaw } of this.#own.splice(0)) {
      this.#items.push(item);
      this.#playback.add(item, payloadsOf(ulaw), false);
    }
  }

  #end(item: SpokenItem): void {
    item.ended = true;
    if (this.#cutting === item) {
      this.#cutter.flush();
      this.#cutting = null;
      this.#admitOwn();
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
