import { readFileSync } from 'node:fs';
import kafkajs, {
  type Admin,
  type Consumer,
  type Kafka,
  type LogEntry,
  type Producer,
  type SASLOptions,
} from 'kafkajs';
import { partitionOf } from '../directory/keys.ts';
import type { Log } from '../telemetry/log.ts';
import { stopIdleTimers } from './idle-timer.ts';

/** How Kafka is reached. */
export interface KafkaSettings {
  /** `host:port` of some brokers. */
  brokers: string[];
  tls: boolean;
  /** A file of certificates to trust, PEM; null: the system's. Only with `tls`. */
  caFile: string | null;
  sasl: { mechanism: (typeof saslMechanisms)[number]; username: string; password: string } | null;
}

export const saslMechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

const limits = {
  connectMs: 3_000,
  signInMs: 5_000,
  /** A broker that answers no request for so long is asked anew. */
  requestMs: 10_000,
  /** Whoever asks goes on asking by itself: here it is tried so often. */
  retries: 2,
  retryMs: 100,
  retryMaxMs: 1_000,
  metadataMs: 60_000,
  /** After a broker's restart a group waits for members that are gone: transcripts are due within a minute of their call. */
  sessionMs: 12_000,
  rebalanceMs: 20_000,
  heartbeatMs: 3_000,
  /** Messages are gathered at the broker for so long, or until there are so many. */
  fetchWaitMs: 250,
  fetchBytesMin: 128 * 1_024,
  fetchBytesMax: 8 * 1_024 * 1_024,
  partitionBytesMax: 1_024 * 1_024,
} as const;

/** Clients of one cluster, as this project uses them. Their connections are the caller's to close. */
export interface KafkaLink {
  admin(): Admin;
  /**
   * Waits for all copies that are in step, one request under way at a time. Repeats are possible, losses are not. It
   * tries once: when a leader moves, the client's own second try leaves out what now belongs to a broker that has
   * answered the first, and says that all was sent. `tries` above 1 are for single messages.
   */
  producer(tries?: number): Producer;
  /** Commits nothing by itself, and does not go on after a failure: `CRASH` tells. */
  consumer(groupId: string): Consumer;
}

stopIdleTimers();

/** Nothing is connected yet. Throws when the file of certificates cannot be read. */
export function createKafkaLink(settings: KafkaSettings, clientId: string, log: Pick<Log, 'warn'>): KafkaLink {
  const { brokers, tls, caFile, sasl } = settings;
  const trusted = caFile === null ? {} : { ca: [readFileSync(caFile, 'utf8')] };
  const retry = {
    retries: limits.retries,
    initialRetryTime: limits.retryMs,
    maxRetryTime: limits.retryMaxMs,
    restartOnFailure: async () => false,
  };
  const kafka: Kafka = new kafkajs.Kafka({
    clientId,
    brokers,
    ssl: tls ? trusted : false,
    ...(sasl ? { sasl: signIn(sasl) } : {}),
    connectionTimeout: limits.connectMs,
    authenticationTimeout: limits.signInMs,
    requestTimeout: limits.requestMs,
    enforceRequestTimeout: true,
    retry,
    logLevel: kafkajs.logLevel.ERROR,
    logCreator: () => (entry) => tellLog(log, entry),
  });
  return {
    admin: () => kafka.admin(),
    producer: (tries = 1) =>
      kafka.producer({
        retry: { ...retry, retries: tries - 1 },
        createPartitioner: () => byOutboxPartition,
        // With idempotence the client has lost acknowledged messages when a connection was reset.
        idempotent: false,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        metadataMaxAge: limits.metadataMs,
      }),
    consumer: (groupId) =>
      kafka.consumer({
        groupId,
        allowAutoTopicCreation: false,
        sessionTimeout: limits.sessionMs,
        rebalanceTimeout: limits.rebalanceMs,
        heartbeatInterval: limits.heartbeatMs,
        maxWaitTimeInMs: limits.fetchWaitMs,
        minBytes: limits.fetchBytesMin,
        maxBytes: limits.fetchBytesMax,
        maxBytesPerPartition: limits.partitionBytesMax,
        metadataMaxAge: limits.metadataMs,
        retry,
      }),
  };
}

function signIn({ mechanism, username, password }: NonNullable<KafkaSettings['sasl']>): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
  }
}

/** All facts of a call to one partition: that of its outbox, where the topic has as many. */
function byOutboxPartition({ message, partitionMetadata }: kafkajs.PartitionerArgs): number {
  return partitionOf(String(message.key ?? '')) % partitionMetadata.length;
}

/** What the client says of itself: whoever asked is told as well, so that it is no more than a hint. */
function tellLog(
  log: Pick<Log, 'warn'>,
  { namespace, log: { message, error, broker, topic, groupId } }: LogEntry,
): void {
  log.warn(
    { client: namespace, what: message, fault: error, broker, topic, group: groupId },
    'Kafka client in trouble',
  );
}
