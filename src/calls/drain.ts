import { limits } from '../../machines/call-events.ts';
import type { DrainReport } from '../directory/node-desk.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Told } from './stream-port.ts';

/** One call is handed over at each look. */
const handoversPerS = 10;
const lookMs = 1_000 / handoversPerS;

export const drainLimits = {
  /** A balancer may go on sending requests for so long after readiness went off. */
  balancerMs: 5_000,
  /** From the moment that a call must leave: its last words, the intent's append, and what is tried without Redis. */
  leaveMs: 8_000,
  /** The carrier asks about a stream that ended within it, perhaps here. */
  questionMs: 2_000,
} as const;

interface StreamingCall {
  callSid: string;
  epoch: number;
}

export interface DrainDeps {
  /** Calls may finish here for so long, ms. */
  finishMs: number;
  calls: {
    /** Calls whose stream is open here; one that comes back has another epoch. */
    streaming(): readonly StreamingCall[];
    tell(callSid: string, fact: Told): unknown;
    /** Ends every stream that is left; what was said is journaled first, within a bound. */
    close(): Promise<void>;
  };
  /** Media sockets, those included whose call is not known yet. */
  streams(): number;
  placement: {
    /** Calls on their way here. */
    readonly reserved: number;
    drain(stage: 'finishing' | 'leaving'): Promise<void>;
  };
  /** Monotonic ms. */
  now(): number;
  log: Log;
  metrics: Metrics;
}

/** How far a node is on its way out. */
export type DrainProgress = DrainReport;

const keyOf = ({ callSid, epoch }: StreamingCall): string => `${callSid} ${epoch}`;

/**
 * A node that is to end: calls finish, then the others are handed over between turns, ten a second, then all that is
 * left is ended. Bounded: `finishMs`, a tenth of a second for each call, and the bounds of one call's leaving.
 */
export class Drain {
  private readonly deps: DrainDeps;
  /** Calls that were told to leave and are still here. */
  private readonly told = new Set<string>();
  private handedOver = 0;
  private stage: DrainReport['stage'] = 'serving';
  private startedAt = 0;
  private isUrgent = false;
  private running: Promise<void> | null = null;
  private wakeUp: (() => void) | null = null;

  constructor(deps: DrainDeps) {
    this.deps = deps;
  }

  /** The node takes no new calls any more. */
  get begun(): boolean {
    return this.stage !== 'serving';
  }

  progress(): DrainProgress {
    const { calls, streams, placement, finishMs, now } = this.deps;
    const inMs = this.stage === 'finishing' ? Math.max(0, Math.round(this.startedAt + finishMs - now())) : 0;
    return {
      stage: this.stage,
      calls: Math.max(calls.streaming().length, streams()),
      expected: placement.reserved,
      handedOver: this.handedOver,
      finishInMs: this.begun ? inMs : null,
    };
  }

  /** Resolves when nothing is left here. `urgent`: no call may finish first; may be said later too. */
  begin(urgent: boolean): Promise<void> {
    if (urgent && !this.isUrgent) {
      this.isUrgent = true;
      this.wakeUp?.();
    }
    this.running ??= this.run();
    return this.running;
  }

  private async run(): Promise<void> {
    const { calls, streams, placement, log, metrics, now } = this.deps;
    this.stage = 'finishing';
    this.startedAt = now();
    metrics.draining.set(1);
    metrics.onScrape(() => metrics.drainingSeconds.set((now() - this.startedAt) / 1_000));
    log.info({ calls: streams(), reserved: placement.reserved }, 'the node takes no new calls');
    await placement.drain('finishing');
    while (!this.isFinished()) await this.pause();
    this.stage = 'leaving';
    await placement.drain('leaving');
    if (streams() > 0) await this.handOver();
    const cut = streams();
    if (cut > 0) {
      metrics.handovers.inc({ result: 'cut' }, cut);
      log.warn({ calls: cut }, 'calls did not leave in time');
    }
    await calls.close();
    if (cut > 0 || this.handedOver > 0) {
      await new Promise((resolve) => setTimeout(resolve, drainLimits.questionMs));
    }
    this.stage = 'left';
    log.info({ handedOver: this.handedOver, cut }, 'no call is left');
  }

  private isFinished(): boolean {
    const { finishMs, streams, placement, now } = this.deps;
    const sinceMs = now() - this.startedAt;
    if (this.isUrgent || sinceMs >= finishMs) return true;
    // A reservation that outlived its life is of a call that will never come.
    const isExpected = placement.reserved > 0 && sinceMs < limits.streamMs;
    return streams() === 0 && !isExpected && sinceMs >= drainLimits.balancerMs;
  }

  private async handOver(): Promise<void> {
    const { calls, streams, now, log } = this.deps;
    log.info({ calls: streams(), urgent: this.isUrgent }, 'calls are handed over');
    let untilMs = now() + drainLimits.questionMs;
    let wasUrgent = false;
    for (;;) {
      const streaming = calls.streaming();
      this.countGone(streaming);
      if (streams() === 0) return;
      const untold = streaming.filter((call) => !this.told.has(keyOf(call)));
      const next = this.isUrgent ? (wasUrgent ? untold : streaming) : untold.slice(0, 1);
      if (next.length > 0) {
        for (const call of next) this.tellToLeave(call);
        untilMs = now() + (this.isUrgent ? 0 : limits.handoverMs) + drainLimits.leaveMs;
      }
      wasUrgent = this.isUrgent;
      if (untold.length === next.length && now() >= untilMs) return;
      await this.pause();
    }
  }

  private countGone(streaming: readonly StreamingCall[]): void {
    const here = new Set(streaming.map(keyOf));
    for (const key of this.told) {
      if (here.has(key)) continue;
      this.told.delete(key);
      this.handedOver += 1;
    }
  }

  private tellToLeave(call: StreamingCall): void {
    this.told.add(keyOf(call));
    this.deps.calls.tell(call.callSid, { type: 'node.draining', urgent: this.isUrgent });
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.wakeUp = null;
        resolve();
      };
      const timer = setTimeout(done, lookMs);
      this.wakeUp = done;
    });
  }
}
