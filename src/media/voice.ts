import type { ResidentCall } from '../calls/stream-port.ts';
import type { AudioDelta } from '../model/delta.ts';
import type { ModelSession } from '../model/session.ts';
import type { LineName } from '../services/lines.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Doubt, type Verdict } from './doubt.ts';
import { EarClock, type EarListener } from './ear-clock.ts';
import { Mouth, type MouthListener } from './mouth.ts';
import { OwnLines, type StreamLines } from './own-lines.ts';
import type { Rest } from './piece.ts';
import type { CarrierWire } from './wire.ts';

export interface VoiceDeps {
  lines: StreamLines;
  metrics: Metrics;
  /** Monotonic milliseconds. */
  now(): number;
}

export interface VoiceListener extends Omit<MouthListener, 'onBegun' | 'onDropped' | 'onUnderrun'>, EarListener {
  /** Nothing is heard any more, or something is. */
  onChange(): void;
}

/** All that the caller hears: the model, sentences that were ready before, and what becomes of both when the caller speaks. */
export class Voice implements MouthListener {
  readonly #deps: VoiceDeps;
  readonly #wire: CarrierWire;
  readonly #listener: VoiceListener;
  readonly #session: () => ModelSession | null;
  readonly #mouth: Mouth;
  readonly #ear: EarClock;
  readonly #own: OwnLines;
  readonly #doubt = new Doubt();
  readonly #pump: () => void;

  /** `session` is the one that talks now. */
  constructor(deps: VoiceDeps, wire: CarrierWire, listener: VoiceListener, session: () => ModelSession | null) {
    this.#deps = deps;
    this.#wire = wire;
    this.#listener = listener;
    this.#session = session;
    this.#mouth = new Mouth(wire, this);
    this.#ear = new EarClock(deps.metrics, listener);
    this.#own = new OwnLines(this.#mouth, session);
    this.#pump = () => this.#mouth.pump(deps.now());
  }

  /** Nothing plays or waits to be played. */
  get silent(): boolean {
    return this.#mouth.silent;
  }

  /** Silent, and nothing that was cut off may go on. */
  get atRest(): boolean {
    return this.#mouth.silent && !this.#doubt.open;
  }

  /** What the carrier has and the caller has not heard, base64, oldest first. */
  unheard(): string[] {
    return this.#mouth.unheard(this.#deps.now());
  }

  /** Items of the model whose words are not complete yet. */
  get transcriptsDue(): number {
    return this.#mouth.transcriptsDue;
  }

  /** `startedAt`: since when the caller hears nothing. */
  started({ epoch, traceId }: Pick<ResidentCall, 'epoch' | 'traceId'>, startedAt: number): void {
    this.#own.number(epoch);
    this.#ear.started(startedAt, traceId);
  }

  /** Plays the sentence if it is ready; null if it is not. */
  play(line: LineName, language: string): { itemId: string; text: string } | null {
    const { lines } = this.#deps;
    const audio = lines.audio(line, language);
    if (audio === null) return null;
    const itemId = this.#own.play(line, audio, lines.shielded(line));
    this.#wire.cork(this.#pump);
    return { itemId, text: audio.text };
  }

  /** Plays the sentence and lets the model know, or has the model say it. False: nobody can say it. */
  say(line: LineName, language: string): boolean {
    const said = this.play(line, language);
    if (said !== null) this.#own.tell(said.itemId, said.text);
    else if (!this.#session()?.live) return false;
    else this.#session()?.sayExactly(this.#deps.lines.text(line, language));
    return true;
  }

  /** Fills the silence of a caller who hears nothing. */
  fill(line: LineName, language: string): void {
    if (!this.#mouth.silent || this.#wire.full) return;
    const session = this.#session();
    if (this.play(line, language) === null && session?.live && !session.busy) {
      session.sayExactly(this.#deps.lines.text(line, language));
    }
  }

  /** A session is opened that knows what was said until now. */
  opening(): void {
    this.#own.opening();
  }

  ready(): void {
    this.#own.ready();
  }

  sessionLost(): void {
    this.#letGo();
    this.#mouth.sessionLost();
    this.#wire.cork(this.#pump);
  }

  begin(responseId: string, itemId: string): void {
    this.#mouth.begin(responseId, itemId);
  }

  /** Hot. */
  audio({ responseId, itemId, payload, bytes }: AudioDelta, late: boolean): void {
    if (this.#ear.awaitsAnswer && !late) this.#ear.came(this.#deps.now());
    if (this.#doubt.open && !late) this.#mouth.hold(this.#doubt.answerBegins(responseId, this.#deps.now()));
    this.#mouth.audio(responseId, itemId, payload, bytes, late);
    this.#wire.cork(this.#pump);
  }

  words(responseId: string, itemId: string, text: string): void {
    this.#mouth.words(responseId, itemId, text);
  }

  ended(responseId: string, itemId: string, text: string | null): void {
    this.#mouth.ended(responseId, itemId, text);
    this.#wire.cork(this.#pump);
  }

  responseEnded(responseId: string): void {
    this.#mouth.responseEnded(responseId);
    this.#wire.cork(this.#pump);
  }

  /** The caller speaks, or something is loud, since so many ms: what plays stops. */
  speechStarted(itemId: string, agoMs: number): void {
    const now = this.#deps.now();
    this.#ear.speechStarted(now);
    const midAnswer = this.#session()?.busy ?? false;
    const rest = midAnswer || !this.#mouth.silent ? this.#interrupt(now, agoMs) : null;
    this.#doubt.begin(itemId, rest && { rest, midAnswer }, now);
  }

  /** The caller's last sound was so many ms ago. */
  speechStopped(agoMs: number): void {
    const now = this.#deps.now();
    this.#ear.speechStopped(now, agoMs);
    this.#doubt.stopped(now);
  }

  /** What the caller said, '' for no words; null where nobody knows. */
  callerSaid(itemId: string, text: string | null): void {
    this.#judge(this.#doubt.words(itemId, text));
  }

  /** A mark came back. False: it is none of ours. */
  echoed(name: string): boolean {
    const now = this.#deps.now();
    const playedMs = this.#mouth.echoed(name, now);
    if (playedMs === 'old') this.#ear.silenced(now);
    else if (playedMs !== null) this.#ear.heard(playedMs, now);
    return playedMs !== null || /^g\d+:\d+:\d+$/.test(name);
  }

  /** The carrier may take more. */
  drained(): void {
    if (this.#mouth.waiting) this.#wire.cork(this.#pump);
  }

  tick(now: number): void {
    this.#mouth.tick(now);
    if (this.#mouth.sounding) this.#deps.metrics.playoutLeadSeconds.observe(this.#mouth.leadMs(now) / 1000);
    this.#judge(this.#doubt.tick(now, this.#session()?.transcriptsDue ?? 0));
    if (this.#mouth.silent && !this.#session()?.live) this.#ear.waits(now);
    this.drained();
  }

  /** The stream ends: what was heard until now is told. */
  close(): void {
    const now = this.#deps.now();
    this.#mouth.close(now);
    this.#ear.closed(now);
  }

  onBegun(): void {
    this.#ear.begun(this.#deps.now());
  }

  onSaid(itemId: string, responseId: string, text: string, totalMs: number): void {
    this.#listener.onSaid(itemId, responseId, text, totalMs);
  }

  onHeard(itemId: string, text: string, heardMs: number, totalMs: number, cut: boolean): void {
    this.#own.heard(itemId, text, cut);
    this.#listener.onHeard(itemId, text, heardMs, totalMs, cut);
  }

  onTruncate(itemId: string, audioEndMs: number): void {
    this.#listener.onTruncate(itemId, audioEndMs);
  }

  onUnderrun(): void {
    this.#deps.metrics.underruns.inc();
  }

  onDropped(): void {
    this.#deps.metrics.droppedFrames.inc({ direction: 'to_caller' });
  }

  #interrupt(now: number, agoMs: number): Rest | null {
    const cut: { rest: Rest | null } = { rest: null };
    this.#session()?.interrupt();
    if (this.#mouth.sounding) this.#ear.interrupted(now - agoMs);
    this.#wire.cork(() => {
      cut.rest = this.#mouth.interrupt(now);
      this.#mouth.pump(now);
    });
    return cut.rest;
  }

  #judge(verdict: Verdict): void {
    if (verdict === 'over') this.#letGo();
    else if (verdict === 'resume') this.#resume();
  }

  /** What was cut stays cut, what was held back goes on. */
  #letGo(): void {
    if (!this.#doubt.open) return;
    this.#doubt.end();
    this.#goOn();
  }

  /** It was a noise: what was cut goes on, and the model's answer to the noise is not heard. */
  #resume(): void {
    const { cut, heldId } = this.#doubt.end();
    if (cut === null) return;
    const session = this.#session();
    const isRefused = session?.live === true && session.refuseAnswer();
    if (isRefused && heldId !== null) this.#mouth.discard(heldId);
    const itemId = this.#own.nextId('resumed');
    this.#own.tell(itemId, this.#mouth.resume(itemId, cut.rest));
    if (isRefused && cut.midAnswer) session.goOn();
    this.#ear.turnWasNone();
    this.#deps.metrics.falseBargeIns.inc();
    this.#goOn();
  }

  #goOn(): void {
    this.#mouth.hold(false);
    this.#wire.cork(this.#pump);
    this.#listener.onChange();
  }
}
