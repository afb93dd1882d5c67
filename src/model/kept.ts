import type { Turn } from '../../machines/call-events.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { EarlyEvents } from './early-events.ts';
import type { ModelSession } from './session.ts';
import type { SessionListener } from './session-listener.ts';

/** The carrier has asked what to do and has opened another stream by then, or it goes elsewhere. */
export const keptLifeMs = 5_000;

interface Kept {
  session: ModelSession;
  early: EarlyEvents;
  /** Monotonic ms. */
  until: number;
}

/** Sessions whose stream is gone, for a moment, while their call may get another one here. */
export class KeptSessions {
  readonly #metrics: Pick<Metrics, 'warmSessions'>;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();

  constructor(metrics: Pick<Metrics, 'warmSessions'>, now: () => number) {
    this.#metrics = metrics;
    this.#now = now;
  }

  get size(): number {
    return this.#kept.size;
  }

  /**
   * Only a session that is at rest: of one that was speaking, listening or waiting for a tool nobody can say what it takes
   * for heard.
   */
  keep(callSid: string, session: ModelSession): void {
    this.drop(callSid);
    if (!session.atRest) return session.close();
    const early = new EarlyEvents(() => this.drop(callSid));
    session.listen(early, null);
    this.#kept.set(callSid, { session, early, until: this.#now() + keptLifeMs });
  }

  /** The session, if it knows exactly these turns. */
  take(callSid: string, listener: SessionListener, turns: readonly Turn[]): ModelSession | null {
    const kept = this.#kept.get(callSid);
    if (!kept) return null;
    const { session, early } = kept;
    if (!early.isEmpty || !session.atRest || !session.knows(turns)) {
      this.drop(callSid);
      return null;
    }
    this.#kept.delete(callSid);
    this.#metrics.warmSessions.inc({ result: 'kept' });
    session.goOnWith(listener);
    return session;
  }

  drop(callSid: string): void {
    const kept = this.#kept.get(callSid);
    this.#kept.delete(callSid);
    kept?.session.close();
  }

  /** `now` is monotonic ms. */
  tick(now: number): void {
    for (const [callSid, { session, until }] of this.#kept) {
      if (now >= until) this.drop(callSid);
      else session.tick(now);
    }
  }

  close(): void {
    for (const callSid of [...this.#kept.keys()]) this.drop(callSid);
  }
}
