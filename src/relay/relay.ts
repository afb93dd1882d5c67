import { withoutSynthetic } from '../analytics/kept-out.ts';
import { OutboxReader, type Pace, type ReaderOptions } from '../analytics/reader.ts';
import { registerGroups } from '../directory/outbox.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { KafkaLink } from '../kafka/client.ts';
import { awaitLeaders, ensureTopics, topics } from '../kafka/topics.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { IsSynthetic } from '../telemetry/synthetic-sid.ts';
import { createPublisher, RELAY_GROUP } from './publisher.ts';
import { Sender } from './sender.ts';

/** Facts are to be in Kafka within a second: a look costs little, and so does a small batch. */
const pace: Pace = { idleMaxMs: 200, gatherMs: 50, gatherManyMs: 100, readMax: 500, batchMax: 500 };

const limits = {
  /** Between two tries to reach Kafka. */
  againMs: 500,
  againMaxMs: 5_000,
} as const;

export interface RelayOptions {
  link: RedisLink;
  kafka: KafkaLink;
  /** Unlike that of any other process. */
  holder: string;
  /** Calls that nobody made: Kafka never hears of them. */
  isSynthetic?: IsSynthetic;
  log: Pick<Log, 'warn' | 'error'>;
  metrics: Pick<Metrics, 'relayFacts' | 'relaySendSeconds' | 'kafkaUp' | 'kafkaErrors' | 'faults' | 'factsTaken'>;
}

/**
 * Brings the outbox to Kafka. Any number of processes may: each partition is read by one at a time, in order, one batch
 * under way, and what was not acknowledged comes again, be it by another process. So every fact is in Kafka once or
 * several times, and the facts of a call stand there in order once repeats are taken out.
 */
export class Relay {
  private readonly options: RelayOptions;
  private running: Promise<void> | null = null;
  private readonly stopping = Promise.withResolvers<void>();
  private isStopping = false;

  constructor(options: RelayOptions) {
    this.options = options;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Brings what is there for a bounded time, then lets others read at once. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.stopping.resolve();
    await this.running;
  }

  private async run(): Promise<void> {
    const { link, kafka, holder, log, metrics, isSynthetic = () => false } = this.options;
    await this.until('outbox', () => registerGroups(link, [RELAY_GROUP]));
    const sender = new Sender(kafka);
    await this.until('Kafka', () => this.reach(sender));
    if (!this.isStopping) {
      const consumer = withoutSynthetic(createPublisher(sender, metrics), isSynthetic);
      const onPoison = () => metrics.faults.inc({ place: `outbox ${RELAY_GROUP}` });
      const onTaken: ReaderOptions['onTaken'] = (result, count) =>
        metrics.factsTaken.inc({ group: RELAY_GROUP, result }, count);
      const reader = new OutboxReader({ link, consumer, holder, log, pace, onPoison, onTaken });
      reader.start();
      await this.stopping.promise;
      await reader.stop();
    }
    await sender.disconnect();
  }

  /** The topics are there, and the producer is connected. */
  private async reach(sender: Sender): Promise<void> {
    const admin = this.options.kafka.admin();
    try {
      await admin.connect();
      for (const { topic, doubt } of await ensureTopics(admin))
        this.options.log.warn({ topic, doubt }, 'Kafka topic is not as it should be');
      await awaitLeaders(admin, [topics.events, topics.transcripts]);
      this.options.metrics.kafkaUp.set({ client: 'admin' }, 1);
    } catch (error) {
      this.options.metrics.kafkaUp.set({ client: 'admin' }, 0);
      this.options.metrics.kafkaErrors.inc({ client: 'admin' });
      throw error;
    } finally {
      await admin.disconnect().catch(() => {});
    }
    await sender.connect();
  }

  /** Tries until it works or the relay is to stop. */
  private async until(what: string, work: () => Promise<void>): Promise<void> {
    for (let pauseMs: number = limits.againMs; !this.isStopping; pauseMs = Math.min(pauseMs * 2, limits.againMaxMs)) {
      try {
        await work();
        return;
      } catch (error) {
        if (pauseMs === limits.againMs) this.options.log.warn({ err: error, what }, 'facts wait for the relay');
      }
      await this.pause(pauseMs);
    }
  }

  private async pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await Promise.race([promise, this.stopping.promise]);
    clearTimeout(timer);
  }
}
