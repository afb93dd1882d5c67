import type { CallEvent, Intent } from '../../machines/call-events.ts';
import { DirectoryError } from '../directory/errors.ts';
import type { Append, AppendRequest, JournaledFact, Restore } from '../directory/journal.ts';
import { directoryLimits } from '../directory/limits.ts';
import { within } from './within.ts';

const RETRY_DELAY_MS = 100;
const RETRY_DELAY_MAX_MS = 1_000;
/** Facts of one call that wait for Redis; beyond it the call goes on and is no longer journaled. */
export const waitingFactsMax = 5_000;
/** Acked facts kept, in case Redis forgets them in a failover. */
export const resendAgeMs = 30_000;
/** So long an answer of Redis vouches that the call is still this process's. */
export const vouchedMs = 1_000;

/** What conversations are made of: nothing waits for it to be written, and it comes some times in every turn. */
const gathered: ReadonlySet<CallEvent['type']> = new Set<CallEvent['type']>([
  'caller.speechStarted',
  'caller.speechStopped',
  'caller.said',
  'model.responded',
  'assistant.said',
  'assistant.heard',
  'assistant.fellSilent',
]);

/** The part of the directory that a writer needs. */
export interface JournalPort {
  append(request: AppendRequest): Promise<Append>;
  /** Puts hash and marker (back) under this epoch, unless somebody else has the call by now. */
  restore(standing: RestoreStanding): Promise<Restore>;
}

export interface RestoreStanding {
  epoch: number;
  state: string;
  dueAt: number;
  /** False: no stream is here, the call is nobody's. */
  owned: boolean;
  firstSeq: number;
  /** Of earlier epochs, young enough for a failover to have lost them. */
  earlier: readonly JournaledFact[];
}

/** Where the call stands after the last fact: goes with each batch that reaches the journal's end. */
export interface Standing {
  state: string;
  dueAt: number;
  ended: string | null;
  owned: boolean;
}

export interface WriterHooks {
  standing(): Standing;
  /** Redis has everything up to here under this epoch. */
  acked(): void;
  /**
   * Another epoch has the call, or it is over: nothing of this writer counts any more, unless it returns an epoch above
   * the other one to claim the call with.
   */
  fenced(by: Fence): number | null;
  /** The journal could not be reached or overflowed; told once until it works again. */
  troubled(error: unknown): void;
  /** Writes before long, with the facts of other calls. */
  soon(write: () => void): void;
  now(): number;
}

export type Fence = Pick<Extract<Append, { kind: 'fenced' }>, 'epoch' | 'ended'>;

/** Writes one call's facts in order, one batch in flight, repeated until Redis has answered. */
export class JournalWriter {
  private readonly callSid: string;
  private readonly port: JournalPort;
  private readonly hooks: WriterHooks;
  private earlier: readonly JournaledFact[];
  private writtenEpoch: number;
  /** The epoch that the call has been given while Redis was away: taken with the next word to it. */
  private nextEpoch: number | null = null;
  /** Facts numbered from `firstSeq`: first those acked and kept for a while, then those that wait. */
  private facts: CallEvent[] = [];
  private firstSeq = 1;
  private ackedSeq = 0;
  private lastSeq = 0;
  private ackedAt: number;
  /** Where the journal ends is not known: it is asked before anything is written. */
  private asksEnd = false;
  private intent: Intent | 'none' | null = null;
  private committed: Intent | null = null;
  private running: Promise<void> | null = null;
  /** A write is under way in a moment. */
  private isGathering = false;
  private closed = false;
  private isTroubled = false;
  private wakeUp: (() => void) | null = null;

  /** `claimedAt`: when Redis gave the call to this epoch; null where it was not asked. */
  constructor(
    {
      callSid,
      epoch,
      claimedAt,
      earlier,
    }: { callSid: string; epoch: number; claimedAt: number | null; earlier: readonly JournaledFact[] },
    port: JournalPort,
    hooks: WriterHooks,
  ) {
    this.callSid = callSid;
    this.writtenEpoch = epoch;
    this.ackedAt = claimedAt ?? -Infinity;
    this.earlier = earlier.filter(({ fact }) => fact.at >= hooks.now() - resendAgeMs);
    this.port = port;
    this.hooks = hooks;
  }

  get epoch(): number {
    return this.nextEpoch ?? this.writtenEpoch;
  }

  /** Facts that Redis has not acknowledged. */
  get waiting(): number {
    return this.lastSeq - this.ackedSeq;
  }

  /** When the oldest of them came, Redis-clock ms; null where none waits. */
  get waitingSince(): number | null {
    return this.facts[this.ackedSeq + 1 - this.firstSeq]?.at ?? null;
  }

  add(fact: CallEvent): void {
    if (this.closed) return;
    if (this.waiting >= waitingFactsMax) {
      this.close();
      this.hooks.troubled(new Error(`more than ${waitingFactsMax} facts wait for the journal`));
      return;
    }
    this.facts.push(fact);
    this.lastSeq += 1;
    if (!gathered.has(fact.type)) void this.kick();
    else if (this.running === null && !this.isGathering) {
      this.isGathering = true;
      this.hooks.soon(() => {
        this.isGathering = false;
        void this.kick();
      });
    }
  }

  /**
   * Leaves an intent for `/voice/next` in one append with the facts that still wait; resolves with true when Redis has
   * both, with false when the writer was closed or the intent withdrawn.
   */
  async leave(intent: Intent): Promise<boolean> {
    this.intent = intent;
    while (this.intent === intent && !this.closed) await this.kick();
    return this.committed === intent;
  }

  /** The intent counts no more: Redis is told so with the next append, since it may have it without our knowing. */
  withdraw(): void {
    this.intent = 'none';
    this.committed = null;
    void this.kick();
  }

  /** From now on the call has this epoch, whatever Redis has of the old one. */
  raise(epoch: number): void {
    if (epoch <= this.epoch) throw new RangeError(`epoch ${epoch} is not above ${this.epoch}`);
    this.nextEpoch = epoch;
    this.asksEnd = true;
    void this.kick();
  }

  /** Resolves when every fact so far was acknowledged, or the writer was closed. */
  async settled(): Promise<void> {
    while (this.hasWork()) await this.kick();
  }

  /** True if Redis has everything and said a moment ago, or says within `ms`, that the call is still this epoch's. */
  async confirmed(ms: number): Promise<boolean> {
    // What is under way may have been sent long ago.
    if (!this.isVouched()) this.asksEnd = true;
    this.wakeUp?.();
    const isSettled = await within(ms, this.settled());
    return isSettled && !this.closed && this.isVouched();
  }

  /** Redis reconnected or changed its primary: what was acked of late may be gone. Resolves as `settled`. */
  resend(): Promise<void> {
    if (this.closed || this.lastSeq === 0) return Promise.resolve();
    this.asksEnd = true;
    this.intent ??= this.committed;
    this.wakeUp?.();
    return this.settled();
  }

  close(): void {
    this.closed = true;
    this.wakeUp?.();
  }

  private hasWork(): boolean {
    if (this.closed) return false;
    return this.waiting > 0 || this.intent !== null || this.asksEnd || this.nextEpoch !== null;
  }

  private isVouched(): boolean {
    return this.hooks.now() - this.ackedAt <= vouchedMs;
  }

  private kick(): Promise<void> {
    if (!this.hasWork()) return Promise.resolve();
    this.running ??= this.run();
    return this.running;
  }

  /** Ends only when there is nothing to do, and says so in the same breath: no fact may fall between. */
  private async run(): Promise<void> {
    let delayMs = RETRY_DELAY_MS;
    while (this.hasWork()) {
      try {
        await this.step();
        delayMs = RETRY_DELAY_MS;
        this.isTroubled = false;
      } catch (error) {
        if (!(error instanceof DirectoryError) || !error.retryable) {
          this.close();
          this.hooks.troubled(error);
          break;
        }
        if (!this.isTroubled) this.hooks.troubled(error);
        this.isTroubled = true;
        await this.pause(delayMs);
        delayMs = Math.min(delayMs * 2, RETRY_DELAY_MAX_MS);
      }
    }
    this.running = null;
    if (!this.closed) this.hooks.acked();
  }

  private step(): Promise<void> {
    if (this.asksEnd) return this.learnEnd();
    return this.nextEpoch === null ? this.writeBatch() : this.claim(this.nextEpoch);
  }

  /** An empty append: it changes nothing and says where the journal ends. */
  private async learnEnd(): Promise<void> {
    const askedAt = this.hooks.now();
    const result = await this.port.append({
      callSid: this.callSid,
      epoch: this.writtenEpoch,
      firstSeq: this.ackedSeq + 1,
      facts: [],
    });
    if (this.closed) return;
    if (result.kind === 'fenced') return this.yield(result);
    this.asksEnd = false;
    if (result.kind === 'ok') {
      this.ackedAt = askedAt;
      return this.continueAfter(result.lastSeq);
    }
    // Redis has nothing of this epoch: all that is kept is written again.
    this.ackedSeq = this.firstSeq - 1;
    if (this.nextEpoch === null) await this.claim(this.writtenEpoch);
  }

  private async writeBatch(): Promise<void> {
    const from = Math.min(this.ackedSeq + 1, this.lastSeq);
    const facts = this.facts.slice(from - this.firstSeq, from - this.firstSeq + directoryLimits.appendFactsMax);
    const reachesEnd = from + facts.length - 1 === this.lastSeq;
    const intent = reachesEnd ? this.intent : null;
    const { state, dueAt, ended, owned } = this.hooks.standing();
    const askedAt = this.hooks.now();
    const result = await this.port.append({
      callSid: this.callSid,
      epoch: this.writtenEpoch,
      firstSeq: from,
      facts,
      ...(reachesEnd
        ? {
            state,
            dueAt,
            ...(ended === null ? {} : { ended }),
            ...(intent === null ? {} : { intent }),
            ...(owned ? {} : { disown: true }),
          }
        : {}),
    });
    if (this.closed) return;
    switch (result.kind) {
      case 'ok':
        this.ackedAt = askedAt;
        this.ackedSeq = Math.max(this.ackedSeq, from + facts.length - 1);
        if (intent !== null) this.told(intent);
        this.forget();
        return;
      case 'gap':
        return this.continueAfter(result.lastSeq);
      case 'behind':
        this.ackedSeq = this.firstSeq - 1;
        return this.claim(this.writtenEpoch);
      case 'fenced':
        return this.yield(result);
    }
  }

  /** What is missing before the oldest fact kept here stays missing: the call goes on behind the hole. */
  private async continueAfter(lastSeq: number): Promise<void> {
    if (lastSeq >= this.firstSeq - 1) {
      this.ackedSeq = Math.min(lastSeq, this.lastSeq);
      return;
    }
    this.hooks.troubled(new Error(`the journal lost facts ${lastSeq + 1} to ${this.firstSeq - 1}`));
    this.ackedSeq = this.firstSeq - 1;
    if (this.nextEpoch === null) await this.claim(this.writtenEpoch);
  }

  /** Writes hash and marker under this epoch; facts go on after the last one acked. */
  private async claim(epoch: number): Promise<void> {
    const { state, dueAt, owned } = this.hooks.standing();
    const askedAt = this.hooks.now();
    const result = await this.port.restore({
      epoch,
      state,
      dueAt,
      owned,
      firstSeq: this.ackedSeq + 1,
      earlier: this.earlier,
    });
    if (this.closed) return;
    if (result.kind === 'fenced') return this.yield(result);
    this.ackedAt = askedAt;
    this.writtenEpoch = epoch;
    if (this.nextEpoch === epoch) this.nextEpoch = null;
  }

  private yield(by: Fence): void {
    const epoch = this.hooks.fenced(by);
    if (epoch === null) return this.close();
    this.asksEnd = false;
    this.nextEpoch = epoch;
  }

  private told(intent: Intent | 'none'): void {
    if (intent !== this.intent) return;
    this.intent = null;
    if (intent !== 'none') this.committed = intent;
  }

  /** Acked facts stay for a while: a failover may lose them, and only the holder of the call can bring them back. */
  private forget(): void {
    const oldest = this.hooks.now() - resendAgeMs;
    if (this.earlier.length > 0) this.earlier = this.earlier.filter(({ fact }) => fact.at >= oldest);
    let count = 0;
    while (this.firstSeq + count <= this.ackedSeq - 1 && (this.facts[count]?.at ?? Infinity) < oldest) count += 1;
    if (count === 0) return;
    this.facts = this.facts.slice(count);
    this.firstSeq += count;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.wakeUp = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.wakeUp = done;
    });
  }
}
