import type { Opening, Turn } from '../../machines/call-events.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { AccountListener } from './account.ts';
import { Configuration } from './configuration.ts';
import { looksLikeDelta, readDelta, type AudioDelta } from './delta.ts';
import { Dialogue } from './dialogue.ts';
import type { EarlyEvents } from './early-events.ts';
import type { Leave } from './endpoints.ts';
import { reactionTo } from './errors.ts';
import { readEvent, startsIdle, type ServerEvent } from './events.ts';
import { Memory } from './memory.ts';
import { openingText } from './openings.ts';
import type { SessionProfile } from './profile.ts';
import { callPair, noteItem, seedOf, systemItem, type OpenCall, type Seed } from './seed.ts';
import { audioFormat } from './session-update.ts';
import type { SessionListener } from './session-listener.ts';
import type { SessionSocket } from './socket.ts';

/** From the first byte of the handshake to the configuration's confirmation. */
const readyTimeoutMs = 7000;
/** Tools that ran when the last session was lost are waited for so long before the model speaks. */
const openCallsMs = 1500;

/** Of its life, after which a session should be replaced: the rest is for finding a pause. */
const rotateShare = 5 / 6;

export interface SessionDeps {
  leave: Leave;
  /** The server ends a session after it, unless it says that it does so sooner. */
  lifeMs: number;
  account?: AccountListener;
  log: Log;
  metrics: Metrics;
  /** Monotonic milliseconds. */
  now(): number;
  /** Redis-clock ms: what the server says in epoch seconds is measured by it. */
  epochNow(): number;
  /** The session is over, however it ended. Once. */
  onOver?: () => void;
}

/**
 * One session with the model, from the handshake on; needs no stream. It configures itself, waits for `begin`,
 * then lives until `close` or `onLost`. Someone must call `tick` some times a second.
 */
export class ModelSession {
  readonly #deps: SessionDeps;
  readonly #socket: SessionSocket;
  readonly #dialogue: Dialogue;
  readonly #configuration: Configuration;
  readonly #memory = new Memory();
  readonly #delta: AudioDelta = { responseId: '', itemId: '', payload: '', bytes: 0 };
  readonly #startedAt: number;
  /** Of the caller's audio, on whichever line: counted by whoever appends. */
  heardBytes = 0;
  #listener: SessionListener;
  /** What was told before somebody listened. */
  #early: EarlyEvents | null = null;
  #endsAt: number;
  #hasSpoken = false;
  #state: 'connecting' | 'configuring' | 'configured' | 'live' | 'closed' = 'connecting';
  #sessionId = '';
  #begin: { opening: Opening; seed: Seed; excused: boolean } | null = null;
  #openCalls = new Map<string, OpenCall>();
  #openingDueAt: number | null = null;

  constructor(deps: SessionDeps, profile: Promise<SessionProfile>, listener: SessionListener) {
    this.#deps = deps;
    this.#listener = listener;
    this.#startedAt = deps.now();
    this.#endsAt = this.#startedAt + deps.lifeMs;
    this.#dialogue = new Dialogue({
      send: (event) => this.#socket.send(JSON.stringify(event)),
      lose: (code, fatal) => this.#lose(code, fatal),
      listener,
      log: deps.log,
      now: deps.now,
    });
    this.#socket = deps.leave.connect({
      onOpen: () => {
        this.#state = 'configuring';
        this.#configure();
      },
      onMessage: (data) => this.#onMessage(data),
      onGone: (code, fatal) => this.#lose(code, fatal),
    });
    this.#configuration = new Configuration(
      {
        send: (message) => this.#socket.send(message),
        known: () => {
          this.#configure();
          this.#start();
        },
        failed: () => this.#lose('profile_failed', true),
        log: deps.log,
      },
      profile,
    );
  }

  /** It has been told how to begin. */
  get isBegun(): boolean {
    return this.#begin !== null;
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

  /** It neither speaks nor listens nor waits for anything. */
  get atRest(): boolean {
    return this.live && !this.busy && this.transcriptsDue === 0 && !this.#memory.isBusy && this.#openCalls.size === 0;
  }

  /** All of these turns happened here or were seeded. */
  knows(turns: readonly Turn[]): boolean {
    return this.#memory.knows(turns);
  }

  /** From now on this one is told; what was told before, `begin` hands over. */
  listen(listener: SessionListener, early: EarlyEvents | null): void {
    this.#listener = listener;
    this.#dialogue.listen(listener);
    this.#early = early;
  }

  /** The call goes on with it on another line: it may begin once more, and keeps what it knows. */
  goOnWith(listener: SessionListener): void {
    this.listen(listener, null);
    this.#begin = null;
  }

  /**
   * Seeds the conversation and lets the model speak its opening, as soon as the session is configured. Once; where it has
   * begun before somebody listened, that is told now. `excused`: the caller has heard what happened, from elsewhere.
   */
  begin(opening: Opening, turns: readonly Turn[], excused = false): void {
    if (this.#state === 'closed') return;
    if (this.#begin) return this.#catchUp();
    this.#early = null;
    this.#memory.seeded(turns);
    this.#begin = { opening, seed: seedOf(turns), excused };
    if (this.#state === 'live') this.#resume();
    else this.#start();
  }

  /** Who the assistant is from now on: the model is told what changed of it. What has not begun waits for it. */
  renew(profile: Promise<SessionProfile>): void {
    if (this.#state !== 'closed') this.#configuration.renew(profile);
  }

  /** Hot: the caller's audio as a whole append event in ASCII, `from` to `to`. Only while `live`. */
  append(bytes: Uint8Array, from: number, to: number): void {
    this.#socket.sendAscii(bytes, from, to);
  }

  /** The output of a tool; with `respond` the model speaks once all outputs of that response are in. */
  deliver(toolCallId: string, output: string, respond: boolean): void {
    if (this.#state !== 'live') return;
    this.#memory.delivered(toolCallId);
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

  /** The model says exactly this next. Only while `live`. */
  sayExactly(text: string): void {
    this.say(`Say exactly: "${text}" Say nothing else and do not call a tool.`);
  }

  /** What a supervisor noted for the next answer; it asks for none by itself. Only while `live`. */
  note(text: string, noteId: string): void {
    this.#memory.noted(noteId);
    this.#dialogue.sendItem(noteItem(text));
  }

  /** The caller hears this turn from elsewhere: the model is to know that it said so. Only while `live`. */
  tell(text: string, turnId: string): void {
    this.#dialogue.tell(text, turnId);
  }

  /** The caller heard no more than this of a turn that was told or seeded. */
  correct(turnId: string, text: string): void {
    if (this.#state === 'live') this.#dialogue.correct(turnId, text);
  }

  /**
   * The caller's last turn was no words. True: the server's answer to it is cancelled, now or when it begins, or is
   * complete and not to be heard.
   */
  refuseAnswer(): boolean {
    return this.#dialogue.refuseAnswer();
  }

  /** What a noise cut off in the middle goes on. Only while `live`. */
  goOn(): void {
    this.#dialogue.goOn();
  }

  /** The model has let the caller wait: it is asked once more to speak. */
  nudge(): void {
    if (this.#state === 'live') this.#dialogue.nudge();
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

  /** It is of no use any more: told as any other loss. */
  giveUp(code: string): void {
    this.#lose(code, false);
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#end();
    this.#deps.leave.left();
  }

  #configure(): void {
    if (this.#state === 'configuring') this.#configuration.send(!this.#begin || this.#begin.seed.items.length === 0);
  }

  #start(): void {
    if (!this.#begin || this.#state !== 'configured' || this.#configuration.isRenewed) return;
    const { items, open } = this.#begin.seed;
    if (items.length > 0) this.#configuration.answerTurns(false);
    for (const { item, turnId } of items) this.#dialogue.sendItem(item, turnId);
    this.#configuration.answerTurns(true);
    for (const call of open) this.#openCalls.set(call.toolCallId, call);
    this.#state = 'live';
    if (open.length === 0) this.#speakOpening();
    else this.#openingDueAt = this.#deps.now() + openCallsMs;
    this.#tellReady();
  }

  #tellReady(): void {
    const rotateAt = this.#startedAt + (this.#endsAt - this.#startedAt) * rotateShare;
    const rotateMs = Math.max(0, Math.round(rotateAt - this.#deps.now()));
    this.#listener.onReady(this.#sessionId, this.#deps.leave.model, rotateMs);
  }

  /** Another line, the same conversation. */
  #resume(): void {
    this.#tellReady();
    this.#speakOpening();
  }

  /** Tells the new listener what it missed. */
  #catchUp(): void {
    const early = this.#early;
    this.#early = null;
    if (!early) return;
    if (this.#state === 'live') this.#tellReady();
    early.replay(this.#listener);
  }

  #speakOpening(): void {
    this.#openingDueAt = null;
    const { profile } = this.#configuration;
    if (!this.#begin || !profile) return;
    const { opening, seed, excused } = this.#begin;
    const running = [...this.#openCalls.values()];
    const { callerWaits, callerSpoke } = seed;
    const { greeting, language } = profile;
    const scene = { greeting, language, callerWaits, callerSpoke, running, excused };
    const text = openingText(opening, scene);
    if (text === null) return;
    this.#dialogue.sendItem(systemItem(text));
    this.#dialogue.speak();
  }

  #onMessage(data: Buffer): void {
    try {
      if (looksLikeDelta(data)) this.#onDelta(data);
      else if (!startsIdle(data)) {
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
    if (!this.#hasSpoken) {
      this.#hasSpoken = true;
      this.#deps.leave.spoke();
    }
    this.#listener.onAudio(this.#delta, this.#dialogue.onAudio(this.#delta.responseId));
  }

  #onEvent(event: ServerEvent): void {
    if (event.type === 'rateLimits') this.#deps.account?.limitsTold({ tokens: event.tokens, requests: event.requests });
    if (event.type === 'response.done') this.#onResponded(event);
    else if (event.type === 'error') this.#deps.metrics.modelErrors.inc({ code: event.code });
    this.#memory.event(event);
    if (event.type === 'session.created') this.#onCreated(event);
    else if (event.type === 'session.updated') this.#onUpdated(event.inputFormat, event.outputFormat);
    else if (event.type === 'error' && this.#configuration.refusedChange(event)) return;
    else if (event.type === 'error' && this.#refusesUpdate(event.eventId)) {
      this.#deps.log.error({ code: event.code, param: event.param }, 'model refused the session');
      this.#lose(event.code, reactionTo(event.code) !== 'retry');
    } else if (this.#state === 'live') this.#dialogue.onEvent(event);
    else if (event.type === 'response.created' || event.type === 'speech.started') this.#ignore('early');
  }

  #onResponded({ status, usage, errorCode }: Extract<ServerEvent, { type: 'response.done' }>): void {
    this.#deps.metrics.modelResponses.inc({ status });
    if (errorCode !== null) this.#deps.metrics.modelErrors.inc({ code: errorCode });
    if (usage) this.#deps.account?.used(usage);
  }

  #onCreated({ sessionId, expiresAtS }: Extract<ServerEvent, { type: 'session.created' }>): void {
    this.#sessionId = sessionId;
    if (expiresAtS === null) return;
    const { now, epochNow } = this.#deps;
    const leftMs = expiresAtS * 1_000 - epochNow();
    // Clocks that differ by more than a session's life say nothing.
    if (leftMs > 0) this.#endsAt = Math.min(this.#endsAt, now() + leftMs);
  }

  /** Until the configuration stands every error is about it. */
  #refusesUpdate(eventId: string | null): boolean {
    const isSetUp = this.#state !== 'connecting' && this.#state !== 'configuring';
    return !isSetUp || this.#configuration.refused(eventId);
  }

  #onUpdated(inputFormat: string | null, outputFormat: string | null): void {
    if ((inputFormat ?? audioFormat) !== audioFormat || (outputFormat ?? audioFormat) !== audioFormat) {
      return this.#lose('format_refused', true);
    }
    if (this.#state !== 'configuring' || !this.#configuration.isSent) return;
    this.#state = 'configured';
    this.#deps.leave.configured();
    this.#start();
  }

  #ignore(reason: string): void {
    this.#deps.metrics.modelEventsIgnored.inc({ reason });
  }

  #lose(code: string, fatal: boolean): void {
    if (this.#state === 'closed') return;
    this.#end();
    this.#listener.onLost(code, this.#deps.leave.lost(code, fatal));
  }

  #end(): void {
    this.#state = 'closed';
    this.#socket.close();
    this.#deps.onOver?.();
  }
}
