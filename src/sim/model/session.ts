import type { Account } from './account.ts';
import type { RawData } from 'ws';
import { defaultConfiguration, isBetaShape, updateConfiguration, type Configuration } from './configuration.ts';
import { Conversation, showItem, type Item, type Truncation } from './conversation.ts';
import { CallerTurns } from './caller-turns.ts';
import type { ModelSettings } from './options.ts';
import type { FailureCode, SocketFault, ToolOutput } from './plan.ts';
import { refusalOf, refuse, type Refusal } from './refusal.ts';
import { Responding } from './responding.ts';
import { clientEventSchema, type ClientEvent } from './schemas.ts';
import { Usage } from './usage.ts';
import type { Watch } from './watch.ts';
import { parseObject, type Wire } from './wire.ts';

export interface SessionParts {
  readonly index: number;
  readonly model: string;
  readonly settings: ModelSettings;
  readonly wire: Wire;
  readonly watch: Watch;
  readonly account: Account;
  readonly nextUtterance: () => number;
  readonly nextDeltaBytes: () => number;
  readonly complain: (complaint: string) => void;
}

type Handlers = {
  readonly [Type in ClientEvent['type']]: (event: Extract<ClientEvent, { type: Type }>) => Refusal | null;
};

const RECORDS_MAX = 1000;
const BETA_CLOSE = 4000;
const BETA_CODE = 'beta_api_shape_disabled';
/** Errors that a correct client can meet in a race. */
const BENIGN = new Set(['response_cancel_not_active', 'input_audio_buffer_commit_empty', 'session_expired']);

/** One realtime session: what it was told, what it heard, what it said. Public fields are what tests look at. */
export class FakeSession {
  readonly id: string;
  readonly index: number;
  readonly model: string;
  readonly conversation = new Conversation();
  readonly truncations: Truncation[] = [];
  readonly toolOutputs: ToolOutput[] = [];
  /** Client events by type, how many. */
  readonly received: Record<string, number> = {};
  /** The last 1,000 client events but appends, as they came. */
  readonly events: Record<string, unknown>[] = [];
  /** The last 1,000 errors sent. */
  readonly errors: (Refusal & { readonly eventId: string | null })[] = [];
  readonly account: Account;
  configuration: Configuration;
  /** Accepted `session.update`s. */
  updates = 0;
  /** Assistant audio was sent. */
  spoken = false;
  readonly #parts: SessionParts;
  readonly #usage: Usage;
  readonly #caller: CallerTurns;
  readonly #responding: Responding;
  readonly #calledAtMs = new Map<string, number>();
  readonly #expiry: NodeJS.Timeout;
  readonly #handlers: Handlers;
  #ids = 0;
  #refuseUpdates = 0;

  constructor(parts: SessionParts) {
    const { settings, index, model } = parts;
    this.#parts = parts;
    this.account = parts.account;
    this.#usage = new Usage(parts.account);
    this.index = index;
    this.model = model;
    this.id = `sess_${index}`;
    const expiresAt = Math.floor(Date.now() / 1000) + settings.sessionSeconds;
    this.configuration = defaultConfiguration(this.id, model, expiresAt);
    this.#expiry = setTimeout(() => this.break('expire'), settings.sessionSeconds * 1000);
    const send = (type: string, body: Record<string, unknown>): void => parts.wire.send(type, body);
    this.#responding = new Responding(this, this.#host(send), settings);
    this.#caller = new CallerTurns(this, this.#responding, {
      ...parts,
      send,
      makeId: (prefix) => this.#makeId(prefix),
    });
    this.#handlers = this.#handlerTable();
  }

  get items(): readonly Item[] {
    return this.conversation.items;
  }

  get responses() {
    return this.#responding.records;
  }

  /** The caller's committed turns, oldest first. */
  get heard() {
    return this.#caller.heard;
  }

  get appendedMs(): number {
    return this.#caller.hearing.appendedMs;
  }

  get callerSpeaking(): boolean {
    return this.#caller.hearing.speaking;
  }

  get responding(): boolean {
    return this.#responding.active !== null;
  }

  get open(): boolean {
    return this.#parts.wire.closed === null;
  }

  get closed() {
    return this.#parts.wire.closed;
  }

  /** Resolves when `predicate` holds, looked at after every event; rejects after `boundMs`. */
  waitFor(predicate: (session: FakeSession) => boolean, boundMs: number, what = String(predicate)): Promise<void> {
    return this.#parts.watch.waitFor(() => predicate(this), boundMs, `session ${this.index}: ${what}`);
  }

  /** Breaks the socket now. */
  break(fault: SocketFault): void {
    if (fault === 'expire') this.refuse(refuse('session_expired', 'Your session hit the maximum duration.'), null);
    if (fault !== 'freeze') this.#responding.stop();
    this.#parts.wire.break(fault);
  }

  thaw(): void {
    this.#parts.wire.thaw();
  }

  /** The next response fails with `code`; called again, the one after it too. */
  failNext(code: FailureCode): void {
    this.#responding.failNext(code);
  }

  /** The next `session.update` is refused though nothing is wrong with it. */
  refuseNextUpdate(): void {
    this.#refuseUpdates += 1;
  }

  /** Transcriptions fail from now on. */
  failTranscriptions(): void {
    this.#caller.transcriptionFails = true;
  }

  begin(): void {
    this.#parts.wire.send('session.created', { session: this.configuration });
    this.#parts.wire.send('conversation.created', { conversation: { id: 'conv_1', object: 'realtime.conversation' } });
  }

  /** The socket is closed: what was left undone is complained about. */
  end(): void {
    clearTimeout(this.#expiry);
    this.#responding.stop();
    this.#caller.stop();
    if (this.#parts.wire.broken !== null) return;
    for (const callId of this.conversation.unansweredCalls()) {
      const sinceMs = performance.now() - (this.#calledAtMs.get(callId) ?? performance.now());
      if (sinceMs > this.#parts.settings.unansweredMs) this.#parts.complain(`${callId} was never answered`);
    }
  }

  /** `idle_timeout_ms` passed: a silent turn of the caller, then a response. */
  idle(): void {
    this.#caller.timeout();
  }

  /** Sends an `error` event; all but benign races are complaints. */
  refuse(refusal: Refusal, eventId: string | null, benign = BENIGN.has(refusal.code)): void {
    this.errors.push({ ...refusal, eventId });
    if (this.errors.length > RECORDS_MAX) this.errors.shift();
    this.#parts.wire.send('error', { error: { ...refusal, event_id: eventId } });
    if (!benign) this.#parts.complain(`${refusal.code}: ${refusal.message}`);
  }

  /** One message of the client. Whatever it is, the session goes on. */
  receive(data: RawData, isBinary: boolean): void {
    const event = isBinary ? null : parseObject(data);
    if (event === null) return this.refuse(refuse('invalid_event', 'Events are JSON objects in text frames.'), null);
    const type = typeof event['type'] === 'string' ? event['type'] : '';
    const eventId = typeof event['event_id'] === 'string' ? event['event_id'] : null;
    this.received[type] = (this.received[type] ?? 0) + 1;
    let refusal: Refusal | null;
    if (type === 'input_audio_buffer.append') {
      refusal = this.#caller.append(event);
    } else {
      this.events.push(event);
      if (this.events.length > RECORDS_MAX) this.events.shift();
      refusal = this.#handle(event);
    }
    if (refusal !== null) this.refuse(refusal, eventId, BENIGN.has(refusal.code) || this.#raced(refusal));
    this.#parts.watch.changed();
  }

  /** A create that met a response which the server itself began is nobody's fault. */
  #raced(refusal: Refusal): boolean {
    const active = this.#responding.active;
    return refusal.code === 'conversation_already_has_active_response' && active?.record.startedBy !== 'client';
  }

  #handle(event: Record<string, unknown>): Refusal | null {
    const checked = clientEventSchema.safeParse(event);
    if (!checked.success) return refusalOf(checked.error, event, '');
    // The table's key and the event's type are the same word, which the compiler cannot follow.
    const handler = this.#handlers[checked.data.type] as (event: ClientEvent) => Refusal | null;
    return handler(checked.data);
  }

  #handlerTable(): Handlers {
    return {
      'session.update': (event) => this.#update(event.session),
      'input_audio_buffer.commit': () => this.#caller.commit(),
      'input_audio_buffer.clear': () => this.#caller.clear(),
      'conversation.item.create': (event) => this.#create(event),
      'conversation.item.truncate': (event) => this.#truncate(event.item_id, event.audio_end_ms),
      'conversation.item.retrieve': (event) => this.#retrieve(event.item_id),
      'conversation.item.delete': (event) => this.#delete(event.item_id),
      'response.create': (event) => this.#respond(event),
      'response.cancel': (event) =>
        this.#responding.cancel(event.response_id, 'client_cancelled')
          ? null
          : refuse('response_cancel_not_active', 'Cancellation failed: no active response found.'),
    };
  }

  #update(session: unknown): Refusal | null {
    if (isBetaShape(session)) {
      this.refuseBeta();
      return null;
    }
    if (this.#refuseUpdates > 0) {
      this.#refuseUpdates -= 1;
      this.refuse(refuse('server_error', 'The session could not be updated.'), null, true);
      return null;
    }
    const moment = { spoken: this.spoken, responseActive: this.responding };
    const result = updateConfiguration(this.configuration, session, moment);
    if ('refusal' in result) return result.refusal;
    this.configuration = result.configuration;
    this.updates += 1;
    this.#parts.wire.send('session.updated', { session: this.configuration });
    return null;
  }

  /** The retired beta: an error, then the door. */
  refuseBeta(): void {
    this.refuse(refuse(BETA_CODE, 'The Realtime beta API shape is no longer supported.'), null);
    this.#parts.wire.close(BETA_CLOSE, `invalid_request_error.${BETA_CODE}`);
  }

  #create(event: Extract<ClientEvent, { type: 'conversation.item.create' }>): Refusal | null {
    const again = event.item.type === 'function_call_output' && this.conversation.isAnswered(event.item.call_id);
    const made = this.conversation.create(event.item, event.previous_item_id ?? null, this.#makeId('item'));
    if ('code' in made) return made;
    if (made.type === 'function_call_output') {
      const callId = made.callId ?? '';
      if (again) this.#parts.complain(`${callId} was answered twice`);
      this.#calledAtMs.delete(callId);
      this.toolOutputs.push({ callId, name: this.conversation.call(callId)?.name ?? '', output: made.output ?? '' });
    }
    this.#announce('added', made);
    this.#announce('done', made);
    return null;
  }

  #truncate(id: string, audioEndMs: number): Refusal | null {
    const truncation = this.conversation.truncate(id, audioEndMs, this.#parts.settings.charsPerSecond);
    if ('code' in truncation) return truncation;
    this.truncations.push(truncation);
    const body = { item_id: id, content_index: 0, audio_end_ms: audioEndMs };
    this.#parts.wire.send('conversation.item.truncated', body);
    return null;
  }

  #retrieve(id: string): Refusal | null {
    const item = this.conversation.find(id);
    if (item === undefined) return refuse('item_not_found', `Item with id '${id}' not found.`, 'item_id');
    this.#parts.wire.send('conversation.item.retrieved', { item: showItem(item) });
    return null;
  }

  #delete(id: string): Refusal | null {
    if (!this.conversation.remove(id)) return refuse('item_not_found', `Item with id '${id}' not found.`, 'item_id');
    this.#parts.wire.send('conversation.item.deleted', { item_id: id });
    return null;
  }

  #respond(event: Extract<ClientEvent, { type: 'response.create' }>): Refusal | null {
    const request = event.response ?? null;
    const bare = request?.instructions === undefined && request?.conversation !== 'none';
    const unanswered = this.conversation.unansweredCalls();
    const refusal = this.#responding.start('client', request);
    if (refusal === null && bare && unanswered.length > 0) {
      this.#parts.complain(`response.create before the output of ${unanswered.join(', ')}`);
    }
    return refusal;
  }

  #announce(what: 'added' | 'done', item: Item): void {
    const previous = this.conversation.previousId(item);
    this.#parts.wire.send(`conversation.item.${what}`, { previous_item_id: previous, item: showItem(item) });
  }

  #makeId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}_${this.index}_${this.#ids}`;
  }

  #host(send: (type: string, body: Record<string, unknown>) => void) {
    const { settings, nextUtterance, nextDeltaBytes } = this.#parts;
    return {
      charsPerSecond: settings.charsPerSecond,
      speed: settings.speed,
      get firstDeltaMs() {
        return settings.firstDeltaMs;
      },
      send,
      nextUtterance,
      nextDeltaBytes,
      makeId: (prefix: string) => this.#makeId(prefix),
      itemAdded: (item: Item) => {
        this.conversation.append(item);
        this.#announce('added', item);
      },
      itemDone: (item: Item) => {
        if (item.type === 'function_call' && item.callId !== null) this.#calledAtMs.set(item.callId, performance.now());
        this.#announce('done', item);
      },
      audioSent: () => {
        this.spoken = true;
      },
      usage: (record: FakeSession['responses'][number]) =>
        this.#usage.of(record, this.configuration.instructions, this.conversation, this.#caller.heardMs),
      breakSocket: (fault: SocketFault) => this.break(fault),
    };
  }
}
