import type { Line, Opening, StreamStopReason, Turn } from '../../machines/call-events.ts';
import type { ResidentCall, SpokenLine, Told, TurnTimes } from '../calls/stream-port.ts';
import type { AudioDelta } from '../model/delta.ts';
import type { ResponseEnd, ToolAsk } from '../model/dialogue.ts';
import { prefixPaddingMs, turnSilenceMs } from '../model/session-update.ts';
import type { ModelSession } from '../model/session.ts';
import type { SessionListener } from '../model/session-listener.ts';
import type { Sessions } from '../model/sessions.ts';
import type { LineName } from '../services/lines.ts';
import type { Log } from '../telemetry/log.ts';
import type { CallerAudio } from './caller-audio.ts';
import { Rotation, type Successor } from './rotation.ts';
import { Voice, type VoiceDeps, type VoiceListener } from './voice.ts';
import type { CarrierWire } from './wire.ts';

/** The last words' transcript is waited for so long before the stream ends on purpose. */
const lastWordsMs = 500;
/** A sentence that has not been heard by then is not waited for. */
const sentenceMs = 4_000;
/** What is said at once, before there is a session. */
const openingLines: Readonly<Partial<Record<Opening, LineName>>> = {
  greeting: 'greeting',
  bridging: 'bridging',
  staffUnavailable: 'staffUnavailable',
  returned: 'returned',
};
/** The stream ended and the call may go on at this node: its session is kept for it. */
const keepsSession: ReadonlySet<StreamStopReason> = new Set(['closed', 'silent', 'failed', 'superseded']);

export interface BridgeDeps extends VoiceDeps {
  sessions: Sessions;
  log: Log;
}

/** One call's model session on one side, the carrier's line on the other, and the call that is told about both. */
export class Bridge implements SessionListener, VoiceListener {
  readonly #deps: BridgeDeps;
  readonly #callerAudio: CallerAudio;
  readonly #onThrown: (error: unknown) => void;
  readonly #voice: Voice;
  #call: ResidentCall | null = null;
  #session: ModelSession | null = null;
  #rotation: Rotation | null = null;
  #speaking = false;
  /** The conversation has lost a session, and none was ready since. */
  #lacksSession = false;
  #busy = false;
  /** What the caller has heard of the session that is being opened. */
  #saidFirst: LineName | null = null;
  /** Notes that came while a session was being opened. */
  #notes: { noteId: string; text: string }[] = [];
  #lastWordsWaiters: (() => void)[] = [];
  #quietWaiters: (() => void)[] = [];
  #closed = false;

  constructor(deps: BridgeDeps, wire: CarrierWire, callerAudio: CallerAudio, onThrown: (error: unknown) => void) {
    this.#deps = deps;
    this.#callerAudio = callerAudio;
    this.#onThrown = onThrown;
    this.#voice = new Voice(deps, wire, this, () => this.#session);
  }

  /** The caller is talking, as far as the model heard. */
  get speaking(): boolean {
    return this.#speaking;
  }

  /** `startedAt`: when the carrier said that its stream starts. */
  attach(call: ResidentCall, startedAt: number): void {
    this.#call = call;
    this.#voice.started(call, startedAt);
  }

  tell(fact: Told): void {
    if (!this.#closed) this.#call?.tell(fact);
  }

  open(opening: Opening, seed: readonly Turn[]): void {
    if (this.#closed || !this.#call) return;
    this.#drop();
    // Whatever was noted until now is in its seed.
    this.#notes = [];
    this.#voice.opening();
    const { callSid, language } = this.#call;
    const line = openingLines[opening];
    const said = line && line !== this.#saidFirst && this.#voice.atRest ? this.#voice.play(line, language) : null;
    if (said !== null) this.#saidFirst = line ?? null;
    const isSaid = line !== undefined && line === this.#saidFirst;
    if (opening !== 'greeting' || !isSaid) this.#begin(callSid, opening, seed, isSaid);
    else this.#begin(callSid, 'resuming', said ? [...seed, { who: 'assistant', ...said, cut: false }] : seed, true);
    this.#settle();
  }

  deliver(toolCallId: string, output: string, respond: boolean): void {
    this.#abandonRotation();
    this.#session?.deliver(toolCallId, output, respond);
  }

  /** `moment` is for a caller who hears nothing. */
  play(line: Line, language: string): void {
    if (this.#closed || (line === 'moment' && this.#speaking)) return;
    this.#abandonRotation();
    if (line === 'moment') this.#voice.fill(line, language);
    else this.#voice.say(line, language);
    this.#settle();
  }

  /** The model is to know it before its next answer. */
  note(noteId: string, text: string): void {
    if (this.#closed) return;
    this.#abandonRotation();
    if (this.#session?.live) this.#session.note(text, noteId);
    else this.#notes.push({ noteId, text });
  }

  nudge(): void {
    if (this.#voice.silent && !this.#speaking) this.#session?.nudge();
  }

  dropModel(): void {
    if (this.#session === null || !this.#voice.silent) return;
    this.#session.giveUp('dead_air');
  }

  rotate(seed: readonly Turn[]): void {
    const { sessions } = this.#deps;
    const { callSid } = this.#call ?? {};
    this.#rotation?.close();
    this.#rotation = null;
    if (this.#closed || callSid === undefined || !this.#isAtRest()) return this.#rotated(null);
    this.#rotation = new Rotation(
      (listener) => sessions.fresh(callSid, listener),
      seed,
      (successor) => this.#rotated(successor),
    );
  }

  /** Resolves when no words of either side are outstanding, after 500 ms at the latest. */
  lastWords(): Promise<void> {
    return this.#wordsDue() === 0 ? Promise.resolve() : waitIn(this.#lastWordsWaiters, lastWordsMs);
  }

  /** Resolves when the assistant has said it and comes to rest, after 4 s at the latest. */
  say(line: SpokenLine): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#abandonRotation();
    const isSaid = this.#voice.say(line, this.#call?.language ?? '');
    this.#settle();
    return isSaid ? waitIn(this.#quietWaiters, sentenceMs) : Promise.resolve();
  }

  /** A mark came back. False: it is none of ours. */
  echoed(name: string): boolean {
    const isOurs = this.#voice.echoed(name);
    this.#settle();
    return isOurs;
  }

  /** What the carrier has and the caller has not heard, base64, oldest first. */
  unheard(): string[] {
    return this.#voice.unheard();
  }

  /** The carrier may take more. */
  drained(): void {
    this.#voice.drained();
  }

  tick(now: number): void {
    this.#session?.tick(now);
    this.#rotation?.tick(now);
    this.#voice.tick(now);
    this.#settle();
  }

  /** The stream ended: tells what was heard and gives the session back. Nothing is told after `last`. */
  close(last: Extract<Told, { type: 'carrier.streamStopped' }>): void {
    if (this.#closed) return;
    // What was not heard to its end would stand in its memory as heard.
    const isKept = this.#isAtRest() && keepsSession.has(last.reason);
    this.#callerAudio.flush();
    this.#voice.close();
    this.tell(last);
    this.#closed = true;
    const session = this.#session;
    if (session && this.#call && isKept) {
      this.#session = null;
      this.#deps.sessions.keep(this.#call.callSid, session);
    }
    this.#drop();
    this.#wordsCame(true);
    wake(this.#quietWaiters);
  }

  onReady(sessionId: string, model: string, rotateMs: number): void {
    this.#saidFirst = null;
    if (this.#lacksSession) this.#deps.metrics.modelReconnects.inc({ result: 'ready' });
    this.#lacksSession = false;
    this.tell({ type: 'model.ready', sessionId, model, rotateMs });
    if (this.#session) this.#callerAudio.connect(this.#session);
    this.#voice.ready();
    for (const { noteId, text } of this.#notes.splice(0)) this.#session?.note(text, noteId);
    this.#settle();
  }

  onAudio(delta: AudioDelta, late: boolean): void {
    const startedAt = this.#deps.now();
    this.#voice.audio(delta, late);
    this.#deps.metrics.spliceSeconds.to_caller.observe((this.#deps.now() - startedAt) / 1000);
  }

  onOutputStarted(responseId: string, itemId: string): void {
    this.#abandonRotation();
    this.#voice.begin(responseId, itemId);
  }

  onWords(responseId: string, itemId: string, text: string): void {
    this.#voice.words(responseId, itemId, text);
  }

  onOutputEnded(responseId: string, itemId: string, text: string | null): void {
    this.#voice.ended(responseId, itemId, text);
    this.#settle();
  }

  onSpeechStarted(itemId: string, startMs: number | null): void {
    const agoMs = startMs === null ? 0 : this.#callerAudio.agoMs(startMs + prefixPaddingMs, this.#deps.now());
    this.#speaking = true;
    this.#callerAudio.speechStarted();
    this.#abandonRotation();
    this.tell({ type: 'caller.speechStarted', itemId });
    this.#voice.speechStarted(itemId, agoMs);
    this.#settle();
  }

  onSpeechStopped(itemId: string, endMs: number | null): void {
    const agoMs = endMs === null ? turnSilenceMs : this.#callerAudio.agoMs(endMs - turnSilenceMs, this.#deps.now());
    this.#speaking = false;
    this.#callerAudio.speechStopped();
    this.#voice.speechStopped(agoMs);
    this.tell({ type: 'caller.speechStopped', itemId, agoMs: Math.round(agoMs) });
  }

  onCallerSaid(itemId: string, text: string | null, after: string | null): void {
    this.#abandonRotation();
    this.tell({ type: 'caller.said', itemId, text: text ?? '', after });
    if (!this.#speaking && this.#session?.transcriptsDue === 0) this.#callerAudio.settled();
    this.#voice.callerSaid(itemId, text);
    this.#wordsCame();
  }

  onToolAsked(ask: ToolAsk): void {
    this.tell({ type: 'tool.asked', ...ask });
  }

  onResponseEnded(end: ResponseEnd): void {
    this.#voice.responseEnded(end.responseId);
    this.tell({ type: 'model.responded', ...end });
    this.#settle();
  }

  onLost(code: string, fatal: boolean): void {
    if (this.#lacksSession) this.#deps.metrics.modelReconnects.inc({ result: 'lost' });
    this.#lacksSession = true;
    this.#abandonRotation();
    this.#session = null;
    this.#speaking = false;
    this.#callerAudio.disconnect();
    this.#voice.sessionLost();
    this.tell({ type: 'model.lost', code, fatal });
    this.#settle();
  }

  onFault(error: unknown): void {
    this.#onThrown(error);
  }

  onSaid(itemId: string, responseId: string, text: string, totalMs: number): void {
    this.tell({ type: 'assistant.said', itemId, responseId, text, totalMs });
    this.#wordsCame();
  }

  onHeard(itemId: string, text: string, heardMs: number, totalMs: number, cut: boolean): void {
    this.tell({ type: 'assistant.heard', itemId, text, heardMs, totalMs, cut });
  }

  onTruncate(itemId: string, audioEndMs: number): void {
    this.#session?.truncate(itemId, audioEndMs);
  }

  onFirstWord(ms: number): void {
    if (!this.#closed) this.#call?.spoke(ms);
  }

  onFirstHeard(agoMs: number): void {
    if (!this.#closed) this.#call?.heardFirst(agoMs);
  }

  onAnswered(times: TurnTimes, agoMs: number): void {
    if (!this.#closed) this.#call?.answered(times, agoMs);
  }

  onChange(): void {
    this.#settle();
  }

  #begin(callSid: string, opening: Opening, turns: readonly Turn[], isSaid: boolean): void {
    this.#session = this.#deps.sessions.open(callSid, this, opening, turns);
    this.#session.begin(opening, turns, isSaid);
  }

  /** Nobody is in the middle of anything. */
  #isAtRest(): boolean {
    const session = this.#session;
    const isIdle = session?.live === true && !session.busy && session.transcriptsDue === 0;
    return isIdle && !this.#speaking && this.#voice.atRest;
  }

  /** What the new session knows is no longer all that was said. */
  #abandonRotation(): void {
    if (this.#rotation === null) return;
    this.#rotation.close();
    this.#rotated(null);
  }

  #rotated(successor: Successor | null): void {
    this.#rotation = null;
    if (successor === null || !this.#isAtRest()) {
      successor?.session.close();
      this.#deps.metrics.rotations.inc({ result: 'put_off' });
      return this.tell({ type: 'model.rotated', sessionId: null, rotateMs: 0 });
    }
    const { session, sessionId, rotateMs } = successor;
    session.listen(this, null);
    this.#session?.close();
    this.#session = session;
    this.#callerAudio.connect(session);
    this.#deps.metrics.rotations.inc({ result: 'done' });
    this.tell({ type: 'model.rotated', sessionId, rotateMs });
  }

  /** Tells once when the assistant has come to rest. */
  #settle(): void {
    const busy = !this.#voice.atRest || (this.#session?.busy ?? false);
    const cameToRest = this.#busy && !busy;
    this.#busy = busy;
    if (!cameToRest) return;
    this.tell({ type: 'assistant.fellSilent' });
    wake(this.#quietWaiters);
  }

  #wordsDue(): number {
    return (this.#session?.transcriptsDue ?? 0) + this.#voice.transcriptsDue;
  }

  #wordsCame(all = false): void {
    if (all || (this.#lastWordsWaiters.length > 0 && this.#wordsDue() === 0)) wake(this.#lastWordsWaiters);
  }

  #drop(): void {
    this.#abandonRotation();
    this.#session?.close();
    this.#session = null;
    this.#callerAudio.disconnect();
  }
}

function waitIn(waiters: (() => void)[], msMax: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, msMax);
    function done(): void {
      clearTimeout(timer);
      resolve();
    }
    waiters.push(done);
  });
}

function wake(waiters: (() => void)[]): void {
  for (const done of waiters.splice(0)) done();
}
