import type { CallEvent, DeadlineName, Intent } from '../../machines/call-events.ts';
import { finalStatuses, limits } from '../../machines/call-events.ts';
import type { JournaledFact } from '../directory/journal.ts';
import type { CallActor, CutCause } from './actor.ts';
import type { AnswerScore } from './answer-score.ts';
import type { CallState, CallView } from './call-door.ts';
import { type EffectCall, type EffectHost, Effects } from './effects.ts';
import { type Fence, JournalWriter, type JournalPort, type Standing } from './journal-writer.ts';
import type { FactRedactor } from './redact-fact.ts';
import type { CallTrace } from './call-trace.ts';
import { RecordingWatch } from './recording-watch.ts';
import type { ResidentCall, StreamPort, Told, TurnTimes } from './stream-port.ts';
import { within } from './within.ts';

/** Facts that wait while the actor of an amnesic call is rebuilt. */
const rebuildQueueMax = 1_000;
/** A call that cannot go on here gives its facts so long to reach the journal. */
const failedFlushMs = 2_000;
/** Whoever heard the caller within it holds the call, whatever others have claimed while Redis was away. */
const heardMsMax = 1_000;
/** In these states a call without a stream is this process's: its next one is awaited. */
const awaitsStream: ReadonlySet<CallState> = new Set(['conversation', 'detached']);

export interface ResidentHost extends EffectHost {
  now(): number;
  /** Does it before long, with what other calls have to do. */
  soon(task: () => void): void;
  redact: FactRedactor;
  /** Null: the call is not traced. */
  trace: CallTrace | null;
  score: AnswerScore;
  /** Moves the call's one deadline. */
  setDeadline(callSid: string, at: number | null): void;
  /** The call is no longer this node's: forget it. */
  dropped(call: Resident, why: DropReason): void;
  /** Its stream was given up because nothing came of it any more: the carrier may not have noticed. */
  wentSilent(callSid: string, streamSid: string): void;
  /** The call's end is in its journal, and this was told after it. */
  cameLate(callSid: string, fact: Told): void;
  /** The carrier did not do what the recording of a call should: paused, goes on, ended. */
  recordingNotSet(callSid: string, to: string): void;
  stepFailed(callSid: string, error: unknown): void;
  journalTroubled(callSid: string, error: unknown): void;
  /** Tests drop and rebuild the actor after every fact; null in service. */
  rebuild: ((callSid: string) => Promise<CallActor>) | null;
}

/** `settled`: no stream is here, and the journal has everything. */
export type DropReason = 'ended' | 'superseded' | 'failed' | 'settled';

export interface ResidentStream {
  streamSid: string;
  /** The node that holds it. */
  node: string;
  port: StreamPort;
}

/** A call under an epoch; `claimedAt`: when Redis gave it, null while Redis has not been asked. */
export interface Hold {
  callSid: string;
  epoch: number;
  claimedAt: number | null;
  /** What the journal held of it before. */
  earlier: readonly JournaledFact[];
}

/** A call that has its stream here, or had it until a moment ago: actor, journal, effects. */
export class Resident implements ResidentCall, EffectCall {
  readonly callSid: string;
  private readonly host: ResidentHost;
  private readonly writer: JournalWriter;
  private readonly effects: Effects;
  private readonly recording: RecordingWatch;
  private stream: ResidentStream | null;
  private actor: CallActor;
  private queue: Told[] = [];
  private rebuilding: Promise<void> | null = null;
  private lastAt = 0;
  private finalStatus: string | null = null;
  /** Redis has not been heard since this process went on with the call by itself. */
  private alone: boolean;
  private failed = false;
  private dropped = false;

  constructor(hold: Hold, actor: CallActor, stream: ResidentStream | null, journal: JournalPort, host: ResidentHost) {
    this.callSid = hold.callSid;
    this.actor = actor;
    this.stream = stream;
    this.host = host;
    this.alone = hold.claimedAt === null;
    this.writer = new JournalWriter(hold, journal, {
      standing: () => this.standing(),
      acked: () => this.acked(),
      fenced: (by) => this.fenced(by),
      troubled: (error) => host.journalTroubled(this.callSid, error),
      soon: (write) => host.soon(write),
      now: () => host.now(),
    });
    this.effects = new Effects(this, host, this.writer);
    this.recording = new RecordingWatch(
      {
        callSid: hold.callSid,
        carrier: host.carrier,
        tell: (fact) => this.tell(fact),
        failed: (to) => host.recordingNotSet(this.callSid, to),
      },
      hold.earlier.map(({ fact }) => fact),
    );
  }

  get epoch(): number {
    return this.writer.epoch;
  }

  get traceId(): string | null {
    return this.host.trace?.traceId ?? null;
  }

  get language(): string {
    return this.actor.context.language;
  }

  get state(): CallState {
    return this.actor.state;
  }

  /** The state with the one within it. */
  get place(): string {
    return this.actor.place;
  }

  get outcome() {
    return this.actor.context.outcome;
  }

  get wasCutOff(): boolean {
    return this.actor.wasCutOff;
  }

  get cutBy(): CutCause | null {
    return this.actor.cutBy;
  }

  get hasEnded(): boolean {
    return this.actor.ended;
  }

  /** Facts that Redis has not acknowledged. */
  get waiting(): number {
    return this.writer.waiting + this.queue.length;
  }

  /** Since when the oldest of them waits, Redis-clock ms; null where none does. */
  get waitingSince(): number | null {
    return this.writer.waitingSince;
  }

  get port(): StreamPort | null {
    return this.stream?.port ?? null;
  }

  get isGone(): boolean {
    return this.dropped || this.failed || this.hasEnded;
  }

  /** It has a stream here or is about to get one: it counts against the capacity. */
  get holdsPlace(): boolean {
    if (this.hasEnded) return false;
    const isAwaited = awaitsStream.has(this.state) || this.actor.context.pending.deadlines.stream !== undefined;
    return this.stream !== null || isAwaited;
  }

  /** How the call stands, for its next TwiML. */
  get view(): CallView {
    return this.actor.viewAt(this.epoch);
  }

  begin(): void {
    if (this.stream === null) return;
    const { streamSid, node } = this.stream;
    this.tell({ type: 'carrier.streamStarted', streamSid, node });
    // What the fold left unanswered is started by whoever goes live with it.
    this.startPending();
  }

  tell(fact: Told): void {
    if (this.dropped || this.failed) return;
    try {
      // A call's end may be told before its stream has stopped: what the caller heard belongs before the end.
      if (endsCall(fact)) this.port?.end('left');
      for (const safe of this.host.redact(fact)) this.take(safe);
    } catch (error) {
      this.fail(error);
    }
  }

  spoke(ms: number): void {
    this.host.trace?.spoke(ms);
  }

  heardFirst(agoMs: number): void {
    this.host.score.heard(this.host.now() - agoMs);
  }

  answered(times: TurnTimes, agoMs: number): void {
    this.host.trace?.answered(times, this.host.now() - agoMs);
  }

  /** The deadline that was set has passed. */
  deadlinePassed(): void {
    const next = this.actor.nextDeadline;
    if (next === null || this.dropped) return;
    if (next.at > this.host.now()) this.host.setDeadline(this.callSid, next.at);
    else this.tell({ type: 'deadline.passed', name: next.name satisfies DeadlineName });
  }

  /** Resolves when every fact so far is in the journal, or the call was dropped. */
  async settled(): Promise<void> {
    while (this.rebuilding) await this.rebuilding;
    await this.writer.settled();
  }

  /** As `settled`, for so long; false if facts still wait. */
  settledWithin(ms: number): Promise<boolean> {
    return within(ms, this.settled());
  }

  /** The stream ends on purpose and the call goes on elsewhere: what was said and heard until now is told first. */
  async giveUpStream(): Promise<void> {
    await this.port?.lastWords();
    this.port?.end('superseded');
  }

  /** Redis reconnected or changed its primary. Resolves when it has all that it may have lost. */
  resend(): Promise<void> {
    return this.writer.resend();
  }

  /** Nothing of it is written any more. */
  closeJournal(): void {
    this.writer.close();
  }

  /** Somebody else has the call with this epoch: nothing of it starts here any more. */
  superseded(epoch: number): void {
    if (this.isGone || epoch <= this.epoch) return;
    const above = this.fenced({ epoch, ended: false });
    if (above !== null) this.writer.raise(above);
  }

  /** What the call was left for, null if it was not; nobody else is given it from here on. */
  takeIntent(): Intent | null {
    return this.effects.takeIntent();
  }

  /**
   * Redis is away: this process goes on with the call by itself after this fact; false if the call cannot take it, and
   * then nothing is asked for the fact: an intent can be taken once.
   */
  goOnAlone(complete: () => Told): boolean {
    if (this.isGone || this.rebuilding) return false;
    const fact = complete();
    this.port?.end('superseded');
    this.stream = null;
    this.alone = true;
    this.tell(fact);
    return !this.failed;
  }

  /**
   * Redis is away: the call's next stream is here. The epoch rises as with a claim, so that a token works once; false
   * for one that was used.
   */
  adopt(stream: ResidentStream, tokenEpoch: number): boolean {
    if (this.isGone || tokenEpoch < this.epoch) return false;
    this.port?.end('superseded');
    this.stream = stream;
    this.alone = true;
    this.writer.raise(Math.max(Math.floor(this.host.now()), tokenEpoch + 1));
    return true;
  }

  drop(why: DropReason): void {
    if (this.dropped) return;
    this.dropped = true;
    // What the journal took in of late may have to be written once more.
    if (why !== 'ended' && why !== 'settled') this.writer.close();
    this.actor.stop();
    this.host.trace?.close(this.host.now());
    this.host.setDeadline(this.callSid, null);
    this.host.dropped(this, why);
    this.port?.end(why === 'ended' || why === 'settled' ? 'left' : why);
  }

  private startPending(): void {
    for (const effect of Object.values(this.actor.context.pending.effects)) this.effects.start(effect);
    this.host.setDeadline(this.callSid, this.actor.nextDeadline?.at ?? null);
  }

  /** The stream ends, and the call goes on through the carrier's next question. */
  fail(error: unknown): void {
    if (this.dropped || this.failed) return;
    this.failed = true;
    this.host.stepFailed(this.callSid, error);
    void this.settledWithin(failedFlushMs).then(() => this.drop('failed'));
  }

  private take(fact: Told): void {
    if (this.rebuilding) {
      if (this.queue.length >= rebuildQueueMax)
        throw new Error(`more than ${rebuildQueueMax} facts wait for a rebuild`);
      this.queue.push(fact);
      return;
    }
    if (this.hasEnded) {
      void this.settled().then(() => this.host.cameLate(this.callSid, fact));
      return;
    }
    this.lastAt = Math.max(this.host.now(), this.lastAt);
    const stamped: CallEvent = { ...fact, at: this.lastAt };
    // First the actor: a fact that it cannot take must not stand in the journal, where every fold would meet it again.
    const effects = this.actor.step(stamped);
    if (fact.type === 'carrier.streamStopped' && fact.streamSid === this.stream?.streamSid) {
      this.stream = null;
      if (fact.reason === 'silent') this.host.wentSilent(this.callSid, fact.streamSid);
    }
    if (this.hasEnded) this.finalStatus = 'status' in stamped ? stamped.status : 'completed';
    this.writer.add(stamped);
    this.recording.hear(stamped);
    this.host.trace?.hear(stamped);
    this.host.score.hear(stamped);
    for (const effect of effects) this.effects.start(effect);
    this.host.setDeadline(this.callSid, this.actor.nextDeadline?.at ?? null);
    if (this.hasEnded) void this.settled().then(() => this.drop('ended'));
    // An effect may have told something already, and been forgotten with it.
    else if (this.host.rebuild) this.rebuilding ??= this.forgetAll(this.host.rebuild);
  }

  private standing(): Standing {
    const dueAt = Math.round(this.actor.nextDeadline?.at ?? this.host.now() + limits.checkMs);
    return { state: this.state, dueAt, ended: this.finalStatus, owned: !this.isIdle };
  }

  /** Nothing that this process has is needed for what comes next. */
  private get isIdle(): boolean {
    return this.stream === null && !awaitsStream.has(this.state);
  }

  /** Redis has everything. */
  private acked(): void {
    this.alone = false;
    if (this.isIdle && !this.hasEnded && !this.rebuilding) this.drop('settled');
  }

  /** What others claimed while this process was alone with the call is void if the caller is heard here. */
  private fenced({ epoch, ended }: Fence): number | null {
    if (!ended && this.alone && (this.port?.heardMs() ?? Infinity) <= heardMsMax)
      return Math.max(Math.floor(this.host.now()), epoch + 1);
    this.drop('superseded');
    return null;
  }

  /** Amnesia: what is not in the journal is lost, and the rebuilt actor takes the running call over. */
  private async forgetAll(rebuild: (callSid: string) => Promise<CallActor>): Promise<void> {
    try {
      await this.writer.settled();
      const rebuilt = this.dropped ? this.actor : await rebuild(this.callSid);
      this.actor.stop();
      this.actor = rebuilt;
      this.rebuilding = null;
      if (this.dropped) return;
      this.startPending();
      for (const fact of this.queue.splice(0)) this.take(fact);
    } catch (error) {
      this.rebuilding = null;
      this.fail(error);
    }
  }
}

function endsCall(fact: Told): boolean {
  return fact.type === 'carrier.gone' || (fact.type === 'carrier.statusReported' && finalStatuses.has(fact.status));
}
