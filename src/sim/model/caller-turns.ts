import type { Configuration } from './configuration.ts';
import { makeItem, showItem, type Conversation, type Item } from './conversation.ts';
import { Hearing, type HeardTurn } from './hearing.ts';
import type { ModelSettings } from './options.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { Responding } from './responding.ts';
import { transcriptionUsage } from './usage.ts';
import type { VadEvent } from './vad.ts';

/** What the caller's side needs to know of its session. */
export interface HearingSession {
  readonly configuration: Configuration;
  readonly conversation: Conversation;
  refuse(refusal: Refusal, eventId: string | null, benign?: boolean): void;
}

export interface CallerParts {
  readonly settings: ModelSettings;
  readonly complain: (complaint: string) => void;
  readonly send: (type: string, body: Record<string, unknown>) => void;
  readonly makeId: (prefix: string) => string;
}

const COMMIT_MS_MIN = 100;
const APPEND_CHARS_MAX = 20 * 1024 * 1024;
const HEARD_MAX = 1000;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const APPEND_KEYS = new Set(['type', 'audio', 'event_id']);

/** The input buffer at work: appended audio becomes turns, items, transcriptions and answers. */
export class CallerTurns {
  readonly hearing: Hearing;
  readonly heard: HeardTurn[] = [];
  /** Milliseconds of audio in committed turns. */
  heardMs = 0;
  transcriptionFails = false;
  readonly #session: HearingSession;
  readonly #responding: Responding;
  readonly #parts: CallerParts;
  readonly #timers = new Set<NodeJS.Timeout>();
  #itemId: string | null = null;
  #startMs = 0;
  #warned = false;

  constructor(session: HearingSession, responding: Responding, parts: CallerParts) {
    this.#session = session;
    this.#responding = responding;
    this.#parts = parts;
    this.hearing = new Hearing(parts.complain);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Checked by hand: it comes fifty times a second. */
  append(event: Record<string, unknown>): Refusal | null {
    for (const key of Object.keys(event)) {
      if (!APPEND_KEYS.has(key)) return refuse('unknown_parameter', `Unknown parameter: '${key}'.`, key);
    }
    const audio = event['audio'];
    if (audio === undefined)
      return refuse('missing_required_parameter', "Missing required parameter: 'audio'.", 'audio');
    if (typeof audio !== 'string') return refuse('invalid_type', "Invalid type for 'audio': expected string.", 'audio');
    if (audio.length > APPEND_CHARS_MAX) return refuse('invalid_value', 'More than 15 MiB of audio.', 'audio');
    if (audio.length % 4 !== 0 || !BASE64.test(audio)) {
      return refuse('invalid_value', 'Invalid audio: expected base64.', 'audio');
    }
    const { format, turn_detection: detection } = this.#session.configuration.audio.input;
    if (format.type !== 'audio/pcmu' && !this.#warned) {
      this.#warned = true;
      this.#parts.complain(`append while the input format is ${format.type}`);
    }
    this.hearing.append(Buffer.from(audio, 'base64'), format, detection, (turn) => this.#onTurn(turn));
    return null;
  }

  /** A client's commit: a user item, no response. */
  commit(): Refusal | null {
    if (this.hearing.bufferedMs < COMMIT_MS_MIN) {
      const message = `Expected at least ${COMMIT_MS_MIN}ms of audio, the buffer has ${this.hearing.bufferedMs}ms.`;
      return refuse('input_audio_buffer_commit_empty', message);
    }
    this.#commit(this.hearing.committedMs);
    return null;
  }

  clear(): null {
    this.hearing.take();
    this.#itemId = null;
    this.#parts.send('input_audio_buffer.cleared', {});
    return null;
  }

  /** Nobody spoke for `idle_timeout_ms`: a silent turn is committed and answered. */
  timeout(): void {
    if (this.hearing.speaking || this.#responding.active !== null) return;
    const itemId = this.#parts.makeId('item');
    const spanMs = { audio_start_ms: this.hearing.committedMs, audio_end_ms: Math.floor(this.hearing.appendedMs) };
    this.#parts.send('input_audio_buffer.timeout_triggered', { ...spanMs, item_id: itemId });
    this.#itemId = itemId;
    this.#commit(this.hearing.committedMs);
    this.#responding.start('idle', null);
  }

  #onTurn(event: VadEvent): void {
    const detection = this.#session.configuration.audio.input.turn_detection;
    if (event.kind === 'started') {
      this.#itemId = this.#parts.makeId('item');
      this.#startMs = event.atMs;
      this.#responding.stopIdling();
      const body = { audio_start_ms: event.atMs, item_id: this.#itemId };
      this.#parts.send('input_audio_buffer.speech_started', body);
      if (detection?.interrupt_response !== false) this.#responding.cancel(undefined, 'turn_detected');
      return;
    }
    const stopped = { audio_end_ms: event.atMs, item_id: this.#itemId };
    this.#parts.send('input_audio_buffer.speech_stopped', stopped);
    this.#commit(this.#startMs);
    if (detection?.create_response === false) return;
    const refusal = this.#responding.start('vad', null);
    if (refusal !== null) this.#session.refuse(refusal, null, true);
  }

  #commit(startMs: number): void {
    const endMs = Math.floor(this.hearing.appendedMs);
    const words = this.hearing.take();
    const id = this.#itemId ?? this.#parts.makeId('item');
    this.#itemId = null;
    this.heardMs += endMs - startMs;
    const { conversation } = this.#session;
    const previousId = conversation.lastId;
    const item = makeItem({ id, type: 'message', role: 'user', content: 'input_audio', words });
    conversation.append(item);
    this.heard.push({ itemId: id, text: words, startMs, endMs });
    if (this.heard.length > HEARD_MAX) this.heard.shift();
    this.#parts.send('input_audio_buffer.committed', { item_id: id, previous_item_id: previousId });
    for (const what of ['added', 'done']) {
      this.#parts.send(`conversation.item.${what}`, { previous_item_id: previousId, item: showItem(item) });
    }
    if (this.#session.configuration.audio.input.transcription !== null) this.#transcribeLater(item, endMs - startMs);
  }

  #transcribeLater(item: Item, ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#transcribe(item, ms);
    }, this.#parts.settings.transcriptionMs);
    this.#timers.add(timer);
  }

  #transcribe(item: Item, ms: number): void {
    const place = { item_id: item.id, content_index: 0 };
    const name = 'conversation.item.input_audio_transcription';
    if (this.transcriptionFails) {
      const message = 'The audio could not be transcribed.';
      const error = { type: 'transcription_error', code: 'audio_unintelligible', message, param: null };
      return this.#parts.send(`${name}.failed`, { ...place, error });
    }
    item.transcript = item.words;
    const half = item.words.indexOf(' ', item.words.length / 2);
    const pieces = half < 0 ? [item.words] : [item.words.slice(0, half), item.words.slice(half)];
    for (const delta of pieces) {
      if (delta !== '') this.#parts.send(`${name}.delta`, { ...place, delta });
    }
    const done = { ...place, transcript: item.words, usage: transcriptionUsage(ms, item.words) };
    this.#parts.send(`${name}.completed`, done);
  }
}
