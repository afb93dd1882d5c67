import type { Opening, Turn } from '../../machines/call-events.ts';
import type { WarmAsk } from '../calls/mailbox.ts';
import { logOf } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Endpoints, type EndpointsDeps } from './endpoints.ts';
import { KeptSessions } from './kept.ts';
import { Probe } from './probe.ts';
import type { SessionProfile } from './profile.ts';
import { ModelSession, type SessionDeps } from './session.ts';
import type { SessionListener } from './session-listener.ts';
import { WarmSessions } from './warm.ts';

const tickMs = 250;
/** A change for everybody reaches all sessions within so many ticks: a node with hundreds tells a part in each. */
const renewTicks = 4;

/** Where calls get their model sessions. */
export interface Sessions {
  /**
   * The session that goes on with the call: one that was made ready before, where it fits how it is to begin, else a new
   * one. Nothing is told before the caller's `begin(opening, turns)`, which is to follow at once.
   */
  open(callSid: string, listener: SessionListener, opening: Opening, turns: readonly Turn[]): ModelSession;
  /** A new session beside the one that the call has. */
  fresh(callSid: string, listener: SessionListener): ModelSession;
  /** The stream is gone and the call may go on here: its session is kept for a moment, with all that it knows. */
  keep(callSid: string, session: ModelSession): void;
  /** New callers will have an assistant. */
  usable(): boolean;
}

export interface SessionsDeps
  extends Omit<SessionDeps, 'leave' | 'onOver' | 'metrics'>, Pick<EndpointsDeps, 'endpoints'> {
  /** Who the assistant is in this call now. */
  profile(callSid: string): Promise<SessionProfile>;
  /** The greeting is there to be played: no session needs to speak it in advance. */
  isGreetingPrepared(): boolean;
  /** As many sessions may be open when another one is made ready; a call that streams always gets its own. */
  sessionsMax: number;
  metrics: Metrics;
}

/** The model sessions of this process: with their calls, ready for calls to come, and what is known of the endpoints. */
export class ModelSessions implements Sessions {
  readonly #deps: SessionsDeps;
  readonly #endpoints: Endpoints;
  readonly #warm: WarmSessions;
  readonly #kept: KeptSessions;
  readonly #probe: Probe;
  /** Every session that is not over, and its call. */
  readonly #open = new Map<ModelSession, string>();
  /** Those that are still to be told what has changed. */
  readonly #stale = new Set<ModelSession>();
  #stalePerTick = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
    const { metrics, isGreetingPrepared, epochNow } = deps;
    this.#endpoints = new Endpoints(deps);
    this.#kept = new KeptSessions(metrics, deps.now);
    this.#warm = new WarmSessions({
      make: (callSid, listener) => this.fresh(callSid, listener),
      refuses: () => (this.#endpoints.admits ? (this.#open.size >= deps.sessionsMax ? 'full' : null) : 'no_endpoint'),
      isGreetingPrepared,
      metrics,
      epochNow,
    });
    this.#probe = new Probe((leave, profile, listener) => new ModelSession({ ...deps, leave }, profile, listener));
    metrics.onScrape(() => this.#report());
  }

  /** Looks after sessions that no call looks after, from now on. */
  start(): void {
    this.#timer = setInterval(() => this.tick(this.#deps.now()), tickMs);
    this.#timer.unref();
  }

  tick(now: number): void {
    this.#warm.tick(now);
    this.#kept.tick(now);
    this.#probe.tick(now, this.#endpoints);
    this.#renewSome();
  }

  /** Makes a session ready for a call whose stream is on its way here. Returns at once. */
  warm(ask: WarmAsk): void {
    this.#warm.ask(ask);
  }

  /** The call is over: what was kept for it is given back. */
  over(callSid: string): void {
    this.#warm.over(callSid);
    this.#kept.drop(callSid);
  }

  open(callSid: string, listener: SessionListener, opening: Opening, turns: readonly Turn[]): ModelSession {
    const kept = this.#kept.take(callSid, listener, turns);
    if (kept) this.#warm.over(callSid);
    const ready = kept ?? this.#warm.take(callSid, listener, opening, turns);
    // What it was configured with may have changed since.
    ready?.renew(this.#deps.profile(callSid));
    return ready ?? this.fresh(callSid, listener);
  }

  fresh(callSid: string, listener: SessionListener): ModelSession {
    const leave = this.#endpoints.enter(callSid);
    const onOver = () => void this.#open.delete(session);
    const session: ModelSession = new ModelSession(
      { ...this.#deps, log: logOf(this.#deps.log, callSid), leave, onOver },
      this.#deps.profile(callSid),
      listener,
    );
    this.#open.set(session, callSid);
    return session;
  }

  keep(callSid: string, session: ModelSession): void {
    this.#kept.keep(callSid, session);
  }

  usable(): boolean {
    return this.#endpoints.usable;
  }

  /** Tells the sessions of this call what has changed of its profile. */
  renew(callSid: string): void {
    for (const [session, of] of this.#open) if (of === callSid) session.renew(this.#deps.profile(of));
  }

  /** Tells every session what has changed of its profile, within a second. */
  renewAll(): void {
    for (const session of this.#open.keys()) this.#stale.add(session);
    this.#stalePerTick = Math.ceil(this.#stale.size / renewTicks);
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.#warm.close();
    this.#kept.close();
    this.#probe.close();
  }

  #renewSome(): void {
    let left = this.#stalePerTick;
    for (const session of this.#stale) {
      if (left-- <= 0) return;
      this.#stale.delete(session);
      const callSid = this.#open.get(session);
      if (callSid !== undefined) session.renew(this.#deps.profile(callSid));
    }
  }

  #report(): void {
    const { modelSessions } = this.#deps.metrics;
    const warm = this.#warm.size;
    const kept = this.#kept.size;
    modelSessions.set({ state: 'warm' }, warm);
    modelSessions.set({ state: 'kept' }, kept);
    modelSessions.set({ state: 'live' }, this.#open.size - warm - kept);
  }
}
