import type { Opening, Turn } from '../../machines/call-events.ts';
import type { WarmAsk } from '../calls/mailbox.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { EarlyEvents } from './early-events.ts';
import type { ModelSession } from './session.ts';
import type { SessionListener } from './session-listener.ts';

/** As long as a reservation lives. */
export const warmLifeMs = 20_000;
/** Calls of which it is remembered when they got their session. */
const servedMax = 4_096;

export interface WarmDeps {
  make(callSid: string, listener: SessionListener): ModelSession;
  /** Why no further session may be opened now; null: one may. */
  refuses(): 'full' | 'no_endpoint' | null;
  /** The greeting is there to be played: no session needs to speak it. */
  isGreetingPrepared(): boolean;
  metrics: Pick<Metrics, 'warmSessions'>;
  /** Redis-clock ms. */
  epochNow(): number;
}

interface Warm {
  session: ModelSession;
  early: EarlyEvents;
  /** Redis-clock ms. */
  until: number;
}

/** Sessions that are ready before their calls' streams: one for each call, however often it is asked for. */
export class WarmSessions {
  readonly #deps: WarmDeps;
  readonly #warm = new Map<string, Warm>();
  /** When a call got its session, Redis-clock ms: what was asked before that comes too late. Oldest first. */
  readonly #served = new Map<string, number>();

  constructor(deps: WarmDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#warm.size;
  }

  ask({ callSid, at, isNew }: WarmAsk): void {
    const now = this.#deps.epochNow();
    const until = Math.min(at, now) + warmLifeMs;
    const known = this.#warm.get(callSid);
    if (known) {
      known.until = Math.max(known.until, until);
      return;
    }
    if (until <= now || at <= (this.#served.get(callSid) ?? 0)) return this.#note('late');
    const refused = this.#deps.refuses();
    if (refused !== null) return this.#note(refused);
    const early = new EarlyEvents(() => this.#drop(callSid, 'lost'));
    const session = this.#deps.make(callSid, early);
    this.#warm.set(callSid, { session, early, until });
    if (isNew && !this.#deps.isGreetingPrepared()) session.begin('greeting', []);
  }

  /** The call's stream is here: its session, listened to from now on, unless it has begun in another way than asked. */
  take(callSid: string, listener: SessionListener, opening: Opening, turns: readonly Turn[]): ModelSession | null {
    this.#serve(callSid);
    const warm = this.#warm.get(callSid);
    if (!warm) {
      this.#note('miss');
      return null;
    }
    if (warm.session.isBegun && (opening !== 'greeting' || turns.length > 0)) {
      this.#drop(callSid, 'unfit');
      return null;
    }
    this.#warm.delete(callSid);
    this.#note('hit');
    warm.session.listen(listener, warm.early);
    return warm.session;
  }

  /** The call is over. */
  over(callSid: string): void {
    if (this.#warm.has(callSid)) this.#drop(callSid, 'over');
    this.#serve(callSid);
  }

  /** `now` is monotonic ms. */
  tick(now: number): void {
    const epochNow = this.#deps.epochNow();
    for (const [callSid, { session, until }] of this.#warm) {
      if (epochNow >= until) this.#drop(callSid, 'unused');
      else session.tick(now);
    }
  }

  close(): void {
    for (const callSid of [...this.#warm.keys()]) this.#drop(callSid, 'over');
  }

  #serve(callSid: string): void {
    this.#served.delete(callSid);
    this.#served.set(callSid, this.#deps.epochNow());
    const [oldest] = this.#served.size > servedMax ? this.#served.keys() : [];
    if (oldest !== undefined) this.#served.delete(oldest);
  }

  #drop(callSid: string, result: string): void {
    const warm = this.#warm.get(callSid);
    if (!warm) return;
    this.#warm.delete(callSid);
    this.#note(result);
    warm.session.close();
  }

  #note(result: string): void {
    this.#deps.metrics.warmSessions.inc({ result });
  }
}
