import type { Consumer as KafkaConsumer, EachBatchPayload, KafkaMessage, Producer } from 'kafkajs';
import type { KafkaLink } from '../kafka/client.ts';
import { deadText } from '../kafka/dead-letter.ts';
import { decodeEvent } from '../kafka/messages.ts';
import { isTooLarge } from '../kafka/too-large.ts';
import { ensureTopics, topics } from '../kafka/topics.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { ClientWatch } from './client-watch.ts';
import type { Consumer } from './consumer.ts';
import { Gatherer } from './kafka-gatherer.ts';
import type { StoredFact } from './stored-fact.ts';

const limits = {
  /** Between two tries to reach Kafka, or what the facts are taken into. */
  againMs: 500,
  againMaxMs: 5_000,
  /** Facts of one partition taken in together. */
  parcelMax: 500,
  /** What is under way is finished meanwhile. */
  disconnectMaxMs: 60_000,
  /** To send one message that is set aside. */
  setAsideTries: 3,
  /** Partitions whose batches may be under way side by side: all of them, since each waits for the same transaction. */
  partitionsMax: 16,
} as const;

const TOO_LARGE = 'too large for calls.dead, it stands at its offset only';
const rejected = (error: Error): Promise<never> => Promise.reject(error);

/** Group ids in Kafka begin with it. */
const GROUP_PREFIX = 'aida-';

export interface KafkaReaderOptions {
  kafka: KafkaLink;
  consumer: Consumer;
  log: Pick<Log, 'warn' | 'error'>;
  metrics: Pick<Metrics, 'kafkaUp' | 'kafkaErrors' | 'kafkaLag' | 'kafkaMessages' | 'kafkaRebalances'>;
  /** A message was set aside. */
  onPoison(): void;
}

/** A fact with the message it came in. */
interface MailedFact extends StoredFact {
  message: KafkaMessage;
}

/** The consumer group that the facts of a consumer come by. */
export const kafkaGroup = (consumer: string): string => `${GROUP_PREFIX}${consumer}`;

/**
 * Reads `calls.events` for one consumer, as many partitions as the group leaves to this process. Offsets are committed
 * after what the consumer committed, so that facts come at least once, in order for each call. A message that cannot
 * be taken in by itself goes to `calls.dead`; while Kafka or the database is away it waits and goes on where it was.
 */
export class KafkaReader {
  private readonly options: KafkaReaderOptions;
  private readonly gatherer: Gatherer<MailedFact>;
  private readonly lags = new Map<number, number>();
  private readonly stopping = Promise.withResolvers<void>();
  private isStopping = false;
  private isTroubled = false;
  private running: Promise<void> | null = null;

  constructor(options: KafkaReaderOptions) {
    this.options = options;
    this.gatherer = new Gatherer(options.consumer);
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Finishes what is under way, commits it and leaves the group, which deals its partitions out anew at once. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.stopping.resolve();
    await this.running;
  }

  private async run(): Promise<void> {
    for (let pauseMs: number = limits.againMs; !this.isStopping; pauseMs = Math.min(pauseMs * 2, limits.againMaxMs)) {
      const consumer = this.options.kafka.consumer(kafkaGroup(this.options.consumer.group));
      const producer = this.options.kafka.producer(limits.setAsideTries);
      const watch = new ClientWatch(consumer);
      try {
        const crashed = this.crashed(consumer);
        await Promise.race([this.join(consumer, producer), watch.silent.then(rejected)]);
        pauseMs = limits.againMs;
        const crash = await Promise.race([crashed, watch.silent]);
        if (crash) this.trouble(crash);
      } catch (error) {
        this.trouble(error);
      }
      watch.end();
      await this.disconnect([consumer, producer]);
      this.lags.clear();
      if (!this.isStopping) await this.pause(pauseMs);
    }
  }

  /** A client that is silent may not answer here either. */
  private async disconnect(clients: readonly { disconnect(): Promise<void> }[]): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limits.disconnectMaxMs);
    await Promise.race([Promise.allSettled(clients.map((client) => client.disconnect())), late]);
    clearTimeout(timer);
  }

  private async join(consumer: KafkaConsumer, producer: Producer): Promise<void> {
    const { kafka, consumer: own, metrics } = this.options;
    const admin = kafka.admin();
    try {
      await admin.connect();
      await ensureTopics(admin);
    } finally {
      await admin.disconnect().catch(() => {});
    }
    await producer.connect();
    consumer.on(consumer.events.GROUP_JOIN, () => {
      metrics.kafkaRebalances.inc({ group: own.group });
      metrics.kafkaUp.set({ client: 'consumer' }, 1);
      // Partitions may be another process's now: what is left here is told by the next batches.
      this.lags.clear();
      metrics.kafkaLag.set({ group: own.group }, 0);
      this.isTroubled = false;
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [topics.events], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: limits.partitionsMax,
      eachBatch: (payload) => this.takeBatch(consumer, producer, payload),
    });
  }

  /** Resolves with why the client gave up, or null when this reader is to stop. */
  private crashed(consumer: KafkaConsumer): Promise<Error | null> {
    const { promise, resolve } = Promise.withResolvers<Error | null>();
    consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload.error));
    void this.stopping.promise.then(() => resolve(null));
    return promise;
  }

  private trouble(error: unknown): void {
    const { log, metrics, consumer } = this.options;
    metrics.kafkaUp.set({ client: 'consumer' }, 0);
    metrics.kafkaErrors.inc({ client: 'consumer' });
    if (!this.isTroubled) log.warn({ err: error, group: consumer.group }, 'Kafka is not read for a while');
    this.isTroubled = true;
  }

  private async takeBatch(consumer: KafkaConsumer, producer: Producer, payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, heartbeat, isRunning, isStale } = payload;
    const { messages, partition } = batch;
    const [first] = messages;
    if (first) this.tellLag(partition, Number(BigInt(batch.highWatermark) - BigInt(first.offset)));
    for (let from = 0; from < messages.length; from += limits.parcelMax) {
      const parcel = messages.slice(from, from + limits.parcelMax);
      const last = parcel.at(-1);
      if (!last || !(await this.takeParcel(producer, payload, parcel))) return;
      resolveOffset(last.offset);
      await consumer.commitOffsets([{ topic: batch.topic, partition, offset: String(BigInt(last.offset) + 1n) }]);
      this.tellLag(partition, Number(BigInt(batch.highWatermark) - BigInt(last.offset)) - 1);
      await heartbeat();
      if (!isRunning() || isStale()) return;
    }
  }

  /** False when the partition is no longer ours. */
  private async takeParcel(producer: Producer, payload: EachBatchPayload, parcel: KafkaMessage[]): Promise<boolean> {
    const { group } = this.options.consumer;
    const { facts, invalid } = this.decode(parcel);
    for (const { message, reason } of invalid) await this.setAside(producer, payload, message, reason);
    const poison = await this.takeInTime(payload, facts);
    if (!poison) return false;
    for (const { fact, error } of poison)
      await this.setAside(producer, payload, fact.message, error instanceof Error ? error.message : String(error));
    this.options.metrics.kafkaMessages.inc({ group, result: 'taken' }, facts.length - poison.length);
    return true;
  }

  private decode(parcel: readonly KafkaMessage[]) {
    const facts: MailedFact[] = [];
    const invalid: { message: KafkaMessage; reason: string }[] = [];
    for (const message of parcel) {
      const decoded = decodeEvent(message.value);
      if (decoded.kind === 'fact') facts.push({ ...decoded.fact, message });
      else if (decoded.kind === 'invalid') invalid.push({ message, reason: decoded.reason });
    }
    return { facts, invalid };
  }

  /** Waits while the database is away, without being taken for dead; null when the partition is no longer ours. */
  private async takeInTime({ heartbeat, isRunning, isStale }: EachBatchPayload, facts: readonly MailedFact[]) {
    if (facts.length === 0) return [];
    for (let pauseMs: number = limits.againMs; isRunning() && !isStale();) {
      try {
        const poison = await this.gatherer.take(facts);
        this.isTroubled = false;
        return poison;
      } catch (error) {
        const { log, consumer } = this.options;
        if (!this.isTroubled) log.warn({ err: error, group: consumer.group }, 'facts wait for their consumer');
        this.isTroubled = true;
      }
      await heartbeat();
      await this.pause(pauseMs);
      if (this.isStopping) return null;
      pauseMs = Math.min(pauseMs * 2, limits.againMaxMs);
    }
    return null;
  }

  /** The log names no value: a database's message quotes what it choked on. */
  private async setAside(
    producer: Producer,
    { batch: { topic, partition } }: EachBatchPayload,
    message: KafkaMessage,
    reason: string,
  ): Promise<void> {
    const { consumer, log, metrics, onPoison } = this.options;
    const { key, offset } = message;
    const { group } = consumer;
    const post = (why: string, what: typeof message) => {
      const value = deadText({ group, reason: why, topic, partition, message: what });
      return producer.send({ topic: topics.dead, acks: -1, messages: [{ key, value }] });
    };
    try {
      await post(reason, message);
    } catch (error) {
      // Who made the topic let in smaller ones only. The message still stands where it was.
      if (!isTooLarge(error)) throw error;
      await post(`${TOO_LARGE}; ${reason}`, { ...message, value: null });
    }
    log.error({ group, topic, partition, offset }, 'message set aside');
    metrics.kafkaMessages.inc({ group, result: 'dead' });
    onPoison();
  }

  private tellLag(partition: number, messages: number): void {
    this.lags.set(partition, messages);
    let sum = 0;
    for (const each of this.lags.values()) sum += each;
    this.options.metrics.kafkaLag.set({ group: this.options.consumer.group }, sum);
  }

  private async pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await Promise.race([promise, this.stopping.promise]);
    clearTimeout(timer);
  }
}
