import type { Opening, Turn } from '../../machines/call-events.ts';
import type { ResidentCall, SpokenLine, Told } from '../calls/stream-port.ts';
import type { AudioDelta } from '../model/delta.ts';
import type { ResponseEnd, ToolAsk } from '../model/dialogue.ts';
import { spokenLines } from '../model/openings.ts';
import { turnSilenceMs } from '../model/session-update.ts';
import type { ModelSession, SessionListener } from '../model/session.ts';
import type { Sessions } from '../model/sessions.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { CallerAudio } from './caller-audio.ts';
import { Mouth, type MouthListener } from './mouth.ts';
import type { CarrierWire } from './wire.ts';

/** The last words' transcript is waited for so long before the stream ends on purpose. */
const lastWordsMs = 500;
/** A sentence that has not been heard by then is not waited for. */
const sentenceMs = 4_000;

export interface BridgeDeps {
  sessions: Sessions;
  log: Log;
  metrics: Metrics;
  /** Monotonic milliseconds. */
  now(): number;
}

/** One call's model session on one side, the carrier's line on the other, and the call that is told about both. */
export class Bridge implements SessionListener, MouthListener {
  readonly #deps: BridgeDeps;
  readonly #wire: CarrierWire;
  readonly #callerAudio: CallerAudio;
  readonly #onThrown: (error: unknown) => void;
  readonly #mouth: Mouth;
  readonly #pump: () => void;
  #call: ResidentCall | null = null;
  #session: ModelSession | null = null;
  #speaking = false;
  #busy = false;
  /** When the caller's last turn ended, until its answer was heard. */
  #turnEndedAt: number | null = null;
  #lastWordsWaiters: (() => void)[] = [];
  #quietWaiters: (() => void)[] = [];
  #closed = false;

  constructor(deps: BridgeDeps, wire: CarrierWire, callerAudio: CallerAudio, onThrown: (error: unknown) => void) {
    this.#deps = deps;
    this.#wire = wire;
    this.#callerAudio = callerAudio;
    this.#onThrown = onThrown;
    this.#mouth = new Mouth(wire, this);
    this.#pump = () => this.#mouth.pump(deps.now());
  }

  /** The caller is talking, as far as the model heard. */
  get speaking(): boolean {
    return this.#speaking;
  }

  attach(call: ResidentCall): void {
    this.#call = call;
  }

  tell(fact: Told): void {
    if (!this.#closed) this.#call?.tell(fact);
  }

  open(opening: Opening, seed: readonly Turn[]): void {
    if (this.#closed || !this.#call) return;
    this.#drop();
    this.#session = this.#deps.sessions.open(this.#call.callSid, this, opening, seed);
    this.#session.begin(opening, seed);
  }

  deliver(toolCallId: string, output: string, respond: boolean): void {
    this.#session?.deliver(toolCallId, output, respond);
  }

  /** Resolves when no words of either side are outstanding, after 500 ms at the latest. */
  lastWords(): Promise<void> {
    return this.#wordsDue() === 0 ? Promise.resolve() : waitIn(this.#lastWordsWaiters, lastWordsMs);
  }

  /** Resolves when the assistant has said it and comes to rest, after 4 s at the latest. */
  say(line: SpokenLine): Promise<void> {
    if (!this.#session?.live) return Promise.resolve();
    this.#session.say(spokenLines[line]);
    this.#settle();
    return waitIn(this.#quietWaiters, sentenceMs);
  }

  /** A mark came back. False: it is none of ours. */
  echoed(name: string): boolean {
    const now = this.#deps.now();
    const playedMs = this.#mouth.echoed(name, now);
    if (playedMs !== null && this.#turnEndedAt !== null) {
      const silenceMs = now - playedMs - this.#turnEndedAt + turnSilenceMs;
      this.#turnEndedAt = null;
      this.#deps.metrics.silenceSeconds.observe(Math.max(0, silenceMs) / 1000);
    }
    this.#settle();
    return playedMs !== null || /^g\d+:\d+:\d+$/.test(name);
  }

  /** The carrier may take more. */
  drained(): void {
    if (this.#mouth.waiting) this.#wire.cork(this.#pump);
  }

  tick(now: number): void {
    this.#session?.tick(now);
    this.#mouth.tick(now);
    this.drained();
    this.#settle();
  }

  /** The stream ended: tells what was heard and gives the session back. Nothing is told after `last`. */
  close(last: Told): void {
    if (this.#closed) return;
    this.#mouth.close(this.#deps.now());
    this.tell(last);
    this.#closed = true;
    this.#drop();
    this.#wordsCame(true);
    wake(this.#quietWaiters);
  }

  onReady(sessionId: string, model: string, rotateMs: number): void {
    this.tell({ type: 'model.ready', sessionId, model, rotateMs });
    if (this.#session) this.#callerAudio.connect(this.#session);
    this.#settle();
  }

  onAudio(delta: AudioDelta, late: boolean): void {
    const startedAt = this.#deps.now();
    this.#mouth.audio(delta.responseId, delta.itemId, delta.payload, delta.bytes, late);
    this.#wire.cork(this.#pump);
    this.#deps.metrics.spliceSeconds.observe((this.#deps.now() - startedAt) / 1000);
  }

  onOutputStarted(responseId: string, itemId: string): void {
    this.#mouth.begin(responseId, itemId);
  }

  onWords(responseId: string, itemId: string, text: string): void {
    this.#mouth.words(responseId, itemId, text);
  }

  onOutputEnded(responseId: string, itemId: string, text: string | null): void {
    this.#mouth.ended(responseId, itemId, text);
    this.#wire.cork(this.#pump);
    this.#settle();
  }

  onSpeechStarted(itemId: string): void {
    this.#speaking = true;
    this.#turnEndedAt = null;
    this.tell({ type: 'caller.speechStarted', itemId });
    if (!this.#mouth.silent || this.#session?.busy) this.#interrupt();
    this.#settle();
  }

  onSpeechStopped(itemId: string): void {
    this.#speaking = false;
    this.#turnEndedAt = this.#deps.now();
    this.tell({ type: 'caller.speechStopped', itemId });
  }

  onCallerSaid(itemId: string, text: string, after: string | null): void {
    this.tell({ type: 'caller.said', itemId, text, after });
    this.#wordsCame();
  }

  onToolAsked(ask: ToolAsk): void {
    this.tell({ type: 'tool.asked', ...ask });
  }

  onResponseEnded(end: ResponseEnd): void {
    this.#mouth.responseEnded(end.responseId);
    this.tell({ type: 'model.responded', ...end });
    this.#wire.cork(this.#pump);
    this.#settle();
  }

  onLost(code: string, fatal: boolean): void {
    this.#session = null;
    this.#speaking = false;
    this.#callerAudio.disconnect();
    this.#mouth.sessionLost();
    this.tell({ type: 'model.lost', code, fatal });
    this.#wire.cork(this.#pump);
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

  onDropped(): void {
    this.#deps.metrics.droppedFrames.inc({ direction: 'to_caller' });
  }

  #interrupt(): void {
    this.#session?.interrupt();
    this.#wire.cork(() => this.#mouth.interrupt(this.#deps.now()));
  }

  /** Tells once when the assistant has come to rest. */
  #settle(): void {
    const busy = !this.#mouth.silent || (this.#session?.busy ?? false);
    const cameToRest = this.#busy && !busy;
    this.#busy = busy;
    if (!cameToRest) return;
    this.tell({ type: 'assistant.fellSilent' });
    wake(this.#quietWaiters);
  }

  #wordsDue(): number {
    return (this.#session?.transcriptsDue ?? 0) + this.#mouth.transcriptsDue;
  }

  #wordsCame(all = false): void {
    if (all || (this.#lastWordsWaiters.length > 0 && this.#wordsDue() === 0)) wake(this.#lastWordsWaiters);
  }

  #drop(): void {
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
