import { finalStatuses } from '../../machines/call-events.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { CallbackPolicy } from './callback-window.ts';
import type { Callbacks } from './callbacks.ts';

const ROUND_MS = 5_000;

/** What the carrier asks or tells of a call that was placed. */
export interface PlacedCallNews {
  /** The request that it was made for, '' where the carrier did not say. */
  asked: string;
  callSid: string;
  status: string;
}

/** The carrier, as far as calling back needs it. No method throws. */
export interface DialPort {
  /**
   * The placed call's SID, or null when it is not known to be placed. What the carrier asks and tells of the call names
   * `asked`, the request it is made for.
   */
  place(call: { to: string; from: string; asked: string }): Promise<string | null>;
  /** What became of a placed call; null when the carrier did not say. */
  became(callSid: string): Promise<'answered' | 'unanswered' | 'live' | null>;
}

export interface DiallerDeps {
  callbacks: Callbacks;
  policy(): CallbackPolicy;
  /** Within the hours in which calls are made. */
  isCallbackTime(): boolean;
  /** Conversations more that would find a place; 0 while anybody waits for one. */
  freePlaces(): number;
  carrier: DialPort;
  log: Pick<Log, 'warn'>;
  metrics: Pick<Metrics, 'callbackAttempts'>;
}

/**
 * Calls back whoever was promised it where the store has that done by itself, and whoever somebody of the store wants
 * called. Every process may run one.
 */
export class CallbackDialler {
  private readonly deps: DiallerDeps;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;
  private running: Promise<void> = Promise.resolve();

  constructor(deps: DiallerDeps) {
    this.deps = deps;
  }

  start(): void {
    this.timer = setTimeout(() => {
      this.running = this.round().finally(() => {
        if (!this.isStopped) this.start();
      });
    }, ROUND_MS);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.timer) clearTimeout(this.timer);
    await this.running;
  }

  /** Looks into what is not known, then dials. Never rejects. */
  async round(): Promise<void> {
    const { callbacks, policy, isCallbackTime, freePlaces, log } = this.deps;
    try {
      if (!policy().dialler && !(await callbacks.isWanted())) return;
      await this.lookInto();
      if (isCallbackTime()) await this.dial(freePlaces());
    } catch (error) {
      log.warn({ err: error }, 'call-backs could not be made');
    }
  }

  /** The carrier knows a call of ours, or says how it ended. Never rejects; what is missed is asked for later. */
  async told({ asked, callSid, status }: PlacedCallNews): Promise<void> {
    const { callbacks, log } = this.deps;
    try {
      // Its name may have been lost when it was placed: who is talking must not be dialed again.
      await callbacks.placed(asked, callSid);
      if (finalStatuses.has(status)) await this.settle(callSid, status === 'completed');
    } catch (error) {
      log.warn({ err: error, callSid }, 'what became of a call-back was not noted');
    }
  }

  private async dial(freePlaces: number): Promise<void> {
    const { callbacks, carrier, policy, metrics } = this.deps;
    // Whoever is dialed takes a place some seconds later: those of the last minute count against the free ones.
    const perMinute = Math.floor(Math.min(policy().callsPerMinute, freePlaces));
    if (perMinute < 1) return;
    for (const { callSid, number, calledNumber } of await callbacks.take(
      perMinute,
      policy().dialler ? 'all' : 'wished',
    )) {
      const placed = await carrier.place({ to: number, from: calledNumber, asked: callSid });
      metrics.callbackAttempts.inc({ result: placed === null ? 'unknown' : 'placed' });
      // Without a name it may ring all the same: nobody dials again before that is over.
      if (placed !== null) await callbacks.placed(callSid, placed);
    }
  }

  private async lookInto(): Promise<void> {
    const { callbacks, carrier, policy } = this.deps;
    for (const { callSid, lastCallSid } of await callbacks.stale()) {
      if (lastCallSid === null) {
        await callbacks.giveUp(callSid, policy());
        continue;
      }
      const became = await carrier.became(lastCallSid);
      if (became === 'answered' || became === 'unanswered') await this.settle(lastCallSid, became === 'answered');
    }
  }

  private async settle(callSid: string, isAnswered: boolean): Promise<void> {
    const { callbacks, policy, metrics } = this.deps;
    const isOurs = await callbacks.settle(callSid, isAnswered, policy());
    if (isOurs) metrics.callbackAttempts.inc({ result: isAnswered ? 'answered' : 'unanswered' });
  }
}
