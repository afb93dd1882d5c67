import { turnSilenceMs } from '../model/session-update.ts';
import type { Rest } from './piece.ts';

/** Sound that is over so soon may have been a cough or a door: what it brings is held back until its words are known. */
const noiseMsMax = 900;
/** From the end of the sound as the server tells it: words that come later find the model's answer on its way. */
const wordsMsMax = 900;
/** The same, without the server making a turn of the sound at all. */
const turnMsMax = 1_200;
/** Nothing decided it: what was cut stays cut. */
const doubtMsMax = 5_000;

/** What an interruption left. */
export interface Cut {
  rest: Rest;
  /** The model had not said all that it wanted to. */
  midAnswer: boolean;
}

/** `resume`: nobody said anything, what was cut goes on; `over`: it stays cut. */
export type Verdict = 'resume' | 'over' | null;

/** The assistant was interrupted, by the caller or by a noise: which of them is known once the sound is in words. */
export class Doubt {
  #cut: Cut | null = null;
  /** Of the sounds since something was cut, the newest last. */
  #itemIds: string[] = [];
  #startedAt = 0;
  #stoppedAt: number | null = null;
  /** The response that is held back. */
  #heldId: string | null = null;

  get open(): boolean {
    return this.#cut !== null;
  }

  /** Sound began at the caller's end; with `cut` it interrupted something. */
  begin(itemId: string, cut: Cut | null, now: number): void {
    if (this.#cut === null && cut === null) return;
    if (this.#cut === null) this.#itemIds = [];
    this.#cut ??= cut;
    this.#itemIds.push(itemId);
    this.#startedAt = now;
    this.#stoppedAt = null;
    this.#heldId = null;
  }

  stopped(now: number): void {
    this.#stoppedAt ??= now;
  }

  /** The first audio of a response. True: it is to be held back; false: it is not, and the doubt is over. */
  answerBegins(responseId: string, now: number): boolean {
    if (this.#heldId === responseId) return true;
    if (this.#isShort && now - (this.#stoppedAt ?? now) < wordsMsMax) {
      this.#heldId = responseId;
      return true;
    }
    this.end();
    return false;
  }

  /** Words of an earlier turn say nothing of the sound. Null: nobody knows them, which only a short sound is taken for. */
  words(itemId: string, text: string | null): Verdict {
    if (this.#cut === null || !this.#itemIds.includes(itemId)) return null;
    if (text === null ? !this.#isShort : text.trim() !== '') return 'over';
    return itemId === this.#itemIds.at(-1) ? 'resume' : null;
  }

  /** `wordsDue`: turns of the caller whose words are still to come. */
  tick(now: number, wordsDue: number): Verdict {
    if (this.#cut === null || this.#stoppedAt === null) return null;
    const sinceMs = now - this.#stoppedAt;
    if (sinceMs >= turnMsMax && wordsDue === 0) return 'resume';
    return sinceMs >= doubtMsMax || (this.#heldId !== null && sinceMs >= wordsMsMax) ? 'over' : null;
  }

  /** Returns what was cut and the response that is held back. */
  end(): { cut: Cut | null; heldId: string | null } {
    const ended = { cut: this.#cut, heldId: this.#heldId };
    this.#cut = null;
    this.#heldId = null;
    return ended;
  }

  get #isShort(): boolean {
    return this.#stoppedAt !== null && this.#stoppedAt - this.#startedAt - turnSilenceMs <= noiseMsMax;
  }
}
