import type { DataSource } from 'typeorm';
import { readJournal } from '../directory/journal.ts';
import { partitionCount } from '../directory/keys.ts';
import { directoryLimits } from '../directory/limits.ts';
import { outboxStats, trimOutbox } from '../directory/outbox.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createCallbackConsumer, type CallbackConsumerDeps } from './callback-consumer.ts';
import { createCallLogProjector, type Projector } from './call-log.ts';
import type { Consumer } from './consumer.ts';
import { OutboxReader } from './reader.ts';
import { createRecordingConsumer, type RecordingConsumerDeps } from './recording-consumer.ts';
import { createConversationProjector } from './projections.ts';

/** How often what everybody has taken in is dropped from the outbox, and the rest counted. */
const tidyMs = 5_000;

export interface AnalyticsOptions {
  link: RedisLink;
  dataSource: DataSource;
  enterRecording: RecordingConsumerDeps['enter'];
  enterCallback: CallbackConsumerDeps['enter'];
  /** Unlike that of any other process. */
  holder: string;
  log: Pick<Log, 'warn' | 'error'>;
  metrics: Pick<Metrics, 'journalLag' | 'faults'>;
}

/** Takes the facts in the outbox into the database, by four consumer groups, and keeps the outbox short. */
export class Analytics {
  private readonly options: AnalyticsOptions;
  private readonly consumers: Consumer[];
  private readonly readers: OutboxReader[];
  private timer: NodeJS.Timeout | null = null;
  private tidying: Promise<void> = Promise.resolve();

  constructor(options: AnalyticsOptions) {
    this.options = options;
    const { link, dataSource, enterRecording, enterCallback: enter } = options;
    const isHealthy = () =>
      dataSource.query('SELECT 1').then(
        () => true,
        () => false,
      );
    const projects = (group: string, project: Projector): Consumer => ({
      group,
      isHealthy,
      take: async (facts) => {
        await project(facts);
        return [];
      },
    });
    const journalOf = async (callSid: string) =>
      (await readJournal(link, callSid)).flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : []));
    this.consumers = [
      projects('call-log', createCallLogProjector(dataSource)),
      projects('analytics', createConversationProjector(dataSource, Date.now)),
      createRecordingConsumer({ enter: enterRecording, journalOf, isHealthy }),
      createCallbackConsumer({ enter, journalOf, isHealthy }),
    ];
    this.readers = this.consumers.map((consumer) => this.reader(consumer));
  }

  private reader(consumer: Consumer): OutboxReader {
    const { link, holder, log, metrics } = this.options;
    const onPoison = () => metrics.faults.inc({ place: `outbox ${consumer.group}` });
    return new OutboxReader({ link, consumer, holder, log, onPoison });
  }

  start(): void {
    for (const reader of this.readers) reader.start();
    this.timer ??= setInterval(() => {
      this.tidying = this.tidying.then(() => this.tidy());
    }, tidyMs);
  }

  /** Takes in what is there, for a bounded time. Facts after that wait for another process, or the next start. */
  async stop(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    await Promise.all(this.readers.map((reader) => reader.stop()));
    await this.tidying;
    await this.tidy();
  }

  /** Any number of processes may do it at once. */
  private async tidy(): Promise<void> {
    const { link, log, metrics } = this.options;
    const groups = this.consumers.map(({ group }) => group);
    const unread = new Map(groups.map((group) => [group, 0]));
    try {
      for (let partition = 0; partition < partitionCount; partition++) {
        await trimOutbox(link, partition, groups);
        const stats = await outboxStats(link, partition);
        for (const each of stats.groups)
          unread.set(each.group, (unread.get(each.group) ?? 0) + Math.max(0, each.unread) + each.pending);
        if (stats.share >= directoryLimits.outboxAlarmShare)
          log.error({ partition, bytes: stats.bytes, share: stats.share }, 'outbox is filling up');
      }
    } catch (error) {
      log.warn({ err: error }, 'outbox not trimmed');
      return;
    }
    for (const [group, facts] of unread) metrics.journalLag.set({ group }, facts);
  }
}
