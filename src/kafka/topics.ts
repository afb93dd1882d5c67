import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { partitionCount } from '../directory/keys.ts';

/** Topics, all keyed by CallSid. */
export const topics = {
  /** Every fact. */
  events: 'calls.events',
  /** What was said and heard, and what was taken back. */
  transcripts: 'calls.transcripts',
  /** Messages that a consumer could not take in, with why. */
  dead: 'calls.dead',
} as const;

export type Topic = (typeof topics)[keyof typeof topics];

const DAY_MS = 24 * 3_600_000;
/** For so long Kafka keeps what it was told, unless its operators say otherwise. */
const retentionDays: Readonly<Record<Topic, number>> = {
  'calls.events': 30,
  'calls.transcripts': 30,
  'calls.dead': 30,
};
/** The largest message that a broker takes unless told otherwise, in base64 and with why, fits: else it would block its partition. */
const DEAD_BYTES_MAX = 2 * 1_024 * 1_024;
/** Copies of each message, where there are so many brokers. */
const COPIES = 3;
const CREATE_TIMEOUT_MS = 10_000;
/** A leader that was just told of takes some moments to know of it. */
const LEADERS_TIMEOUT_MS = 10_000;
const LOOK_MS = 100;

/** What is not as it should be, though work can be done with it. */
export interface TopicDoubt {
  topic: Topic;
  doubt: string;
}

/**
 * Makes the topics that are missing and looks at those that are there. One partition for each of the outbox, so that a
 * batch of the relay is a batch of one partition. Rejects while Kafka is away.
 */
export async function ensureTopics(admin: Admin): Promise<TopicDoubt[]> {
  const present = new Set(await admin.listTopics());
  const missing = Object.values(topics).filter((topic) => !present.has(topic));
  if (missing.length > 0) {
    const { brokers } = await admin.describeCluster();
    const copies = Math.min(COPIES, brokers.length);
    await admin.createTopics({
      timeout: CREATE_TIMEOUT_MS,
      // The client asks one broker, which may not have heard of them yet.
      waitForLeaders: false,
      topics: missing.map((topic) => ({
        topic,
        numPartitions: partitionCount,
        replicationFactor: copies,
        configEntries: Object.entries({
          'cleanup.policy': 'delete',
          'retention.ms': String(retentionDays[topic] * DAY_MS),
          ...(topic === topics.dead ? { 'max.message.bytes': String(DEAD_BYTES_MAX) } : {}),
          // With one copy fewer than there are, a broker may be replaced and nothing acknowledged is lost.
          'min.insync.replicas': String(Math.max(1, copies - 1)),
        }).map(([name, value]) => ({ name, value })),
      })),
    });
    await awaitLeaders(admin, missing);
  }
  return doubtsOf(admin);
}

/**
 * Resolves once the leader of every partition answers for it. A topic that was just made refuses what is sent to it until
 * then, and of a batch for several partitions what the others have taken is sent again. Rejects when it takes too long.
 */
export async function awaitLeaders(admin: Admin, names: readonly Topic[]): Promise<void> {
  const giveUpAt = performance.now() + LEADERS_TIMEOUT_MS;
  for (const name of names) {
    // Who asks for the end of a partition is answered by its leader alone; metadata tell what the controller has decided.
    while (!(await admin.fetchTopicOffsets(name).catch((error: unknown) => failLate(error, giveUpAt))))
      await sleep(LOOK_MS);
  }
}

function failLate(error: unknown, giveUpAt: number): null {
  if (performance.now() < giveUpAt) return null;
  throw error;
}

async function doubtsOf(admin: Admin): Promise<TopicDoubt[]> {
  const found = await admin.fetchTopicMetadata({ topics: Object.values(topics) });
  const sorted = found.topics.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  return sorted.flatMap(({ name, partitions }) => {
    const topic = Object.values(topics).find((each) => each === name);
    if (!topic) return [];
    const copies = Math.min(...partitions.map(({ replicas }) => replicas.length));
    const doubts: string[] = [];
    if (partitions.length !== partitionCount) doubts.push(`${partitions.length} partitions, not ${partitionCount}`);
    if (copies < 2) doubts.push('each message is kept once: it is lost with its broker');
    return doubts.map((doubt) => ({ topic, doubt }));
  });
}
