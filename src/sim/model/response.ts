import { makeItem, showItem, type Item } from './conversation.ts';
import type { FailureCode, Plan, SocketFault, Step, TurnKind } from './plan.ts';
import type { AudioFormat } from './schemas.ts';
import { Speech, wordsWithin } from './speech.ts';

export type ResponseStatus = 'in_progress' | 'completed' | 'cancelled' | 'incomplete' | 'failed';

/** One response as tests look at it. */
export interface ResponseRecord {
  readonly id: string;
  readonly kind: TurnKind;
  readonly startedBy: 'client' | 'vad' | 'idle';
  readonly outOfBand: boolean;
  readonly metadata: Readonly<Record<string, string>> | null;
  status: ResponseStatus;
  /** `turn_detected`, `client_cancelled`, `max_output_tokens` or a failure code. */
  reason: string | null;
  /** Messages generated, in full up to where they were cut off. */
  said: string;
  audioMs: number;
  readonly itemIds: string[];
  readonly calls: { readonly callId: string; readonly name: string; readonly arguments: string }[];
}

/** What a response needs from its session. */
export interface ResponseHost {
  readonly charsPerSecond: number | undefined;
  /** Milliseconds of audio generated in one millisecond. */
  readonly speed: number;
  readonly firstDeltaMs: number;
  send(type: string, body: Record<string, unknown>): void;
  makeId(prefix: string): string;
  nextUtterance(): number;
  nextDeltaBytes(): number;
  itemAdded(item: Item): void;
  itemDone(item: Item): void;
  audioSent(): void;
  usage(record: ResponseRecord): Record<string, unknown>;
  breakSocket(fault: SocketFault): void;
  finished(response: RunningResponse): void;
}

export interface ResponseSettings {
  readonly modality: 'audio' | 'text';
  readonly format: AudioFormat;
  readonly maxOutputTokens: number | 'inf';
}

const AUDIO_MS_PER_TOKEN = 50;
/** A call's arguments take this share of the time to a first delta. */
const CALL_SHARE = 0.25;
const LATE_DELTAS = 2;

interface Current {
  readonly item: Item;
  readonly index: number;
  readonly step: Step;
  readonly speech: Speech | null;
}

/** Plays one plan out as the API's events, piece by piece; one timer, none when it is over. */
export class RunningResponse {
  readonly record: ResponseRecord;
  readonly items: Item[] = [];
  readonly #host: ResponseHost;
  readonly #plan: Plan;
  readonly #settings: ResponseSettings;
  #step = 0;
  #current: Current | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(host: ResponseHost, record: ResponseRecord, plan: Plan, settings: ResponseSettings) {
    this.#host = host;
    this.record = record;
    this.#plan = plan;
    this.#settings = settings;
  }

  start(): void {
    this.#host.send('response.created', { response: this.show() });
    const [first] = this.#plan;
    const afterMs = first !== undefined && 'say' in first ? (first.afterMs ?? 0) : 0;
    this.#later(this.#host.firstDeltaMs + afterMs);
  }

  show(): Record<string, unknown> {
    const { id, status, reason, metadata, outOfBand } = this.record;
    const details = status === 'failed' ? { type: 'failed', error: failure(reason) } : { type: status, reason };
    return {
      object: 'realtime.response',
      id,
      status,
      status_details: status === 'in_progress' || status === 'completed' ? null : details,
      output: this.items.map(showItem),
      conversation_id: outOfBand ? null : 'conv_1',
      output_modalities: [this.#settings.modality],
      max_output_tokens: this.#settings.maxOutputTokens,
      metadata,
      usage: status === 'in_progress' ? null : this.#host.usage(this.record),
    };
  }

  /** Stops generating: what exists is closed, a piece or two still arrives after the end. */
  cancel(reason: 'turn_detected' | 'client_cancelled'): void {
    if (this.record.status !== 'in_progress') return;
    const current = this.#current;
    this.#finish('cancelled', reason);
    if (current?.speech === undefined || current.speech === null) return;
    for (let late = 0; late < LATE_DELTAS; late += 1) this.#sendDelta(current, current.speech);
  }

  /** The session is over: nothing more is sent. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => this.#advance(), ms);
  }

  #advance(): void {
    this.#timer = null;
    if (this.#current === null && !this.#open()) return;
    const current = this.#current;
    if (current === null) return;
    if (current.speech === null) {
      this.#endCurrent('completed');
      return this.#later(0);
    }
    const ms = this.#sendDelta(current, current.speech);
    if (this.#faultDue(current)) return;
    const { maxOutputTokens } = this.#settings;
    if (maxOutputTokens !== 'inf' && this.record.audioMs / AUDIO_MS_PER_TOKEN >= maxOutputTokens) {
      return this.#finish('incomplete', 'max_output_tokens');
    }
    if (current.speech.finished) this.#endCurrent('completed');
    this.#later(ms / this.#host.speed);
  }

  /** Begins the next step; false when the response is over or its socket is. */
  #open(): boolean {
    const step = this.#plan[this.#step];
    this.#step += 1;
    if (step === undefined) {
      this.#finish('completed', null);
      return false;
    }
    if ('fail' in step) {
      this.#finish('failed', step.fail);
      return false;
    }
    if ('call' in step) {
      this.#openCall(step);
      return false;
    }
    if ('say' in step) {
      this.#openMessage(step);
      return true;
    }
    this.#host.breakSocket(step.fault);
    return false;
  }

  #place(current: Pick<Current, 'item' | 'index'>): Record<string, unknown> {
    return { response_id: this.record.id, item_id: current.item.id, output_index: current.index };
  }

  #add(item: Item, step: Step, speech: Speech | null): Current {
    this.#current = { item, index: this.items.length, step, speech };
    this.items.push(item);
    this.record.itemIds.push(item.id);
    const added = { response_id: this.record.id, output_index: this.#current.index, item: showItem(item) };
    this.#host.send('response.output_item.added', added);
    if (!this.record.outOfBand) this.#host.itemAdded(item);
    return this.#current;
  }

  #openMessage(step: Extract<Step, { say: string }>): void {
    const audio = this.#settings.modality === 'audio';
    const speech = audio
      ? new Speech(step.say, this.#host.nextUtterance(), this.#host.charsPerSecond, this.#settings.format)
      : null;
    const content = audio ? 'output_audio' : 'output_text';
    const fields = { type: 'message', role: 'assistant', status: 'in_progress', content } as const;
    const item = makeItem({ ...fields, id: this.#host.makeId('item'), transcript: audio ? '' : step.say });
    const current = this.#add(item, step, speech);
    const part = audio ? { type: 'audio', transcript: '' } : { type: 'text', text: '' };
    this.#host.send('response.content_part.added', { ...this.#place(current), content_index: 0, part });
    if (audio) return;
    item.words = step.say;
    this.#host.send('response.output_text.delta', { ...this.#place(current), content_index: 0, delta: step.say });
  }

  #openCall(step: Extract<Step, { call: string }>): void {
    const text = typeof step.arguments === 'string' ? step.arguments : JSON.stringify(step.arguments);
    const half = Math.ceil(text.length / 2);
    const fields = { type: 'function_call', status: 'in_progress', name: step.call } as const;
    const item = makeItem({ ...fields, id: this.#host.makeId('item'), callId: this.#host.makeId('call') });
    const current = this.#add(item, step, null);
    item.arguments = text.slice(0, half);
    this.#sendArguments(current, item.arguments);
    this.#timer = setTimeout(() => {
      item.arguments = text;
      if (half < text.length) this.#sendArguments(current, text.slice(half));
      this.#advance();
    }, this.#host.firstDeltaMs * CALL_SHARE);
  }

  #sendArguments(current: Current, delta: string): void {
    const body = { ...this.#place(current), call_id: current.item.callId, delta };
    this.#host.send('response.function_call_arguments.delta', body);
  }

  #sendDelta(current: Current, speech: Speech): number {
    const delta = speech.next(this.#host.nextDeltaBytes());
    if (delta === null) return 0;
    const place = { ...this.#place(current), content_index: 0 };
    const late = this.record.status !== 'in_progress';
    if (delta.words !== '' && !late) {
      this.#host.send('response.output_audio_transcript.delta', { ...place, delta: delta.words });
    }
    this.#host.send('response.output_audio.delta', { ...place, delta: delta.audio });
    this.#host.audioSent();
    current.item.generatedMs = speech.generatedMs;
    this.record.audioMs += delta.ms;
    return delta.ms;
  }

  #faultDue(current: Current): boolean {
    const fault = 'say' in current.step ? current.step.fault : undefined;
    if (fault === undefined || current.item.generatedMs < fault.atMs) return false;
    this.#host.breakSocket(fault.kind);
    return true;
  }

  #endCurrent(status: 'completed' | 'incomplete'): void {
    const current = this.#current;
    if (current === null) return;
    this.#current = null;
    current.item.status = status;
    if (current.item.type === 'function_call') this.#endCall(current);
    else this.#endMessage(current, status);
    const done = { response_id: this.record.id, output_index: current.index, item: showItem(current.item) };
    this.#host.send('response.output_item.done', done);
    if (!this.record.outOfBand) this.#host.itemDone(current.item);
  }

  #endCall(current: Current): void {
    const { callId, name, arguments: text, status } = current.item;
    if (status !== 'completed') return;
    const call = { callId: callId ?? '', name: name ?? '', arguments: text };
    this.record.calls.push(call);
    const body = { ...this.#place(current), call_id: call.callId, name: call.name, arguments: text };
    this.#host.send('response.function_call_arguments.done', body);
  }

  #endMessage(current: Current, status: 'completed' | 'incomplete'): void {
    const { item, speech } = current;
    const place = { ...this.#place(current), content_index: 0 };
    if (speech === null) {
      this.#host.send('response.output_text.done', { ...place, text: item.words });
      this.#host.send('response.content_part.done', { ...place, part: { type: 'text', text: item.words } });
    } else {
      if (!item.truncated) {
        const whole = status === 'completed';
        item.transcript = speech.said;
        item.words = whole ? speech.text : wordsWithin(speech.text, speech.generatedMs, this.#host.charsPerSecond);
      }
      const part = { type: 'audio', transcript: speech.said };
      this.#host.send('response.output_audio.done', place);
      this.#host.send('response.output_audio_transcript.done', { ...place, transcript: speech.said });
      this.#host.send('response.content_part.done', { ...place, part });
    }
    this.record.said = `${this.record.said} ${speech?.said ?? item.words}`.trim();
  }

  #finish(status: Exclude<ResponseStatus, 'in_progress'>, reason: string | null): void {
    this.stop();
    this.#endCurrent('incomplete');
    this.record.status = status;
    this.record.reason = reason;
    this.#host.send('response.done', { response: this.show() });
    this.#host.finished(this);
  }
}

function failure(code: string | null): Record<string, unknown> {
  const messages: Readonly<Record<FailureCode, string>> = {
    rate_limit_exceeded: 'Rate limit reached for tokens per minute.',
    insufficient_quota: 'You exceeded your current quota.',
    credit_balance_exhausted: 'The credit balance is exhausted.',
    server_error: 'The server had an error while processing your request.',
  };
  const type = code === 'server_error' ? 'server_error' : code;
  return { type, code, message: messages[(code ?? 'server_error') as FailureCode] };
}
