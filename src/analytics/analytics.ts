import type { DataSource } from 'typeorm';
import { CallLogEntity } from '../../entities/call-log.ts';
import type { CallEvent } from '../../machines/call-events.ts';
import { readJournal } from '../directory/journal.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { KafkaLink } from '../kafka/client.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { IsSynthetic } from '../telemetry/synthetic-sid.ts';
import { createErasureGate, isErased } from '../privacy/erasure-gate.ts';
import type { NumberKey } from '../privacy/number-key.ts';
import { createCallbackConsumer, type CallbackConsumerDeps } from './callback-consumer.ts';
import { createCallLogProjector, type Projector } from './call-log.ts';
import type { Consumer } from './consumer.ts';
import { withoutSynthetic } from './kept-out.ts';
import { TranscriptScore } from './transcript-score.ts';
import { KafkaReader, type KafkaReaderOptions } from './kafka-reader.ts';
import { createConversationProjector } from './projections.ts';
import { OutboxReader } from './reader.ts';
import { createRecordingConsumer, type RecordingConsumerDeps } from './recording-consumer.ts';

/** What is learned from calls: from Kafka where there is one, else from the outbox. */
const CONVERSATIONS = 'analytics';
/** What must not wait for Kafka: the row of a call that rings, and what somebody was promised. */
const OPERATIONAL = ['call-log', 'voicemail', 'callbacks'] as const;

/** The groups that the outbox is kept for. */
export const outboxGroups = (isKafkaUsed: boolean): readonly string[] => [
  ...OPERATIONAL,
  isKafkaUsed ? 'relay' : CONVERSATIONS,
];

/** Groups that read elsewhere now: the outbox is kept for them no longer. What they had not taken in is in Kafka's way. */
export const retiredGroups = (isKafkaUsed: boolean): readonly string[] => (isKafkaUsed ? [CONVERSATIONS] : []);

export interface AnalyticsOptions {
  link: RedisLink;
  /** Null: there is none, and everything is read from the outbox. */
  kafka: KafkaLink | null;
  dataSource: DataSource;
  enterRecording: RecordingConsumerDeps['enter'];
  enterCallback: CallbackConsumerDeps['enter'];
  /** Null: calls of callers who had everything erased are known by their CallSids alone. */
  numberKey: NumberKey | null;
  /** Unlike that of any other process. */
  holder: string;
  log: KafkaReaderOptions['log'];
  metrics: KafkaReaderOptions['metrics'] & Pick<Metrics, 'factsTaken' | 'faults' | 'transcripts' | 'transcriptSeconds'>;
  /** Calls that nobody made: no row is made of them. */
  isSynthetic?: IsSynthetic;
}

async function arrivalOf(dataSource: DataSource, callSid: string): Promise<CallEvent[]> {
  const row = await dataSource.getRepository(CallLogEntity).findOneBy({ callSid });
  if (!row) return [];
  const { startedAt, fromNumber: from, toNumber: to } = row;
  return [{ type: 'carrier.arrived', at: startedAt.getTime(), from, to, node: '' }];
}

/** Takes the facts into the database, by four consumer groups. */
export class Analytics {
  private readonly options: AnalyticsOptions;
  private readonly transcripts: TranscriptScore;
  private readonly readers: { start(): void; stop(): Promise<void> }[];

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
    const gate = createErasureGate(options.numberKey);
    const journalOf = async (callSid: string) => {
      const facts = (await readJournal(link, callSid)).flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : []));
      // Facts may wait for longer than a journal is kept: who called stands in the call's row.
      return facts.length > 0 ? facts : arrivalOf(dataSource, callSid);
    };
    this.transcripts = new TranscriptScore(options.metrics, Date.now);
    const conversations = this.transcripts.of(
      projects(CONVERSATIONS, createConversationProjector(dataSource, Date.now, gate)),
    );
    const consumers = [
      projects('call-log', createCallLogProjector(dataSource, gate)),
      createRecordingConsumer({ enter: enterRecording, journalOf, isHealthy }),
      createCallbackConsumer({ enter, isErased: (callSid) => isErased(dataSource, callSid), journalOf, isHealthy }),
    ];
    this.readers = [
      ...consumers.map((consumer) => this.outboxReader(this.real(consumer))),
      options.kafka
        ? this.kafkaReader(options.kafka, this.real(conversations))
        : this.outboxReader(this.real(conversations)),
    ];
  }

  private real(consumer: Consumer): Consumer {
    const { isSynthetic } = this.options;
    return isSynthetic ? withoutSynthetic(consumer, isSynthetic) : consumer;
  }

  private onPoison(group: string): void {
    this.options.metrics.faults.inc({ place: `outbox ${group}` });
    if (group === CONVERSATIONS) this.transcripts.lost();
  }

  private outboxReader(consumer: Consumer): OutboxReader {
    const { link, holder, log, metrics } = this.options;
    const onPoison = () => this.onPoison(consumer.group);
    const { group } = consumer;
    return new OutboxReader({
      ...{ link, consumer, holder, log, onPoison },
      onTaken: (result, count) => metrics.factsTaken.inc({ group, result }, count),
    });
  }

  private kafkaReader(kafka: KafkaLink, consumer: Consumer): KafkaReader {
    const { log, metrics } = this.options;
    const onPoison = () => this.onPoison(consumer.group);
    return new KafkaReader({ kafka, consumer, log, metrics, onPoison });
  }

  start(): void {
    for (const reader of this.readers) reader.start();
  }

  /** Takes in what is there, for a bounded time. Facts after that wait for another process, or the next start. */
  async stop(): Promise<void> {
    await Promise.all(this.readers.map((reader) => reader.stop()));
  }
}
