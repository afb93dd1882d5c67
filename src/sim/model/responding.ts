import type { Account } from './account.ts';
import type { Configuration } from './configuration.ts';
import type { Conversation } from './conversation.ts';
import type { ModelSettings } from './options.ts';
import type { FailureCode, Plan } from './plan.ts';
import { refuse, type Refusal } from './refusal.ts';
import { RunningResponse, type ResponseHost, type ResponseRecord } from './response.ts';
import { decide } from './rules.ts';
import type { ResponseRequest } from './schemas.ts';
import { turnOf } from './turn.ts';

/** What the responses need to know of their session. */
export interface RespondingSession {
  readonly index: number;
  readonly configuration: Configuration;
  readonly conversation: Conversation;
  readonly account: Account;
  readonly spoken: boolean;
  readonly callerSpeaking: boolean;
  /** `idle_timeout_ms` passed after everything was played. */
  idle(): void;
}

const RECORDS_MAX = 2000;

/** The session's responses: at most one writes to the conversation, others may run beside it. */
export class Responding {
  readonly records: ResponseRecord[] = [];
  /** The response that writes to the default conversation. */
  active: RunningResponse | null = null;
  readonly #beside = new Set<RunningResponse>();
  readonly #failures: FailureCode[] = [];
  readonly #session: RespondingSession;
  readonly #host: Omit<ResponseHost, 'finished'>;
  readonly #settings: ModelSettings;
  #count = 0;
  #idleTimer: NodeJS.Timeout | null = null;
  #startedAtMs = 0;

  constructor(session: RespondingSession, host: Omit<ResponseHost, 'finished'>, settings: ModelSettings) {
    this.#session = session;
    this.#host = host;
    this.#settings = settings;
  }

  /** The next response started fails with this code. */
  failNext(code: FailureCode): void {
    this.#failures.push(code);
  }

  /** Starts a response, or says why not. */
  start(startedBy: 'client' | 'vad' | 'idle', request: ResponseRequest | null): Refusal | null {
    const outOfBand = request?.conversation === 'none';
    if (this.active !== null && !outOfBand) {
      const id = this.active.record.id;
      const message = `Conversation already has an active response in progress: ${id}. Wait until it is finished.`;
      return refuse('conversation_already_has_active_response', message);
    }
    const voice = request?.audio?.output?.voice;
    if (voice !== undefined && this.#session.spoken) {
      const message = "Cannot update a conversation's voice if assistant audio is present.";
      return refuse('cannot_update_voice', message, 'response.audio.output.voice');
    }
    const unknown = this.#unknownReference(request);
    if (unknown !== null) return refuse('item_not_found', `Item with id '${unknown}' not found.`, 'response.input');
    this.#run(startedBy, request, outOfBand);
    return null;
  }

  /** Cancels by id, or the active one; false when nothing was there to cancel. */
  cancel(id: string | undefined, reason: 'turn_detected' | 'client_cancelled'): boolean {
    const running = [this.active, ...this.#beside].filter((response) => response !== null);
    const response = id === undefined ? this.active : running.find((each) => each.record.id === id);
    response?.cancel(reason);
    return response !== null && response !== undefined;
  }

  /** The caller spoke or a response began: the idle clock stops. */
  stopIdling(): void {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    this.#idleTimer = null;
  }

  stop(): void {
    this.stopIdling();
    this.active?.stop();
    for (const response of this.#beside) response.stop();
  }

  #unknownReference(request: ResponseRequest | null): string | null {
    for (const item of request?.input ?? []) {
      const missing = item.type === 'item_reference' && this.#session.conversation.find(item.id) === undefined;
      if (missing) return item.id;
    }
    return null;
  }

  #run(startedBy: 'client' | 'vad' | 'idle', request: ResponseRequest | null, outOfBand: boolean): void {
    const { configuration, conversation, index, account } = this.#session;
    const occasion = { startedBy, request, responseIndex: this.#count, sessionIndex: index };
    const turn = turnOf(conversation, configuration, occasion);
    const failure = this.#failures.shift();
    const plan: Plan = failure === undefined ? (this.#settings.script(turn) ?? decide(turn)) : [{ fail: failure }];
    const record: ResponseRecord = {
      id: this.#host.makeId('resp'),
      kind: turn.kind,
      startedBy,
      outOfBand,
      metadata: request?.metadata ?? null,
      status: 'in_progress',
      reason: null,
      said: '',
      audioMs: 0,
      itemIds: [],
      calls: [],
    };
    const modality = (request?.output_modalities ?? configuration.output_modalities)[0] ?? 'audio';
    const format = request?.audio?.output?.format ?? configuration.audio.output.format;
    const maxOutputTokens = request?.max_output_tokens ?? configuration.max_output_tokens;
    const host: ResponseHost = { ...this.#host, finished: (response) => this.#finished(response) };
    const response = new RunningResponse(host, record, plan, { modality, format, maxOutputTokens });
    this.#count += 1;
    this.records.push(record);
    if (this.records.length > RECORDS_MAX) this.records.shift();
    if (outOfBand) this.#beside.add(response);
    else this.active = response;
    this.stopIdling();
    this.#startedAtMs = performance.now();
    response.start();
    account.requested();
    this.#host.send('rate_limits.updated', { rate_limits: account.limits() });
  }

  #finished(response: RunningResponse): void {
    this.#beside.delete(response);
    if (this.active !== response) return;
    this.active = null;
    const detection = this.#session.configuration.audio.input.turn_detection;
    if (detection?.type !== 'server_vad') return;
    const idleMs = detection.idle_timeout_ms ?? null;
    if (idleMs === null || this.#session.callerSpeaking) return;
    const playingMs = response.record.audioMs - (performance.now() - this.#startedAtMs);
    this.#idleTimer = setTimeout(() => this.#session.idle(), Math.max(0, playingMs) + idleMs);
  }
}
