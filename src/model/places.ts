/** Items whose place is remembered; a caller's turn follows one of the last. */
const placesMax = 256;

/**
 * Which turn of the conversation stands at an item of the server: items that were told to it have other ids there, and
 * what is no turn (a tool's call or output, an instruction) stands for the turn before it.
 */
export class Places {
  readonly #turns = new Map<string, string | null>();
  readonly #items = new Map<string, string>();
  #last: string | null = null;

  /** An item that comes after all others; `turnId` null: it is no turn. */
  add(itemId: string, turnId: string | null): void {
    this.#last = turnId ?? this.#last;
    this.#turns.set(itemId, this.#last);
    if (turnId !== null) this.#items.set(turnId, itemId);
    for (const known of [this.#turns, this.#items])
      if (known.size > placesMax) known.delete(known.keys().next().value ?? '');
  }

  /** The last item that stands for this turn, null for none. */
  itemOf(turnId: string): string | null {
    return this.#items.get(turnId) ?? null;
  }

  /** Null: nothing is before it. */
  turnAt(itemId: string | null): string | null {
    if (itemId === null) return null;
    const turnId = this.#turns.get(itemId);
    return turnId === undefined ? itemId : turnId;
  }
}
