import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksPart } from '../embedded/parts.ts';
import { type KafkaServer, startKafka } from '../sim/parts/kafka.ts';
import { createKafkaLink, type KafkaLink } from './client.ts';
import { readTopic } from './read-topic.ts';
import { awaitLeaders, ensureTopics, topics } from './topics.ts';

const BYTES = 100_000;
const MESSAGES = 30;

describe.skipIf(await lacksPart('kafka'))('a topic is read to its end', () => {
  let kafka: KafkaServer;
  let link: KafkaLink;

  beforeAll(async () => {
    kafka = await startKafka();
    link = createKafkaLink({ brokers: [kafka.broker], tls: false, caFile: null, sasl: null }, 'test', { warn() {} });
    const admin = link.admin();
    await admin.connect();
    await ensureTopics(admin);
    await awaitLeaders(admin, [topics.events]);
    await admin.disconnect();
    const producer = link.producer();
    await producer.connect();
    for (let sent = 0; sent < MESSAGES; sent++)
      await producer.send({
        topic: topics.events,
        acks: -1,
        messages: [{ key: 'CA1', value: 'x'.repeat(BYTES) }],
      });
    await producer.disconnect();
  });

  afterAll(() => kafka.stop());

  test('whatever it was told meanwhile', async () => {
    const seen: number[] = [];
    const count = await readTopic(link, topics.events, async ({ messages }) => {
      seen.push(...messages.map(({ offset }) => Number(offset)));
    });
    expect(count).toBe(MESSAGES);
    expect(seen).toEqual(Array.from({ length: MESSAGES }, (_, offset) => offset));
  });

  test('though retention deletes the rest of it meanwhile', async () => {
    const admin = link.admin();
    await admin.connect();
    let deleted = false;
    const count = await readTopic(link, topics.events, async ({ partition }) => {
      if (deleted) return;
      deleted = true;
      await admin.fetchTopicOffsets(topics.events);
      await admin.deleteTopicRecords({
        topic: topics.events,
        partitions: [{ partition, offset: String(MESSAGES) }],
      });
    });
    await admin.disconnect();
    expect(deleted).toBe(true);
    expect(count).toBeLessThan(MESSAGES);
  }, 20_000);
});
