import type { Opening, Turn, Usage } from '../../machines/call-events.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { looksLikeDelta, readDelta, type AudioDelta } from './delta.ts';
import { Dialogue, type DialogueListener } from './dialogue.ts';
import { reactionTo } from './errors.ts';
import { readEvent, type RateLimits, type ServerEvent } from './events.ts';
import { openingText } from './openings.ts';
import type { ModelSettings, SessionProfile } from './profile.ts';
import { callPair, seedOf, systemItem, type OpenCall, type Seed } from './seed.ts';
import { audioFormat, fullUpdate, turnsUpdate } from './session-update.ts';
import { ModelSocket } from './socket.ts';

/** From the first byte of the handshake to the configuration's confirmation. */
const readyTimeoutMs = 7000;
/** Tools that ran when the last session was lost are waited for so long before the model speaks. */
const openCallsMs = 1500;

/** Of its life, after which a session should be replaced: the rest is for finding a pause. */
const rotateShare = 5 / 6;

/** Who hears what the model does. Methods are called from the socket's events. */
export interface SessionListener extends DialogueListener {
  /** Configured, seeded and about to speak: audio may be appended. After `rotateMs` another one should go on. */
  onReady(sessionId: string, model: string, rotateMs: number): void;
  /** Hot. `delta` is overwritten afterwards. `late`: audio of an interrupted response. */
  onAudio(delta: AudioDelta, late: boolean): void;
  /** Once; the session is closed. */
  onLost(code: string, fatal: boolean): void;
  /** A method of this listener threw. */
  onFault(error: unknown): void;
}

/** Who keeps the account's books. Called once or twice for each response. */
export interface AccountListener {
  limitsTold(limits: RateLimits): void;
  /** What one response used, whether it was heard or not. */
  used(usage: Usage): void;
}

export interface SessionDeps {
  settings: ModelSettings;
  /** The server ends a session after it. */
  lifeMs: number;
  account?: AccountListener;
  log: Log;
  metrics: Metrics;
  /** Monotonic milliseconds. */
  now(): number;
}

/**
 * One session with the model, from the handshake on; needs no stream. It configures itself, waits for `begin`,
 * then lives until `close` or `onLost`. Someone must call `tick` some times a second.
 */
export class ModelSession {
  readonly #deps: SessionDeps;
  readonly #listener: SessionListener;
  readonly #socket: ModelSocket;
  readonly #dialogue: Dialogue;
  readonly #delta: AudioDelta = { responseId: '', itemId: '', payload: '', bytes: 0 };
  readonly #startedAt: number;
  #state: 'connecting' | 'configuring' | 'configured' | 'live' | 'closed' = 'connecting';
  #profile: SessionProfile | null = null;
  #sessionId = '';
  #updates = 0;
  /** The last update sent lets the server answer the caller's turns. */
  #answersTurns = true;
  #begin: { opening: Opening; seed: Seed } | null = null;
  #openCalls = new Map<string, OpenCall>();
  #openingDueAt: number | null = null;

  constructor(deps: SessionDeps, profile: Promise<SessionProfile>, listener: SessionListener) {
    this.#deps = deps;
    this.#listener = listener;
    this.#startedAt = deps.now();
    this.#dialogue = new Dialogue({
      send: (event) => this.#socket.send(JSON.stringify(event)),
      lose: (code, fatal) => this.#lose(code, fatal),
      listener,
      log: deps.log,
      now: deps.now,
    });
    this.#socket = new ModelSocket(deps.settings, {
      onOpen: () => {
        this.#state = 'configuring';
        this.#configure();
      },
      onMessage: (data) => this.#onMessage(data),
      onGone: (code, fatal) => this.#lose(code, fatal),
    });
    profile.then(
      (value) => {
        this.#profile = value;
        this.#configure();
      },
      (error: unknown) => {
        deps.log.error({ err: error }, 'session profile failed');
        this.#lose('profile_failed', true);
      },
    );
  }

  /** Audio may be appended and the conversation goes on. */
  get live(): boolean {
    return this.#state === 'live';
  }

  /** A response is under way or asked for. */
  get busy(): boolean {
    return this.#dialogue.busy;
  }

  /** Caller's turns whose words are still to come. */
  get transcriptsDue(): number {
    return this.#dialogue.transcriptsDue;
  }

  /** Seeds the conversation and lets the model speak its opening, as soon as the session is configured. Once. */
  begin(opening: Opening, turns: readonly Turn[]): void {
    if (this.#begin || this.#state === 'closed') return;
    this.#begin = { opening, seed: seedOf(turns) };
    if (this.#state === 'configured') this.#start();
  }

  /** Hot: the caller's audio as a whole append event. Only while `live`. */
  append(event: string): void {
    this.#socket.send(event);
  }

  /** The output of a tool; with `respond` the model speaks once all outputs of that response are in. */
  deliver(toolCallId: string, output: string, respond: boolean): void {
    if (this.#state !== 'live') return;
    const open = this.#openCalls.get(toolCallId);
    if (!open) {
      this.#dialogue.sendItem({ type: 'function_call_output', call_id: toolCallId, output });
      return this.#dialogue.answered(toolCallId, respond);
    }
    this.#openCalls.delete(toolCallId);
    for (const item of callPair(open, output)) this.#dialogue.sendItem(item);
    if (this.#openingDueAt === null) this.#dialogue.answered(toolCallId, respond);
    else if (this.#openCalls.size === 0) this.#speakOpening();
  }

  /** The model speaks without being asked: the text tells it what to say. Only while `live`. */
  say(text: string): void {
    this.#dialogue.sendItem(systemItem(text));
    this.#dialogue.speak();
  }

  /** The caller interrupts: what the active response still sends is late. The server cancels it by itself. */
  interrupt(): void {
    this.#dialogue.discardActive();
  }

  /** The caller heard no more of the item than this, whole milliseconds within what the model generated. */
  truncate(itemId: string, audioEndMs: number): void {
    const event = { type: 'conversation.item.truncate', item_id: itemId, content_index: 0, audio_end_ms: audioEndMs };
    this.#socket.send(JSON.stringify(event));
  }

  tick(now: number): void {
    if (this.#state === 'closed') return;
    this.#socket.tick(now);
    if (this.#state === 'connecting' || this.#state === 'configuring') {
      if (now - this.#startedAt >= readyTimeoutMs) this.#lose('configure_timeout', false);
    } else if (this.#state === 'live') {
      if (this.#openingDueAt !== null && now >= this.#openingDueAt) this.#speakOpening();
      this.#dialogue.tick(now);
    }
  }

  close(): void {
    this.#state = 'closed';
    this.#socket.close();
  }

  #configure(): void {
    if (this.#state !== 'configuring' || !this.#profile) return;
    this.#answersTurns = !this.#begin || this.#begin.seed.items.length === 0;
    this.#socket.send(fullUpdate(this.#nextUpdate(), this.#profile, this.#answersTurns));
  }

  #start(): void {
    if (!this.#begin) return;
    const { items, open } = this.#begin.seed;
    if (items.length > 0) {
      if (this.#answersTurns) this.#socket.send(turnsUpdate(this.#nextUpdate(), false));
      for (const item of items) this.#dialogue.sendItem(item);
      this.#socket.send(turnsUpdate(this.#nextUpdate(), true));
    }
    for (const call of open) this.#openCalls.set(call.toolCallId, call);
    this.#state = 'live';
    if (open.length === 0) this.#speakOpening();
    else this.#openingDueAt = this.#deps.now() + openCallsMs;
    this.#listener.onReady(this.#sessionId, this.#deps.settings.model, this.#rotateMs());
  }

  /** From now on. */
  #rotateMs(): number {
    const { lifeMs, now } = this.#deps;
    return Math.max(0, Math.round(this.#startedAt + lifeMs * rotateShare - now()));
  }

  #speakOpening(): void {
    this.#openingDueAt = null;
    if (!this.#begin || !this.#profile) return;
    const { opening, seed } = this.#begin;
    const running = [...this.#openCalls.values()];
    const { callerWaits, callerSpoke } = seed;
    const scene = { greeting: this.#profile.greeting, callerWaits, callerSpoke, running };
    const text = openingText(opening, scene);
    if (text === null) return;
    this.#dialogue.sendItem(systemItem(text));
    this.#dialogue.speak();
  }

  #onMessage(data: Buffer): void {
    try {
      if (looksLikeDelta(data)) this.#onDelta(data);
      else {
        const event = readEvent(data.toString());
        if (event === 'unknown' || event === 'broken') this.#ignore(event);
        else if (event !== 'idle') this.#onEvent(event);
      }
    } catch (error) {
      this.#listener.onFault(error);
    }
  }

  #onDelta(data: Buffer): void {
    if (!readDelta(data, this.#delta)) return this.#ignore('broken');
    // Before the configuration is confirmed audio may be of another format: it must not reach anyone.
    if (this.#state !== 'live') return this.#ignore('early');
    this.#listener.onAudio(this.#delta, this.#dialogue.onAudio(this.#delta.responseId));
  }

  #onEvent(event: ServerEvent): void {
    if (event.type === 'rateLimits') this.#deps.account?.limitsTold({ tokens: event.tokens, requests: event.requests });
    if (event.type === 'response.done' && event.usage) this.#deps.account?.used(event.usage);
    if (event.type === 'session.created') this.#sessionId = event.sessionId;
    else if (event.type === 'session.updated') this.#onUpdated(event.inputFormat, event.outputFormat);
    else if (event.type === 'error' && this.#refusesUpdate(event.eventId)) {
      this.#deps.log.error({ code: event.code, param: event.param }, 'model refused the session');
      this.#lose(event.code, reactionTo(event.code) !== 'retry');
    } else if (this.#state === 'live') this.#dialogue.onEvent(event);
    else if (event.type === 'response.created' || event.type === 'speech.started') this.#ignore('early');
  }

  /** Until the configuration stands every error is about it. */
  #refusesUpdate(eventId: string | null): boolean {
    return this.#state === 'connecting' || this.#state === 'configuring' || (eventId?.startsWith('cfg_') ?? false);
  }

  #onUpdated(inputFormat: string | null, outputFormat: string | null): void {
    if ((inputFormat ?? audioFormat) !== audioFormat || (outputFormat ?? audioFormat) !== audioFormat) {
      return this.#lose('format_refused', true);
    }
    if (this.#state !== 'configuring' || this.#updates === 0) return;
    this.#state = 'configured';
    this.#start();
  }

  #ignore(reason: string): void {
    this.#deps.metrics.modelEventsIgnored.inc({ reason });
  }

  #lose(code: string, fatal: boolean): void {
    if (this.#state === 'closed') return;
    this.close();
    this.#listener.onLost(code, fatal);
  }

  #nextUpdate(): string {
    return `cfg_${++this.#updates}`;
  }
}
