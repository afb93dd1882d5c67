import type { KafkaLink } from './client.ts';
import { readDeadLetter } from './dead-letter.ts';
import type { DeadMessage } from './messages.ts';
import { readTopic } from './read-topic.ts';
import { topics } from './topics.ts';

const SEND_TRIES = 3;

/** A message of `calls.dead` with its own place there. */
export interface DeadLetter {
  /** `partition:offset`. */
  id: string;
  letter: DeadMessage;
}

/** All that is there now, oldest first within each partition. */
export async function deadLetters(kafka: KafkaLink): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  await readTopic(kafka, topics.dead, async ({ partition, messages }) => {
    for (const { offset, value } of messages) {
      const letter = readDeadLetter(value);
      if (letter) found.push({ id: `${partition}:${offset}`, letter });
    }
  });
  return found;
}

/** False for one whose message the topic had no room for. */
export const isWhole = ({ letter }: DeadLetter): boolean => letter.value !== '';

/** Sends the messages as they were to where they were, behind all that is there. All must be whole. */
export async function replayLetters(kafka: KafkaLink, letters: readonly DeadLetter[]): Promise<void> {
  const producer = kafka.producer(SEND_TRIES);
  await producer.connect();
  try {
    for (const { letter } of letters) {
      const message = { key: letter.key, value: Buffer.from(letter.value, 'base64') };
      await producer.send({ topic: letter.topic, acks: -1, messages: [message] });
    }
  } finally {
    await producer.disconnect();
  }
}

/** Drops these and all before them in their partitions. */
export async function dropLetters(kafka: KafkaLink, letters: readonly DeadLetter[]): Promise<void> {
  const upTo = new Map<number, bigint>();
  for (const { id } of letters) {
    const [partition = '', offset = ''] = id.split(':');
    const next = BigInt(offset) + 1n;
    if (next > (upTo.get(Number(partition)) ?? 0n)) upTo.set(Number(partition), next);
  }
  const admin = kafka.admin();
  await admin.connect();
  try {
    const partitions = [...upTo].map(([partition, offset]) => ({ partition, offset: String(offset) }));
    // The client knows where a topic's partitions are only once it was asked something else of it.
    await admin.fetchTopicOffsets(topics.dead);
    await admin.deleteTopicRecords({ topic: topics.dead, partitions });
  } finally {
    await admin.disconnect();
  }
}
