import type { ResponseStatus, Usage } from '../../machines/call-events.ts';
import type { Log } from '../telemetry/log.ts';
import { endsSession, reactionTo } from './errors.ts';
import type { FunctionCall, ServerEvent } from './events.ts';
import { ResponseGate } from './gate.ts';
import { Places } from './places.ts';
import { assistantItem, type SeedItem, systemItem } from './seed.ts';

/** The server answers a caller's turn by itself well within it. */
const answerOverdueMs = 1500;
/** A response failed in a way that may pass. */
const retryAfterMs = 1000;
/** A response that was asked for, or is under way, and gives no sign for so long will give none. */
const stalledMs = 8_000;
/** Responses whose late deltas are still recognised. */
const discardedMax = 8;
const goOnText =
  'A noise on the line interrupted you; the caller said nothing. Go on where your last words stopped. Do not say sorry, do not repeat anything, do not greet.';
/** Caller's turns that wait for their transcript; the oldest is forgotten beyond it. */
const unheardMax = 32;
/** From the end of the turn: a transcript that is so late will not come. */
const transcriptMsMax = 15_000;

export interface ToolAsk {
  responseId: string;
  toolCallId: string;
  name: string;
  arguments: string;
}

export interface ResponseEnd {
  responseId: string;
  status: ResponseStatus;
  spoke: boolean;
  toolCallIds: string[];
  errorCode: string | null;
  usage: Usage | null;
}

export interface DialogueListener {
  onOutputStarted(responseId: string, itemId: string): void;
  onWords(responseId: string, itemId: string, text: string): void;
  /** The item is complete or cut off; `text` is all that it says, null where the words came by `onWords` only. */
  onOutputEnded(responseId: string, itemId: string, text: string | null): void;
  /** Milliseconds of the session's audio: the padding before speech and the silence after it are part of it. */
  onSpeechStarted(itemId: string, startMs: number | null): void;
  onSpeechStopped(itemId: string, endMs: number | null): void;
  /** A caller's turn in words, '' for none, null where they are not known; `after` is the item that it follows. */
  onCallerSaid(itemId: string, text: string | null, after: string | null): void;
  onToolAsked(ask: ToolAsk): void;
  onResponseEnded(end: ResponseEnd): void;
}

export interface DialogueDeps {
  send(event: object): void;
  lose(code: string, fatal: boolean): void;
  listener: DialogueListener;
  log: Log;
  /** Monotonic milliseconds. */
  now(): number;
}

/** Whose turn it is in a live session: responses, tool calls, caller's turns and their errors. */
export class Dialogue {
  #deps: DialogueDeps;
  readonly #gate = new ResponseGate();
  readonly #places = new Places();
  #ids = 0;
  #discarded: string[] = [];
  /** Caller's items without a transcript yet, oldest first: what they follow, and since when. */
  #unheard = new Map<string, { after: string | null; at: number }>();
  #asked: ToolAsk[] = [];
  #spoke = false;
  #failures = 0;
  #retryAt: number | null = null;
  #answerDueAt: number | null = null;
  /** Since the last tick the conversation has moved on. */
  #moved = true;
  #movedAt = 0;

  constructor(deps: DialogueDeps) {
    this.#deps = deps;
  }

  /** From now on this one is told. */
  listen(listener: DialogueListener): void {
    this.#deps = { ...this.#deps, listener };
  }

  get busy(): boolean {
    return this.#gate.busy;
  }

  get transcriptsDue(): number {
    return this.#unheard.size;
  }

  /** `turnId`: the item is this turn of caller or assistant. */
  sendItem(item: SeedItem, turnId: string | null = null): void {
    const id = `aida_${++this.#ids}`;
    this.#places.add(id, turnId);
    this.#gate.itemSent(id);
    this.#deps.send({ type: 'conversation.item.create', event_id: id, item: { id, ...item } });
  }

  /** The caller hears this turn from elsewhere: the model is to know that it said so. */
  tell(text: string, turnId: string): void {
    this.sendItem(assistantItem(text), turnId);
  }

  /** The caller heard no more than this of a turn that was told. */
  correct(turnId: string, text: string): void {
    const itemId = this.#places.itemOf(turnId);
    if (itemId === null || itemId === turnId) return;
    this.#deps.send({ type: 'conversation.item.delete', item_id: itemId });
    if (text !== '') this.tell(`${text} …`, turnId);
  }

  /**
   * The caller's last turn was no words. True: the server's answer to it is cancelled, now or when it begins, or is
   * complete and not to be heard.
   */
  refuseAnswer(): boolean {
    const verdict = this.#gate.refuseAnswer();
    if (verdict === 'active') this.#cancelActive();
    return verdict !== 'no';
  }

  /** What a noise cut off in the middle goes on. */
  goOn(): void {
    this.sendItem(systemItem(goOnText));
    this.speak();
  }

  /** The model has let the caller wait: a response that says nothing is given up, and it is asked once more. */
  nudge(): void {
    if (this.#gate.active !== null) {
      if (this.#spoke) return;
      this.#cancelActive();
    }
    this.speak();
  }

  /** The model should speak about what was sent. */
  speak(): void {
    this.#create(this.#gate.ask());
  }

  /** The output of a tool was sent. */
  answered(toolCallId: string, respond: boolean): void {
    this.#create(this.#gate.output(toolCallId, respond));
  }

  /** What the active response still sends is late. */
  discardActive(): void {
    if (this.#gate.active !== null) this.#discard(this.#gate.active);
  }

  /** Hot. True: the audio is of an interrupted response. */
  onAudio(responseId: string): boolean {
    this.#moved = true;
    if (!this.#spoke && responseId === this.#gate.active) this.#spoke = true;
    return this.#discarded.length > 0 && this.#discarded.includes(responseId);
  }

  tick(now: number): void {
    if (this.#moved || !this.busy) this.#movedAt = now;
    this.#moved = false;
    if (now - this.#movedAt >= stalledMs) return this.#deps.lose('response_stalled', false);
    if (this.#answerDueAt !== null && now >= this.#answerDueAt) {
      this.#answerDueAt = null;
      this.#create(this.#gate.overdue());
    }
    if (this.#retryAt !== null && now >= this.#retryAt) {
      this.#retryAt = null;
      this.speak();
    }
    for (const [itemId, { at }] of this.#unheard) {
      if (now - at >= transcriptMsMax) this.#onTranscript(itemId, null);
    }
  }

  onEvent(event: ServerEvent): void {
    const { listener, now } = this.#deps;
    this.#moved = true;
    switch (event.type) {
      case 'speech.started':
        this.#gate.speechStarted();
        this.#answerDueAt = null;
        return listener.onSpeechStarted(event.itemId, event.startMs);
      case 'speech.stopped':
        this.#gate.speechStopped();
        this.#answerDueAt = now() + answerOverdueMs;
        return listener.onSpeechStopped(event.itemId, event.endMs);
      case 'committed':
        this.#unheard.set(event.itemId, { after: this.#places.turnAt(event.after), at: now() });
        this.#places.add(event.itemId, event.itemId);
        if (this.#unheard.size > unheardMax) this.#unheard.delete(this.#unheard.keys().next().value ?? '');
        return;
      case 'item.added':
        return this.#gate.itemSettled(event.itemId);
      case 'transcribed':
        return this.#onTranscript(event.itemId, event.text);
      case 'transcriptionFailed':
        this.#deps.log.warn({ code: event.code }, 'transcription failed');
        return this.#onTranscript(event.itemId, null);
      case 'response.created':
        return this.#onCreated(event.responseId);
      case 'output.added':
        this.#places.add(event.itemId, event.message ? event.itemId : null);
        return event.message ? listener.onOutputStarted(event.responseId, event.itemId) : undefined;
      case 'words':
        return listener.onWords(event.responseId, event.itemId, event.text);
      case 'output.done':
        if (event.message) listener.onOutputEnded(event.responseId, event.itemId, event.text);
        return event.call ? this.#onCall(event.responseId, event.call) : undefined;
      case 'response.done':
        return this.#onResponseDone(event);
      case 'error':
        return this.#onError(event);
      default:
        return;
    }
  }

  #onTranscript(itemId: string, text: string | null): void {
    const after = this.#unheard.get(itemId)?.after ?? null;
    this.#unheard.delete(itemId);
    this.#deps.listener.onCallerSaid(itemId, text, after);
  }

  #onCreated(responseId: string): void {
    this.#answerDueAt = null;
    this.#spoke = false;
    if (this.#gate.created(responseId) === 'go') return;
    this.#cancelActive();
  }

  #onCall(responseId: string, call: FunctionCall): void {
    if (!call.whole || !this.#gate.called(responseId, call.callId)) return;
    const ask = { responseId, toolCallId: call.callId, name: call.name, arguments: call.arguments };
    this.#asked.push(ask);
    this.#deps.listener.onToolAsked(ask);
  }

  #onResponseDone(event: Extract<ServerEvent, { type: 'response.done' }>): void {
    const { responseId, status, errorCode, usage } = event;
    const spoke = this.#spoke && responseId === this.#gate.active;
    const toolCallIds = this.#asked.filter((ask) => ask.responseId === responseId).map((ask) => ask.toolCallId);
    this.#asked = this.#asked.filter((ask) => ask.responseId !== responseId);
    const owed = this.#gate.done(responseId);
    this.#deps.listener.onResponseEnded({ responseId, status, spoke, toolCallIds, errorCode, usage });
    if (status === 'failed') this.#onFailure(errorCode ?? 'unknown');
    else if (status === 'completed') this.#failures = 0;
    this.#create(owed);
  }

  /** One more try in this session, then the session is given up. A limit that stays would meet the next session too. */
  #onFailure(code: string): void {
    this.#deps.log.warn({ code }, 'response failed');
    const fatal = reactionTo(code) === 'fatal';
    this.#failures += 1;
    if (fatal || this.#failures > 1) this.#deps.lose(code, fatal || code === 'rate_limit_exceeded');
    else this.#retryAt = this.#deps.now() + retryAfterMs;
  }

  #onError(event: Extract<ServerEvent, { type: 'error' }>): void {
    const { code, eventId, param } = event;
    if (endsSession(code)) return this.#deps.lose(code, reactionTo(code) === 'fatal');
    if (code === 'conversation_already_has_active_response') {
      const named = /\bresp_\w+/.exec(event.message)?.[0] ?? null;
      if (named === null) this.#answerDueAt = this.#deps.now() + answerOverdueMs;
      return this.#create(this.#gate.refusedByActive(named));
    }
    this.#deps.log.warn({ code, param, eventId }, 'model refused an event');
    if (eventId === null) return;
    this.#gate.itemSettled(eventId);
    if (!eventId.startsWith('say_')) return;
    this.#gate.refused();
    this.#onFailure(code);
  }

  #cancelActive(): void {
    const { active } = this.#gate;
    if (active === null) return;
    this.#discard(active);
    this.#deps.send({ type: 'response.cancel', response_id: active });
  }

  #discard(responseId: string): void {
    if (this.#discarded.includes(responseId)) return;
    this.#discarded.push(responseId);
    if (this.#discarded.length > discardedMax) this.#discarded.shift();
  }

  #create(due: boolean): void {
    if (due) this.#deps.send({ type: 'response.create', event_id: `say_${++this.#ids}` });
  }
}
