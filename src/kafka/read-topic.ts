import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, KafkaMessage } from 'kafkajs';
import type { KafkaLink } from './client.ts';
import type { Topic } from './topics.ts';

const limits = {
  /** Between two looks at what Kafka still has. */
  lookMs: 2_000,
  /** Kafka has told nothing for so long, and what it has begun to tell was taken: it will tell nothing any more. */
  silenceMs: 60_000,
  /** A cluster that has just begun knows no groups for some seconds. */
  tries: 20,
  againMs: 500,
} as const;

export interface ReadMessages {
  partition: number;
  /** In the order of the partition. */
  messages: readonly KafkaMessage[];
}

/**
 * Reads a topic from its beginning to where it ends now, for nobody's group. Batches of several partitions may be under
 * way side by side, those of one partition never are. What retention deletes meanwhile is not waited for. Resolves with
 * the number of messages; rejects when Kafka goes away meanwhile, tells nothing for a minute, or `take` rejects.
 */
export async function readTopic(
  kafka: KafkaLink,
  topic: Topic,
  take: (batch: ReadMessages) => Promise<void>,
  partitionsAtOnce = 1,
): Promise<number> {
  let hasBegun = false;
  const begin = (batch: ReadMessages): Promise<void> => {
    hasBegun = true;
    return take(batch);
  };
  for (let tries = 1; ; tries++)
    try {
      return await readOnce(kafka, topic, begin, partitionsAtOnce);
    } catch (error) {
      if (hasBegun || tries >= limits.tries || !isPassing(error)) throw error;
      await sleep(limits.againMs);
    }
}

const isPassing = (error: unknown): boolean =>
  error instanceof Error && 'retriable' in error && error.retriable === true;

async function readOnce(
  kafka: KafkaLink,
  topic: Topic,
  take: (batch: ReadMessages) => Promise<void>,
  partitionsAtOnce: number,
): Promise<number> {
  const admin = kafka.admin();
  const groupId = `aida-read-${randomUUID()}`;
  const consumer = kafka.consumer(groupId);
  let count = 0;
  let watching: NodeJS.Timeout | undefined;
  try {
    await admin.connect();
    const ends = new Map<number, bigint>();
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
      if (BigInt(high) > BigInt(low)) ends.set(partition, BigInt(high));
    if (ends.size === 0) return 0;
    const { promise: over, resolve, reject } = Promise.withResolvers<void>();
    let atWork = 0;
    let heardMs = performance.now();
    const endIfOver = () => ends.size === 0 && atWork === 0 && resolve();
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    const running = consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: partitionsAtOnce,
      eachBatch: async ({ batch: { partition, messages }, heartbeat }) => {
        const end = ends.get(partition);
        if (end === undefined) return;
        const own = messages.filter(({ offset }) => BigInt(offset) < end);
        atWork += 1;
        await take({ partition, messages: own }).catch(reject);
        atWork -= 1;
        heardMs = performance.now();
        count += own.length;
        // What a transaction or a compaction took away leaves a hole before the end.
        if (BigInt(messages.at(-1)?.offset ?? -1) + 1n >= end) ends.delete(partition);
        endIfOver();
        await heartbeat();
      },
    });
    watching = setInterval(() => {
      if (atWork === 0 && performance.now() - heardMs > limits.silenceMs)
        reject(new Error(`${topic}: Kafka tells no more of what it has`));
      void dropDeleted(admin, topic, ends).then(endIfOver, reject);
    }, limits.lookMs);
    // The client may give up before it says that it runs.
    await Promise.all([over, running]);
    return count;
  } finally {
    clearInterval(watching);
    await consumer.disconnect().catch(() => {});
    await admin.deleteGroups([groupId]).catch(() => {});
    await admin.disconnect().catch(() => {});
  }
}

/** What retention has deleted up to the end is never told. */
async function dropDeleted(admin: Admin, topic: Topic, ends: Map<number, bigint>): Promise<void> {
  for (const { partition, low } of await admin.fetchTopicOffsets(topic)) {
    const end = ends.get(partition);
    if (end !== undefined && BigInt(low) >= end) ends.delete(partition);
  }
}
