import { finalStatuses } from '../../machines/call-events.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Consumer } from './consumer.ts';
import type { StoredFact } from './stored-fact.ts';

/** Whose transcript is stored later was kept waiting. */
const inTimeMs = 60_000;
/** Calls of which it is remembered that they are counted. */
const countedMax = 4_096;

type Counted = Pick<Metrics, 'transcripts' | 'transcriptSeconds'>;

/** Counts when calls have their transcript, once each: it is stored with the fact that ends the call. */
export class TranscriptScore {
  private readonly metrics: Counted;
  private readonly now: () => number;
  private readonly counted = new Set<string>();

  /** `now`: ms since 1970. */
  constructor(metrics: Counted, now: () => number) {
    this.metrics = metrics;
    this.now = now;
  }

  /** The consumer that stores them, counted. */
  of(consumer: Consumer): Consumer {
    return {
      group: consumer.group,
      isHealthy: () => consumer.isHealthy(),
      take: async (facts) => {
        const later = await consumer.take(facts);
        for (const fact of facts) if (!later.includes(fact)) this.stored(fact);
        return later;
      },
    };
  }

  /** A fact of a call was set aside: what was said may not be there. */
  lost(): void {
    this.metrics.transcripts.inc({ result: 'overdue' });
  }

  private stored({ callSid, fact }: StoredFact): void {
    const isEnd =
      fact.type === 'carrier.gone' || (fact.type === 'carrier.statusReported' && finalStatuses.has(fact.status));
    if (!isEnd || this.counted.has(callSid)) return;
    this.counted.add(callSid);
    const [oldest] = this.counted.size > countedMax ? this.counted : [];
    if (oldest !== undefined) this.counted.delete(oldest);
    const tookMs = Math.max(0, this.now() - fact.at);
    this.metrics.transcriptSeconds.observe(tookMs / 1_000);
    this.metrics.transcripts.inc({ result: tookMs <= inTimeMs ? 'in_time' : 'late' });
  }
}
