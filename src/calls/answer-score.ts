import type { CallEvent } from '../../machines/call-events.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Who hears nothing for longer was not answered as promised. */
export const answeredMsMax = 2_000;

type Counted = Pick<Metrics, 'callsAnswered' | 'answerSeconds'>;

/** A call that was over before anybody heard anything: given up early, or never answered. */
export function countUnanswered({ callsAnswered }: Counted, waitedMs: number): void {
  callsAnswered.inc({ result: waitedMs <= answeredMsMax ? 'hung_up' : 'never' });
}

/** A call that heard something, so long after its webhook. */
export function countAnswered({ callsAnswered }: Counted, waitedMs: number): void {
  callsAnswered.inc({ result: waitedMs <= answeredMsMax ? 'in_time' : 'late' });
}

/** Whether the first stream of a new call brought its caller something to hear, and when. Counted once. */
export class AnswerScore {
  private readonly metrics: Counted;
  private readonly traceId: string | null;
  /** Of the webhook, Redis-clock ms; null once it is counted, and for a call that had heard something before. */
  private arrivedAt: number | null;

  /** `earlier`: what the journal held before this stream. */
  constructor(metrics: Counted, earlier: Iterable<CallEvent>, traceId: string | null) {
    this.metrics = metrics;
    this.traceId = traceId;
    this.arrivedAt = null;
    for (const fact of earlier) {
      if (fact.type === 'carrier.arrived' && !fact.queued) this.arrivedAt = fact.at;
      else if (fact.type === 'carrier.streamStarted') this.arrivedAt = null;
    }
  }

  /** The first sound began at `at`, Redis-clock ms. */
  heard(at: number): void {
    if (this.arrivedAt === null) return;
    const waitedMs = Math.max(0, at - this.arrivedAt);
    this.arrivedAt = null;
    this.metrics.answerSeconds.observe(waitedMs / 1_000, this.traceId);
    countAnswered(this.metrics, waitedMs);
  }

  hear(fact: CallEvent): void {
    if (this.arrivedAt === null || fact.type !== 'carrier.streamStopped') return;
    countUnanswered(this.metrics, fact.at - this.arrivedAt);
    this.arrivedAt = null;
  }
}
