import type { Admin } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { newCallSid } from '../directory/calls.fixture.ts';
import { partitionCount, partitionOf } from '../directory/keys.ts';
import { lacksPart } from '../embedded/parts.ts';
import { createKafkaLink, type KafkaLink } from '../kafka/client.ts';
import { readTopic } from '../kafka/read-topic.ts';
import { awaitLeaders, ensureTopics, topics } from '../kafka/topics.ts';
import { type KafkaServer, startKafka } from '../sim/parts/kafka.ts';
import type { StoredFact } from '../analytics/stored-fact.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createPublisher } from './publisher.ts';

const WAIT = { timeout: 30_000, interval: 100 };

function factIn(partition: number, seq: number): StoredFact {
  let callSid = newCallSid();
  while (partitionOf(callSid) !== partition) callSid = newCallSid();
  return { callSid, epoch: 1, seq, fact: { type: 'carrier.dtmf', at: 1, digit: '1' } };
}

describe.skipIf(await lacksPart('kafka'))('two brokers', () => {
  const brokers: KafkaServer[] = [];
  let link: KafkaLink;
  let admin: Admin;

  beforeAll(async () => {
    const first = await startKafka();
    brokers.push(first);
    brokers.push(await startKafka({ joins: first }));
    link = createKafkaLink({ brokers: [first.broker], tls: false, caFile: null, sasl: null }, 'test', { warn() {} });
    admin = link.admin();
    await admin.connect();
    await vi.waitFor(async () => expect((await admin.describeCluster()).brokers).toHaveLength(2), WAIT);
  });

  afterAll(async () => {
    await admin.disconnect();
    for (const broker of brokers.toReversed()) await broker.stop();
  });

  const leaders = async () => {
    const [events] = (await admin.fetchTopicMetadata({ topics: [topics.events] })).topics;
    return new Map(events?.partitions.map(({ partitionId, leader }) => [partitionId, leader]));
  };

  test('a batch that a moved leader refuses in part is told to be sent only when all of it is stored', async () => {
    const ids = (await admin.describeCluster()).brokers.map(({ nodeId }) => nodeId);
    const [one = 0, other = 0] = ids;
    await admin.createTopics({
      waitForLeaders: false,
      topics: [
        {
          topic: topics.events,
          replicaAssignment: Array.from({ length: partitionCount }, (_, partition) => ({
            partition,
            replicas: [partition === 0 ? one : other],
          })),
        },
      ],
    });
    await ensureTopics(admin);
    await awaitLeaders(admin, [topics.events, topics.transcripts]);
    const producer = link.producer();
    await producer.connect();
    const publisher = createPublisher(producer, createMetrics());
    await publisher.take([factIn(0, 1), factIn(1, 1)]);
    await admin.alterPartitionReassignments({
      topics: [{ topic: topics.events, partitionAssignment: [{ partition: 0, replicas: [other] }] }],
    });
    await vi.waitFor(async () => expect((await leaders()).get(0)).toBe(other), WAIT);
    await vi.waitFor(() => publisher.take([factIn(0, 2), factIn(1, 2)]), WAIT);
    await producer.disconnect();
    const ends = new Map(
      (await admin.fetchTopicOffsets(topics.events)).map(({ partition, high }) => [partition, Number(high)]),
    );
    // Of the other partition the first try was stored as well.
    expect([ends.get(0), ends.get(1)]).toEqual([2, 3]);
  });

  test('a topic is read to its end, though retention deletes the rest of it meanwhile', async () => {
    const [topic, count] = [topics.dead, 20];
    const producer = link.producer();
    await producer.connect();
    for (let sent = 0; sent < count; sent++)
      await producer.send({ topic, acks: -1, messages: [{ key: 'CA1', value: 'x'.repeat(150_000) }] });
    await producer.disconnect();
    const offsets: number[] = [];
    const all = await readTopic(link, topic, async ({ messages }) => {
      offsets.push(...messages.map(({ offset }) => Number(offset)));
    });
    expect([all, offsets]).toEqual([count, Array.from({ length: count }, (_, offset) => offset)]);
    let deleted = false;
    const some = await readTopic(link, topic, async ({ partition }) => {
      if (deleted) return;
      deleted = true;
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(count) }] });
    });
    expect(some).toBeLessThan(count);
    expect(await readTopic(link, topic, async () => {})).toBe(0);
  });
});
