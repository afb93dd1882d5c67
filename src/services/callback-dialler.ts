import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { CallbackPolicy } from './callback-window.ts';
import type { Callbacks } from './callbacks.ts';

const ROUND_MS = 5_000;

/** The carrier, as far as calling back needs it. No method throws. */
export interface DialPort {
  /** The placed call's SID, or null when it is not known to be placed. */
  place(call: { to: string; from: string }): Promise<string | null>;
  /** What became of a placed call; null when the carrier did not say. */
  became(callSid: string): Promise<'answered' | 'unanswered' | 'live' | null>;
}

export interface DiallerDeps {
  callbacks: Callbacks;
  policy(): CallbackPolicy;
  /** Within the hours in which calls are made. */
  isCallbackTime(): boolean;
  /** A conversation more would find a place, and nobody waits for one. */
  hasRoom(): boolean;
  carrier: DialPort;
  log: Pick<Log, 'warn'>;
  metrics: Pick<Metrics, 'callbackAttempts'>;
}

/** Calls back whoever was promised it, where the store has that done by itself. Every process may run one. */
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
    const { policy, isCallbackTime, hasRoom, log } = this.deps;
    if (!policy().dialler) return;
    try {
      await this.lookInto();
      if (isCallbackTime() && hasRoom()) await this.dial();
    } catch (error) {
      log.warn({ err: error }, 'call-backs could not be made');
    }
  }

  /** The carrier says how a call of ours ended. Never rejects; what is missed is asked for later. */
  async told(callSid: string, status: string): Promise<void> {
    try {
      await this.settle(callSid, status === 'completed');
    } catch (error) {
      this.deps.log.warn({ err: error, callSid }, 'the end of a call-back was not noted');
    }
  }

  private async dial(): Promise<void> {
    const { callbacks, carrier, policy, metrics } = this.deps;
    for (const { callSid, number, calledNumber } of await callbacks.take(policy())) {
      const placed = await carrier.place({ to: number, from: calledNumber });
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
