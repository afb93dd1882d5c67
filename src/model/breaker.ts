import { type Blame, blameOf, type Stage } from './errors.ts';

/** When an endpoint is given a rest, and for how long. */
export const breakerLimits = {
  /** Sessions in a row that came to nothing, within the window, for reasons that may pass. */
  failuresMax: 5,
  windowMs: 30_000,
  /** The first rest after such failures: as long as a server takes to restart. */
  passingRestMs: 1_000,
  /** The first rest after a code that every session would meet: a bad key, no quota. */
  fatalRestMs: 5_000,
  /** Each trial that fails doubles the rest, up to this. */
  restMsMax: 60_000,
  /** A trial without a verdict by then is not waited for. */
  trialMs: 20_000,
} as const;

/** `resting`: nobody may try; `trying`: one session tries for all. */
export type BreakerState = 'closed' | 'resting' | 'trying';

export interface BreakerListener {
  rests(code: string, restMs: number): void;
  tries(): void;
  works(restedMs: number): void;
}

/** How one session fares at its endpoint. Each is told at most once, `left` when the session ends without being lost. */
export interface Passage {
  configured(): void;
  /** The model was heard. */
  spoke(): void;
  lost(code: string, isFatal: boolean): void;
  left(): void;
}

/** Keeps sessions from an endpoint that fails all of them. Times are monotonic ms. */
export class Breaker {
  readonly #now: () => number;
  readonly #listener: BreakerListener;
  #state: BreakerState = 'closed';
  /** Since the model was last heard in a new session. */
  #failures: number[] = [];
  #restMs = 0;
  #restsUntil = 0;
  #restsSince = 0;
  #trial: Trip | null = null;
  #trialUntil = 0;
  /** A configured session proves nothing: the last ones failed after it. */
  #needsSpeech = false;
  #isFatal = false;
  #trialsFailed = 0;

  constructor(now: () => number, listener: BreakerListener) {
    this.#now = now;
    this.#listener = listener;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** A session may be opened now. */
  get admits(): boolean {
    if (this.#state === 'closed') return true;
    return this.#now() >= (this.#state === 'resting' ? this.#restsUntil : this.#trialUntil);
  }

  /** It is not a matter of a moment: the code says so, or a trial after the first rest failed too. */
  get isDown(): boolean {
    return this.#state !== 'closed' && (this.#isFatal || this.#trialsFailed > 0);
  }

  /** Every session would fail the same way. */
  get isFatal(): boolean {
    return this.#state !== 'closed' && this.#isFatal;
  }

  /** A session is opened. Only while `admits`. */
  enter(): Passage {
    const trip = new Trip({
      configured: () => {
        if (this.#trial === trip && !this.#needsSpeech) this.#works();
      },
      spoke: () => {
        if (this.#state === 'closed') this.#failures = [];
        else if (this.#trial === trip) this.#works();
      },
      lost: (code, isFatal) => this.#lost(trip, code, blameOf(code, isFatal, trip.stage)),
      left: () => this.#left(trip),
    });
    if (this.#state === 'closed') return trip;
    this.#state = 'trying';
    this.#trial = trip;
    this.#trialUntil = this.#now() + breakerLimits.trialMs;
    this.#listener.tries();
    return trip;
  }

  #lost(trip: Trip, code: string, blame: Blame): void {
    if (blame === 'nothing') return this.#left(trip);
    if (this.#state !== 'closed') {
      if (this.#trial !== trip) return;
      this.#trialsFailed += 1;
      return this.#rest(trip, code, blame);
    }
    const now = this.#now();
    this.#failures = this.#failures.filter((at) => now - at < breakerLimits.windowMs);
    this.#failures.push(now);
    if (blame === 'fatal' || this.#failures.length >= breakerLimits.failuresMax) this.#rest(trip, code, blame);
  }

  /** Ended without a verdict: the next one may try at once. */
  #left(trip: Trip): void {
    if (this.#trial !== trip) return;
    this.#trial = null;
    this.#state = 'resting';
    this.#restsUntil = this.#now();
  }

  #rest(trip: Trip, code: string, blame: Blame): void {
    const now = this.#now();
    const { passingRestMs, fatalRestMs, restMsMax } = breakerLimits;
    if (this.#state === 'closed') {
      this.#restsSince = now;
      this.#restMs = 0;
    }
    this.#isFatal = blame === 'fatal';
    const least = this.#isFatal ? fatalRestMs : passingRestMs;
    this.#restMs = Math.min(restMsMax, Math.max(least, this.#restMs * 2));
    this.#restsUntil = now + this.#restMs;
    this.#state = 'resting';
    this.#trial = null;
    this.#needsSpeech = trip.stage !== 'opening';
    this.#listener.rests(code, this.#restMs);
  }

  #works(): void {
    this.#state = 'closed';
    this.#trial = null;
    this.#failures = [];
    this.#trialsFailed = 0;
    this.#isFatal = false;
    this.#listener.works(this.#now() - this.#restsSince);
  }
}

class Trip implements Passage {
  readonly #judge: Passage;
  stage: Stage = 'opening';
  #isOver = false;

  constructor(judge: Passage) {
    this.#judge = judge;
  }

  configured(): void {
    this.stage = 'configured';
    this.#judge.configured();
  }

  spoke(): void {
    this.stage = 'spoke';
    this.#judge.spoke();
  }

  lost(code: string, isFatal: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#judge.lost(code, isFatal);
  }

  left(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#judge.left();
  }
}
