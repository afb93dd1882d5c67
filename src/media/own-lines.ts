import type { ModelSession } from '../model/session.ts';
import type { LineName } from '../services/lines.ts';
import type { Mouth } from './mouth.ts';

/** Sentences that are ready before they are needed. All in memory: every method answers at once. */
export interface StreamLines {
  /** Null where it is not rendered. */
  audio(line: LineName, language: string): { text: string; ulaw: Buffer } | null;
  /** The same in words, for the model to say. */
  text(line: LineName, language: string): string;
  /** It is played to its end, whatever the caller says. */
  shielded(line: LineName): boolean;
}

const idDigits = 4;

/** What the caller hears of ours beside what the model says, and what the model knows of it. */
export class OwnLines {
  readonly #mouth: Mouth;
  readonly #session: () => ModelSession | null;
  #epoch = 0;
  #count = 0;
  /** No session was there to be told. */
  #untold: { itemId: string; text: string }[] = [];

  constructor(mouth: Mouth, session: () => ModelSession | null) {
    this.#mouth = mouth;
    this.#session = session;
  }

  /** Ids are unique in the call: epochs rise with every stream. */
  number(epoch: number): void {
    this.#epoch = epoch;
    this.#count = 0;
  }

  nextId(name: string): string {
    this.#count += 1;
    // Joined as text: both in one number are more than a number can tell apart.
    return `${name}_${this.#epoch}${String(this.#count).padStart(idDigits, '0')}`;
  }

  play(line: LineName, { text, ulaw }: { text: string; ulaw: Buffer }, shielded: boolean): string {
    const itemId = this.nextId(`line_${line}`);
    this.#mouth.play({ itemId, text, ulaw, shielded });
    return itemId;
  }

  /** The model is to know that it said so, at once or when there is a session. */
  tell(itemId: string, text: string): void {
    const session = this.#session();
    if (text === '') return;
    if (session?.live) session.tell(text, itemId);
    else this.#untold.push({ itemId, text });
  }

  /** A session is opened that knows what was said until now. */
  opening(): void {
    this.#untold = [];
  }

  ready(): void {
    for (const { itemId, text } of this.#untold.splice(0)) if (text !== '') this.tell(itemId, text);
  }

  /** What the model was told ends where the caller's ear was. */
  heard(itemId: string, text: string, cut: boolean): void {
    if (!cut) return;
    const untold = this.#untold.find((line) => line.itemId === itemId);
    if (untold) untold.text = text;
    else this.#session()?.correct(itemId, text);
  }
}
