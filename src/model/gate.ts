interface Calls {
  /** Function calls of the response that have no output yet. */
  open: Set<string>;
  done: boolean;
  respond: boolean;
}

/** Ids of finished responses that are remembered, for errors and deltas that arrive late. */
const doneMax = 16;

/**
 * Decides when `response.create` is sent: one response at a time writes to the conversation, and at most one
 * more is owed. Pure: every method that returns a boolean says whether to send a create now.
 *
 * A response that began after the server acknowledged all items sent so far has seen them: what was owed for
 * them is paid by it, whoever asked for it.
 */
export class ResponseGate {
  #active: string | null = null;
  #asking = false;
  #owed = false;
  #speaking = false;
  #awaitingAnswer = false;
  #activeSawAll = false;
  /** The active response is the server's own answer to the caller's last turn: pays no debt, asks for nothing. */
  #activeAnswers = false;
  /** That answer is complete. */
  #answerIsDone = false;
  /** The server's answer that has not begun yet is not wanted. */
  #answerRefused = false;
  #unseen = new Set<string>();
  #calls = new Map<string, Calls>();
  #responseOf = new Map<string, string>();
  #done: string[] = [];

  get active(): string | null {
    return this.#active;
  }

  /** A response is under way or asked for. */
  get busy(): boolean {
    return this.#active !== null || this.#asking;
  }

  get owed(): boolean {
    return this.#owed;
  }

  /** The caller's turn ended and the server has not begun its answer yet. */
  get awaitingAnswer(): boolean {
    return this.#awaitingAnswer;
  }

  /** An item was sent; until `itemSettled` no response is known to have seen it. */
  itemSent(itemId: string): void {
    this.#unseen.add(itemId);
  }

  /** The server added the item or refused it. */
  itemSettled(itemId: string): void {
    this.#unseen.delete(itemId);
  }

  /** The model should speak about what was sent. */
  ask(): boolean {
    this.#owed = true;
    return this.#release();
  }

  /**
   * `response.created`. Returns 'cancel' when a response that we asked for began while the caller speaks:
   * the server answers the caller after the turn by itself; and when it is an answer that was refused.
   */
  created(responseId: string): 'go' | 'cancel' {
    const ours = this.#asking;
    const isAnswer = !ours && this.#awaitingAnswer;
    const isRefused = isAnswer && this.#answerRefused;
    this.#asking = false;
    this.#active = responseId;
    this.#awaitingAnswer = false;
    this.#answerRefused = false;
    this.#activeAnswers = isAnswer && !this.#owed;
    this.#answerIsDone = false;
    this.#activeSawAll = !isRefused && this.#unseen.size === 0;
    if (isRefused) return 'cancel';
    if (this.#activeSawAll) this.#owed = false;
    if (!ours || !this.#speaking) return 'go';
    this.#owed = true;
    return 'cancel';
  }

  /** `response.done` of any status. */
  done(responseId: string): boolean {
    this.#done.push(responseId);
    if (this.#done.length > doneMax) this.#done.shift();
    if (this.#active === responseId) {
      this.#active = null;
      this.#answerIsDone = this.#activeAnswers;
    }
    const calls = this.#calls.get(responseId);
    if (calls) {
      calls.done = true;
      this.#settle(responseId, calls);
    }
    return this.#release();
  }

  /** A completed function call of a response. False: it was reported before. */
  called(responseId: string, callId: string): boolean {
    if (this.#responseOf.has(callId)) return false;
    this.#responseOf.set(callId, responseId);
    if (this.#active === responseId) this.#activeAnswers = false;
    const calls = this.#calls.get(responseId);
    if (calls) calls.open.add(callId);
    else
      this.#calls.set(responseId, { open: new Set([callId]), done: this.#done.includes(responseId), respond: false });
    return true;
  }

  /** The output of a function call was sent. With `respond` the model speaks once all outputs of its response are in. */
  output(callId: string, respond: boolean): boolean {
    const responseId = this.#responseOf.get(callId);
    const calls = responseId === undefined ? undefined : this.#calls.get(responseId);
    if (responseId === undefined || !calls) {
      if (respond) this.#owed = true;
      return this.#release();
    }
    calls.open.delete(callId);
    calls.respond ||= respond;
    this.#settle(responseId, calls);
    return this.#release();
  }

  /**
   * The caller's last turn was no words: its answer by the server is not wanted. 'active': cancel the active response;
   * 'coming': it will be cancelled when it begins; 'done': it is complete; 'no': there is none, or it also speaks
   * about something else.
   */
  refuseAnswer(): 'active' | 'coming' | 'done' | 'no' {
    if (this.#active !== null) return this.#activeAnswers ? 'active' : 'no';
    if (this.#answerIsDone) return 'done';
    if (!this.#awaitingAnswer || this.#owed) return 'no';
    this.#answerRefused = true;
    return 'coming';
  }

  speechStarted(): void {
    this.#speaking = true;
    this.#awaitingAnswer = false;
    this.#answerRefused = false;
    this.#answerIsDone = false;
  }

  /** The server answers a turn by itself; creates wait for that until `overdue`. */
  speechStopped(): void {
    this.#speaking = false;
    this.#awaitingAnswer = true;
  }

  /** The server's own answer did not come: what is owed is asked for. */
  overdue(): boolean {
    this.#awaitingAnswer = false;
    this.#answerRefused = false;
    return this.#release();
  }

  /** Our create met `conversation_already_has_active_response`; `activeId` is the one that the message names. */
  refusedByActive(activeId: string | null): boolean {
    this.#asking = false;
    if (this.#active === null && activeId !== null && this.#done.includes(activeId)) {
      this.#owed = true;
      return this.#release();
    }
    if (this.#active === null) {
      this.#active = activeId;
      this.#activeSawAll = false;
      // Without a name there is no `response.done` to wait for: `overdue` asks again.
      this.#awaitingAnswer = activeId === null;
    }
    if (!this.#activeSawAll) this.#owed = true;
    return false;
  }

  /** Our create was refused for another reason. */
  refused(): void {
    this.#asking = false;
  }

  #settle(responseId: string, calls: Calls): void {
    if (!calls.done || calls.open.size > 0) return;
    this.#calls.delete(responseId);
    if (calls.respond) this.#owed = true;
  }

  #release(): boolean {
    if (!this.#owed || this.#asking || this.#active !== null || this.#speaking || this.#awaitingAnswer) return false;
    this.#owed = false;
    this.#asking = true;
    return true;
  }
}
