import type { AudioDelta } from './delta.ts';
import type { ResponseEnd, ToolAsk } from './dialogue.ts';
import type { SessionListener } from './session-listener.ts';

/** Base64 of audio that is kept: half a minute. */
export const earlyAudioCharsMax = 320_000;
/** Other events. */
const earlyEventsMax = 2_000;

/** Remembers what a session tells before its call has a stream. */
export class EarlyEvents implements SessionListener {
  readonly #lost: (code: string) => void;
  #told: ((to: SessionListener) => void)[] = [];
  #chars = 0;

  /** `lost`: the session came to its end, or has said more than is kept. */
  constructor(lost: (code: string) => void) {
    this.#lost = lost;
  }

  /** Nothing was told. */
  get isEmpty(): boolean {
    return this.#told.length === 0;
  }

  /** Tells another listener everything in order, once. That the session is ready is its own to tell. */
  replay(to: SessionListener): void {
    for (const tell of this.#told.splice(0)) tell(to);
  }

  onReady(): void {
    // The session tells it again, with the time that is left by then.
  }

  onAudio(delta: AudioDelta, late: boolean): void {
    this.#chars += delta.payload.length;
    if (this.#chars > earlyAudioCharsMax) return this.#lost('too_much');
    const copy = { ...delta };
    this.#keep((to) => to.onAudio(copy, late));
  }

  onOutputStarted(responseId: string, itemId: string): void {
    this.#keep((to) => to.onOutputStarted(responseId, itemId));
  }

  onWords(responseId: string, itemId: string, text: string): void {
    this.#keep((to) => to.onWords(responseId, itemId, text));
  }

  onOutputEnded(responseId: string, itemId: string, text: string | null): void {
    this.#keep((to) => to.onOutputEnded(responseId, itemId, text));
  }

  onSpeechStarted(itemId: string, startMs: number | null): void {
    this.#keep((to) => to.onSpeechStarted(itemId, startMs));
  }

  onSpeechStopped(itemId: string, endMs: number | null): void {
    this.#keep((to) => to.onSpeechStopped(itemId, endMs));
  }

  onCallerSaid(itemId: string, text: string | null, after: string | null): void {
    this.#keep((to) => to.onCallerSaid(itemId, text, after));
  }

  onToolAsked(ask: ToolAsk): void {
    this.#keep((to) => to.onToolAsked(ask));
  }

  onResponseEnded(end: ResponseEnd): void {
    this.#keep((to) => to.onResponseEnded(end));
  }

  onLost(code: string): void {
    this.#lost(code);
  }

  onFault(error: unknown): void {
    this.#keep((to) => to.onFault(error));
  }

  #keep(tell: (to: SessionListener) => void): void {
    if (this.#told.length >= earlyEventsMax) return this.#lost('too_much');
    this.#told.push(tell);
  }
}
