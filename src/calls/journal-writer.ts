import type { CallEvent, Intent } from '../../machines/call-events.ts';
import { DirectoryError } from '../directory/errors.ts';
import type { Append, AppendRequest } from '../directory/journal.ts';
import { directoryLimits } from '../directory/limits.ts';

const RETRY_DELAY_MS = 100;
const RETRY_DELAY_MAX_MS = 1_000;
/** Facts of one call that wait for Redis; beyond it the call goes on and is no longer journaled. */
export const waitingFactsMax = 5_000;
/** Acked facts kept, in case Redis forgets them in a failover. */
export const resendAgeMs = 30_000;

/** The part of the directory that a writer needs. */
export interface JournalPort {
  append(request: AppendRequest): Promise<Append>;
  /** After `behind`: false when somebody else has the call by now. */
  restore(standing: { state: string; dueAt: number; firstSeq: number }): Promise<boolean>;
}

/** Where the call stands after the last fact: goes with each batch that reaches the journal's end. */
export interface Standing {
  state: string;
  dueAt: number;
  ended: string | null;
}

export interface WriterHooks {
  standing(): Standing;
  /** Another epoch has the call, or it is over: nothing of this writer counts any more. */
  fenced(): void;
  /** The journal could not be reached or overflowed; told once until it works again. */
  troubled(error: unknown): void;
  now(): number;
}

/** Writes one call's facts under one epoch: in order, one batch in flight, repeated until Redis has answered. */
export class JournalWriter {
  private readonly request: Pick<AppendRequest, 'callSid' | 'epoch'>;
  private readonly port: JournalPort;
  private readonly hooks: WriterHooks;
  /** Facts numbered from `firstSeq`: first those acked and kept for a while, then those that wait. */
  private facts: CallEvent[] = [];
  private firstSeq = 1;
  private ackedSeq = 0;
  private lastSeq = 0;
  private intent: Intent | null = null;
  private running: Promise<void> | null = null;
  private closed = false;
  private isTroubled = false;
  private wakeUp: (() => void) | null = null;

  constructor(request: Pick<AppendRequest, 'callSid' | 'epoch'>, port: JournalPort, hooks: WriterHooks) {
    this.request = request;
    this.port = port;
    this.hooks = hooks;
  }

  /** Facts that Redis has not acknowledged. */
  get waiting(): number {
    return this.lastSeq - this.ackedSeq;
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
    void this.kick();
  }

  /** Leaves an intent for `/voice/next` with all facts so far; resolves when Redis has both, false when closed. */
  async leave(intent: Intent): Promise<boolean> {
    this.intent = intent;
    await this.settled();
    return !this.closed;
  }

  /** Resolves when every fact so far was acknowledged, or the writer was closed. */
  async settled(): Promise<void> {
    while (this.hasWork()) await this.kick();
  }

  /** Redis reconnected or changed its primary: what was acked of late may be gone. */
  resend(): void {
    if (this.closed || this.lastSeq === 0) return;
    this.ackedSeq = this.firstSeq - 1;
    void this.kick();
  }

  close(): void {
    this.closed = true;
    this.wakeUp?.();
  }

  private hasWork(): boolean {
    return !this.closed && (this.waiting > 0 || this.intent !== null);
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
        await this.writeBatch();
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
  }

  private async writeBatch(): Promise<void> {
    const from = Math.min(this.ackedSeq + 1, this.lastSeq);
    const facts = this.facts.slice(from - this.firstSeq, from - this.firstSeq + directoryLimits.appendFactsMax);
    const reachesEnd = from + facts.length - 1 === this.lastSeq;
    const intent = reachesEnd ? this.intent : null;
    const { state, dueAt, ended } = this.hooks.standing();
    const result = await this.port.append({
      ...this.request,
      firstSeq: from,
      facts,
      ...(reachesEnd
        ? { state, dueAt, ...(ended === null ? {} : { ended }), ...(intent === null ? {} : { intent }) }
        : {}),
    });
    await this.take(result, from + facts.length - 1, intent);
  }

  private async take(result: Append, sentSeq: number, intent: Intent | null): Promise<void> {
    if (this.closed) return;
    switch (result.kind) {
      case 'ok':
        this.ackedSeq = Math.max(this.ackedSeq, sentSeq);
        if (intent === this.intent) this.intent = null;
        this.forget();
        return;
      case 'gap':
        if (result.lastSeq >= this.firstSeq - 1) {
          this.ackedSeq = result.lastSeq;
          return;
        }
        // What is missing before the oldest fact kept here stays missing: the call goes on behind the hole.
        this.hooks.troubled(new Error(`the journal lost facts ${result.lastSeq + 1} to ${this.firstSeq - 1}`));
        if (!(await this.restored())) break;
        return;
      case 'behind':
        if (!(await this.restored())) break;
        return;
      case 'fenced':
        break;
    }
    this.close();
    this.hooks.fenced();
  }

  private async restored(): Promise<boolean> {
    const isRestored = await this.port.restore({ ...this.hooks.standing(), firstSeq: this.firstSeq });
    if (isRestored) this.ackedSeq = this.firstSeq - 1;
    return isRestored;
  }

  /** Acked facts stay for a while: a failover may lose them, and only the holder of the call can bring them back. */
  private forget(): void {
    const oldest = this.hooks.now() - resendAgeMs;
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
