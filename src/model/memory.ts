import type { Turn } from '../../machines/call-events.ts';
import type { ServerEvent } from './events.ts';

/** What the caller heard from elsewhere: a session may know of it or not. */
const ownLine = /^(line|resumed)_/;

/** What a session knows of its call, by the ids of turns, and what it is in the middle of. */
export class Memory {
  readonly #ids = new Set<string>();
  readonly #calls = new Set<string>();
  #isListening = false;

  /** The caller speaks, or a tool has not answered yet. */
  get isBusy(): boolean {
    return this.#isListening || this.#calls.size > 0;
  }

  /** It was seeded with these turns. */
  seeded(turns: readonly Turn[]): void {
    for (const turn of turns) this.#ids.add(idOf(turn));
  }

  event(event: ServerEvent): void {
    if (event.type === 'speech.started') this.#isListening = true;
    else if (event.type === 'speech.stopped') this.#isListening = false;
    else if (event.type === 'committed') this.#ids.add(event.itemId);
    else if (event.type === 'output.added') this.#ids.add(event.itemId);
    else if (event.type === 'output.done' && event.call?.whole) {
      this.#ids.add(event.call.callId);
      this.#calls.add(event.call.callId);
    }
  }

  /** It was told what a supervisor noted. */
  noted(noteId: string): void {
    this.#ids.add(noteId);
  }

  /** The output of a tool was handed over. */
  delivered(toolCallId: string): void {
    this.#calls.delete(toolCallId);
  }

  /** All of these turns happened before it: nobody else has gone on with the call. */
  knows(turns: readonly Turn[]): boolean {
    return turns.every((turn) => {
      const id = idOf(turn);
      return this.#ids.has(id) || ownLine.test(id);
    });
  }
}

function idOf(turn: Turn): string {
  return turn.who === 'tool' ? turn.toolCallId : turn.itemId;
}
