import type { WebSocket } from 'uWebSockets.js';
import { nobody } from '../voice/name-tag.ts';
import type { PhraseBook } from '../voice/phrases.ts';
import type { PhraseReader } from '../voice/phrase-reader.ts';
import type { Answers } from './answers.ts';
import { type Detection, ModelEar } from './ear.ts';
import type { ModelCounts } from './model-counts.ts';
import type { ModelOptions, ModelSettings } from './model-options.ts';
import {
  limitsText,
  responseText,
  textTokens,
  transcriptionUsageText,
  usageText,
  userItemText,
} from './event-texts.ts';
import { mergeSession, newSession, type SessionState } from './session-state.ts';
import { SpokenAnswer } from './spoken-answer.ts';

const appendStart = Buffer.from('{"type":"input_audio_buffer.append","audio":"');
const appendEnd = 2;
/** Base64 of a minute of audio. */
const appendCharsMax = 640_000;
/** Items that can still be truncated. */
const itemsMax = 32;
const sessionLifeS = 3_600;
const msPerToken = { caller: 100, model: 50 } as const;

/** One scratch for all sessions: what was appended is done with when the handler returns. */
const scratch = Buffer.alloc(appendCharsMax);

export interface Hall {
  settings: ModelSettings;
  journeys: ModelOptions['journeys'];
  questions: PhraseBook;
  answers: Answers;
  counts: ModelCounts;
  complain(complaint: string): void;
  /** It wants `tick`. */
  busy(session: ModelSession): void;
  /** Of the account, per minute. */
  tokensUsed(tokens: number): number;
}

export interface SocketData {
  model: string;
  session?: ModelSession;
}

interface Due {
  at: number;
  run(now: number): void;
}

type Json = Readonly<Record<string, unknown>>;

/** One realtime session: takes audio of any cut, answers each turn in the simulated voice. */
export class ModelSession {
  readonly #hall: Hall;
  readonly #socket: WebSocket<SocketData>;
  readonly #id: number;
  readonly #ear: ModelEar;
  readonly #state: SessionState;
  /** Milliseconds generated, by item. */
  readonly #items = new Map<string, number>();
  #isOpen = true;
  #answer: SpokenAnswer | null = null;
  #due: Due[] = [];
  #events = 0;
  #ids = 0;
  #lastItem: string | null = null;
  #userItem = '';
  #turnStartMs = 0;
  #hasSpoken = false;
  /** Who called, by the last phrase that was heard. */
  #line = nobody;
  #turn = 0;
  #occasions = 0;
  #inputTokens = 0;

  constructor(hall: Hall, socket: WebSocket<SocketData>, id: number, model: string) {
    this.#hall = hall;
    this.#socket = socket;
    this.#id = id;
    this.#state = newSession(`sess_${id}`, model, Math.floor(Date.now() / 1000) + sessionLifeS);
    this.#ear = new ModelEar(hall.questions, {
      onSpeechStarted: (ms) => this.#onSpeechStarted(ms),
      onSpeechStopped: (ms) => this.#onSpeechStopped(ms),
      onFrame: (reader) => this.#onFrame(reader),
    });
  }

  begin(): void {
    this.#send('session.created', `"session":${JSON.stringify(this.#state)}`);
    this.#send('conversation.created', '"conversation":{"id":"conv_1","object":"realtime.conversation"}');
  }

  /** Hot. */
  take(message: Buffer): void {
    const end = message.length - appendEnd;
    const isLong = end > appendStart.length && message[end] === 34;
    if (isLong && message.compare(appendStart, 0, appendStart.length, 0, appendStart.length) === 0) {
      return this.#append(message.toString('latin1', appendStart.length, end));
    }
    this.#event(message);
  }

  /** True: it wants to be called again. */
  tick(now: number): boolean {
    if (!this.#isOpen) return false;
    if (this.#due.some(({ at }) => at <= now) || (this.#answer !== null && this.#answer.dueAt <= now)) {
      this.#socket.cork(() => this.#work(now));
    }
    return this.#isOpen && (this.#due.length > 0 || this.#answer !== null);
  }

  closed(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#due = [];
    this.#answer = null;
    const { counts } = this.#hall;
    const { reader } = this.#ear;
    // A caller who hangs up in the middle of a word owes nothing.
    reader.cut();
    counts.wordsHeard += reader.words;
    counts.wordsMissing += reader.wordsLost;
    counts.framesLost += reader.lost;
    counts.framesRepeated += reader.repeated;
    counts.framesStrange += reader.strange;
    counts.frames += this.#ear.frames;
  }

  /** Frames appended, silence included. */
  get frames(): number {
    return this.#ear.frames;
  }

  get reader(): PhraseReader {
    return this.#ear.reader;
  }

  #work(now: number): void {
    const due = this.#due.filter(({ at }) => at <= now);
    this.#due = this.#due.filter(({ at }) => at > now);
    for (const one of due) one.run(now);
    const answer = this.#answer;
    if (answer === null || answer.dueAt > now || !answer.advance(now)) return;
    this.#answer = null;
    answer.close('completed');
    this.#finish(answer, 'completed', 'null');
  }

  #later(ms: number, run: (now: number) => void): void {
    this.#due.push({ at: performance.now() + ms, run });
    this.#hall.busy(this);
  }

  #append(base64: string): void {
    if (base64.length > appendCharsMax) return this.#refuse('invalid_value', 'more than a minute of audio', null);
    this.#hall.counts.appends++;
    this.#ear.take(scratch, scratch.write(base64, 'base64'), this.#detection);
  }

  get #detection(): Detection | null {
    return this.#state.detection;
  }

  #onFrame(reader: PhraseReader): void {
    if (reader.line === nobody) return;
    this.#line = reader.line;
    this.#turn = reader.turn;
    this.#hall.journeys?.toModel.arrived(reader.line, reader.turn, reader.frame, performance.now());
  }

  #onSpeechStarted(audioStartMs: number): void {
    this.#userItem = this.#newId('item');
    this.#turnStartMs = audioStartMs;
    this.#send('input_audio_buffer.speech_started', `"audio_start_ms":${audioStartMs},"item_id":"${this.#userItem}"`);
    if (this.#state.interrupt_response) this.#cancel('turn_detected');
  }

  #onSpeechStopped(audioEndMs: number): void {
    this.#hall.counts.turns++;
    this.#send('input_audio_buffer.speech_stopped', `"audio_end_ms":${audioEndMs},"item_id":"${this.#userItem}"`);
    this.#commit();
    if (this.#state.create_response) this.#respond();
  }

  #commit(): void {
    const id = this.#userItem === '' ? this.#newId('item') : this.#userItem;
    this.#userItem = '';
    const previous = this.#link(id);
    const item = userItemText(id);
    this.#send('input_audio_buffer.committed', `"item_id":"${id}","previous_item_id":${previous}`);
    this.#send('conversation.item.added', `"previous_item_id":${previous},"item":${item}`);
    this.#send('conversation.item.done', `"previous_item_id":${previous},"item":${item}`);
    if (this.#state.transcribes) this.#transcribe(id);
  }

  /** The item comes after the last one; returns that one, quoted. */
  #link(id: string): string {
    const previous = this.#lastItem === null ? 'null' : `"${this.#lastItem}"`;
    this.#lastItem = id;
    return previous;
  }

  #transcribe(itemId: string): void {
    const { phrase } = this.#ear.reader;
    const text = JSON.stringify(phrase?.words ?? '');
    const tokens = Math.ceil((this.#ear.positionMs - this.#turnStartMs) / msPerToken.caller);
    this.#inputTokens += tokens;
    const usage = transcriptionUsageText(tokens);
    this.#later(this.#hall.settings.transcriptionMs, () => {
      const place = `"item_id":"${itemId}","content_index":0`;
      this.#send('conversation.item.input_audio_transcription.delta', `${place},"delta":${text}`);
      this.#send(
        'conversation.item.input_audio_transcription.completed',
        `${place},"transcript":${text},"usage":${usage}`,
      );
    });
  }

  #respond(): void {
    if (this.#answer !== null) {
      const message = `Conversation already has an active response in progress: ${this.#answer.options.responseId}.`;
      return this.#refuse('conversation_already_has_active_response', message, null, true);
    }
    const { settings, answers, journeys } = this.#hall;
    const responseId = this.#newId('resp');
    const itemId = this.#newId('item');
    const heard = this.#ear.reader.phrase?.number ?? this.#id;
    const previousId = this.#lastItem;
    this.#lastItem = itemId;
    this.#answer = new SpokenAnswer(
      {
        send: (type, body) => this.#send(type, body),
        sendText: (text) => this.#sendText(text),
        nextEventId: () => this.#nextEventId(),
      },
      {
        responseId,
        itemId,
        previousId,
        cut: answers.of(heard, this.#occasions++),
        line: this.#line,
        turn: this.#turn,
        firstAt: performance.now() + settings.firstDeltaMs,
        speed: settings.speed,
        journeys: journeys?.toCaller ?? null,
      },
    );
    this.#send('response.created', `"response":${responseText(responseId, 'in_progress', 'null', '', 'null')}`);
    this.#sendLimits();
    this.#hall.busy(this);
  }

  #cancel(reason: 'turn_detected' | 'client_cancelled'): boolean {
    const answer = this.#answer;
    if (answer === null) return false;
    this.#answer = null;
    this.#hall.counts.cancelled++;
    answer.close('incomplete');
    this.#finish(answer, 'cancelled', `{"type":"cancelled","reason":"${reason}"}`);
    answer.late();
    this.#remember(answer);
    return true;
  }

  #finish(answer: SpokenAnswer, status: 'completed' | 'cancelled', details: string): void {
    const item = answer.generatedMs === 0 ? '' : answer.item(status === 'completed' ? 'completed' : 'incomplete');
    const out = Math.ceil(answer.generatedMs / msPerToken.model);
    const input = textTokens + this.#inputTokens;
    this.#inputTokens += out;
    const usage = usageText(input - textTokens, out);
    this.#hall.counts.answers++;
    this.#hall.tokensUsed(input + out);
    this.#remember(answer);
    this.#hasSpoken ||= answer.generatedMs > 0;
    const response = responseText(answer.options.responseId, status, details, item, usage);
    this.#send('response.done', `"response":${response}`);
  }

  #remember(answer: SpokenAnswer): void {
    if (answer.generatedMs === 0) return;
    this.#items.set(answer.options.itemId, answer.generatedMs);
    for (const id of this.#items.keys()) {
      if (this.#items.size <= itemsMax) break;
      this.#items.delete(id);
    }
  }

  #sendLimits(): void {
    const { settings } = this.#hall;
    const left = Math.max(0, settings.tokensPerMinute - this.#hall.tokensUsed(0));
    this.#send('rate_limits.updated', `"rate_limits":${limitsText(settings.tokensPerMinute, left)}`);
  }

  #event(message: Buffer): void {
    const event = parsed(message);
    if (event === null) return this.#refuse('invalid_event', 'Events are JSON objects.', null);
    const eventId = typeof event['event_id'] === 'string' ? event['event_id'] : null;
    switch (event['type']) {
      case 'input_audio_buffer.append':
        return typeof event['audio'] === 'string'
          ? this.#append(event['audio'])
          : this.#refuse('missing_required_parameter', "Missing required parameter: 'audio'.", eventId);
      case 'session.update':
        return this.#update(event['session'], eventId);
      case 'conversation.item.create':
        return this.#create(event['item']);
      case 'conversation.item.truncate':
        return this.#truncate(event, eventId);
      case 'conversation.item.delete':
        return this.#send('conversation.item.deleted', `"item_id":${JSON.stringify(event['item_id'])}`);
      case 'response.create':
        return this.#respond();
      case 'response.cancel':
        if (!this.#cancel('client_cancelled'))
          this.#refuse('response_cancel_not_active', 'No active response.', eventId, true);
        return;
      case 'input_audio_buffer.commit':
        return this.#commit();
      case 'input_audio_buffer.clear':
        this.#ear.reset();
        return this.#send('input_audio_buffer.cleared', '');
      default:
        return this.#refuse('invalid_value', `Invalid value: '${String(event['type'])}'.`, eventId);
    }
  }

  #update(update: unknown, eventId: string | null): void {
    const refusal = mergeSession(this.#state, update, this.#hasSpoken);
    if (refusal !== null) return this.#refuse(refusal.code, refusal.message, eventId);
    this.#send('session.updated', `"session":${JSON.stringify(this.#state)}`);
  }

  #create(given: unknown): void {
    const item = typeof given === 'object' && given !== null ? (given as Json) : {};
    const id = typeof item['id'] === 'string' ? item['id'] : this.#newId('item');
    const previous = this.#link(id);
    const shown = JSON.stringify({ ...item, id, object: 'realtime.item', status: 'completed' });
    this.#send('conversation.item.added', `"previous_item_id":${previous},"item":${shown}`);
    this.#send('conversation.item.done', `"previous_item_id":${previous},"item":${shown}`);
  }

  #truncate(event: Json, eventId: string | null): void {
    const id = String(event['item_id']);
    const endMs = Number(event['audio_end_ms']);
    const active = this.#answer?.options.itemId === id ? this.#answer.generatedMs : undefined;
    const generatedMs = active ?? this.#items.get(id);
    if (generatedMs === undefined)
      return this.#refuse('item_truncate_invalid_item_id', `Item with id '${id}' not found.`, eventId);
    if (!Number.isInteger(endMs) || endMs < 0 || endMs > generatedMs) {
      const message = `Audio content of ${generatedMs}ms is already shorter than ${endMs}ms`;
      return this.#refuse('invalid_value', message, eventId);
    }
    this.#hall.counts.truncated++;
    this.#send(
      'conversation.item.truncated',
      `"item_id":${JSON.stringify(id)},"content_index":0,"audio_end_ms":${endMs}`,
    );
  }

  #refuse(code: string, message: string, eventId: string | null, benign = false): void {
    if (!benign) this.#hall.complain(`${this.#state.id}: ${code}: ${message}`);
    const error = { type: 'invalid_request_error', code, message, param: null, event_id: eventId };
    this.#send('error', `"error":${JSON.stringify(error)}`);
  }

  #send(type: string, body: string): void {
    this.#sendText(`{"type":"${type}","event_id":"${this.#nextEventId()}"${body === '' ? '' : ','}${body}}`);
  }

  #sendText(text: string): void {
    if (this.#isOpen) this.#socket.send(text, false, false);
  }

  #nextEventId(): string {
    return `event_${this.#id}_${++this.#events}`;
  }

  #newId(prefix: string): string {
    return `${prefix}_${this.#id}_${++this.#ids}`;
  }
}

function parsed(message: Buffer): Json | null {
  try {
    const value: unknown = JSON.parse(message.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
  } catch {
    return null;
  }
}
