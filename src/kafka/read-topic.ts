import { randomUUID } from 'node:crypto';
import type { KafkaMessage } from 'kafkajs';
import type { KafkaLink } from './client.ts';
import type { Topic } from './topics.ts';

export interface ReadMessages {
  partition: number;
  /** In the order of the partition. */
  messages: readonly KafkaMessage[];
}

/**
 * Reads a topic from its beginning to where it ends now, for nobody's group. Batches of several partitions may be under
 * way side by side, those of one partition never are. Resolves with the number of messages; rejects when Kafka goes
 * away meanwhile or `take` rejects.
 */
export async function readTopic(
  kafka: KafkaLink,
  topic: Topic,
  take: (batch: ReadMessages) => Promise<void>,
  partitionsAtOnce = 1,
): Promise<number> {
  const admin = kafka.admin();
  const groupId = `aida-read-${randomUUID()}`;
  const consumer = kafka.consumer(groupId);
  let count = 0;
  try {
    await admin.connect();
    const ends = new Map<number, bigint>();
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
      if (BigInt(high) > BigInt(low)) ends.set(partition, BigInt(high));
    if (ends.size === 0) return 0;
    const { promise: over, resolve, reject } = Promise.withResolvers<void>();
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
        await take({ partition, messages: own }).catch(reject);
        count += own.length;
        await heartbeat();
        // What a transaction or a compaction took away leaves a hole before the end.
        if (BigInt(messages.at(-1)?.offset ?? -1) + 1n >= end) ends.delete(partition);
        if (ends.size === 0) resolve();
      },
    });
    // The client may give up before it says that it runs.
    await Promise.all([over, running]);
    return count;
  } finally {
    await consumer.disconnect().catch(() => {});
    await admin.deleteGroups([groupId]).catch(() => {});
    await admin.disconnect().catch(() => {});
  }
}
