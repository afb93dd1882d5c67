import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Consumer } from '../analytics/consumer.ts';
import { KafkaReader } from '../analytics/kafka-reader.ts';
import { story, wholeCall } from '../analytics/story.fixture.ts';
import type { StoredFact } from '../analytics/stored-fact.ts';
import { claimed, newCallSid, webhook } from '../directory/calls.fixture.ts';
import { append } from '../directory/journal.ts';
import { partitionCount, partitionOf } from '../directory/keys.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { lacksPart } from '../embedded/parts.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { createKafkaLink, type KafkaLink, type KafkaSettings } from '../kafka/client.ts';
import { deadLetters, dropLetters, isWhole, replayLetters } from '../kafka/dead-letters.ts';
import { decodeEvent, eventText, traceHeaders } from '../kafka/messages.ts';
import { readTopic } from '../kafka/read-topic.ts';
import { ensureTopics, topics } from '../kafka/topics.ts';
import { selfSigned } from '../model/web-socket/certificate.fixture.ts';
import { type KafkaServer, startKafka } from '../sim/parts/kafka.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { transcriptOf } from './publisher.ts';
import { Relay } from './relay.ts';

const WAIT = { timeout: 30_000, interval: 50 };
const USER = { username: 'aida', password: 'hunter2' };

let redis: RedisServer;
let link: RedisLink;

/** Remembers what it took in, and refuses what it is told to. */
class Notebook implements Consumer {
  readonly group: string;
  readonly taken: StoredFact[] = [];
  refuses: (fact: StoredFact) => boolean = () => false;

  constructor(group: string) {
    this.group = group;
  }

  async take(facts: readonly StoredFact[]): Promise<readonly StoredFact[]> {
    if (facts.some((fact) => this.refuses(fact))) throw new Error('refused');
    this.taken.push(...facts);
    return [];
  }

  isHealthy = async (): Promise<boolean> => true;
}

const quiet = { warn: () => {}, error: () => {} };
const placesOf = (facts: readonly StoredFact[], callSid: string): number[] => [
  ...new Set(facts.filter((fact) => fact.callSid === callSid).map(({ seq }) => seq)),
];

async function journal(digits: string): Promise<string> {
  const callSid = newCallSid();
  const { epoch } = await claimed(link, webhook(callSid));
  const facts = Array.from(digits, (digit) => ({ type: 'carrier.dtmf', at: Date.now(), digit }) as const);
  await append(link, { callSid, epoch, firstSeq: 1, facts });
  return callSid;
}

test('what becomes of a fact in the topic of transcripts', () => {
  const told = story('CA1', wholeCall).flatMap((stored) => transcriptOf(stored) ?? []);
  expect(told.map(({ itemId, told: how, who }) => `${itemId} ${how} ${who}`)).toEqual([
    'i1 said assistant',
    'i1 heard assistant',
    'i2 said caller',
    'i3 said assistant',
    'i3 heard assistant',
    'i4 said caller',
    'i4 redacted null',
    'i5 said caller',
    'i6 said assistant',
    'i6 redacted null',
    'i6 heard assistant',
  ]);
});

describe.skipIf(await lacksPart('kafka'))('a real Kafka', () => {
  let kafka: KafkaServer;
  let dir: string;
  let secure: KafkaSettings;
  let plain: KafkaLink;
  const endings: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'aida-relay-'));
    const { cert, key } = selfSigned(['127.0.0.1', 'localhost']);
    await writeFile(join(dir, 'ca.pem'), cert);
    [redis, kafka] = await Promise.all([startRedis(), startKafka({ secure: { certificate: cert, key, ...USER } })]);
    link = await connectRedis(redis.url);
    const tls = { tls: true, caFile: join(dir, 'ca.pem') };
    secure = { brokers: [kafka.secureBroker], ...tls, sasl: { mechanism: 'scram-sha-512', ...USER } };
    plain = createKafkaLink({ brokers: [kafka.broker], tls: false, caFile: null, sasl: null }, 'test', quiet);
  });

  beforeEach(async () => {
    for (const end of endings.splice(0)) await end();
    await link.command('flushall');
  });

  afterAll(async () => {
    for (const end of endings.splice(0)) await end();
    await link.close();
    await Promise.all([redis.stop(), kafka.stop()]);
    await rm(dir, { recursive: true, force: true });
  });

  function relay(through: KafkaLink, holder: string): Relay {
    const started = new Relay({ link, kafka: through, holder, log: quiet, metrics: createMetrics() });
    started.start();
    endings.push(() => started.stop());
    return started;
  }

  function reader(through: KafkaLink, consumer: Consumer, onPoison = () => {}): KafkaReader {
    const started = new KafkaReader({ kafka: through, consumer, log: quiet, metrics: createMetrics(), onPoison });
    started.start();
    endings.push(() => started.stop());
    return started;
  }

  test('topics are made with as many partitions as the outbox has; what is weak about them is said', async () => {
    const admin = plain.admin();
    await admin.connect();
    const doubts = await ensureTopics(admin);
    expect(await ensureTopics(admin)).toEqual(doubts);
    expect(doubts.map(({ topic }) => topic).toSorted()).toEqual(Object.values(topics).toSorted());
    await vi.waitFor(
      async () => expect(await admin.fetchTopicOffsets(topics.events)).toHaveLength(partitionCount),
      WAIT,
    );
    await admin.disconnect();
  });

  test('topics that were just made take the first batch at once: a new deployment begins without repeats', async () => {
    const admin = plain.admin();
    await admin.connect();
    const present = await admin.listTopics();
    await admin.deleteTopics({ topics: Object.values(topics).filter((topic) => present.includes(topic)) });
    const callSids = await Promise.all(Array.from({ length: 40 }, () => journal('12345')));
    const metrics = createMetrics();
    const started = new Relay({ link, kafka: plain, holder: 'new', log: quiet, metrics });
    started.start();
    endings.push(() => started.stop());
    await vi.waitFor(async () => {
      const ends = await admin.fetchTopicOffsets(topics.events);
      expect(ends.reduce((sum, { high }) => sum + Number(high), 0)).toBe(callSids.length * 5);
    }, WAIT);
    await admin.disconnect();
    expect(await metrics.registry.getSingleMetricAsString('aida_kafka_errors_total')).not.toMatch(/ [1-9]/);
  });

  test('by TLS with a password, facts come through in order, keyed by their call and with its trace', async () => {
    const through = createKafkaLink(secure, 'secure', quiet);
    const notebook = new Notebook('secure');
    relay(through, 'a');
    reader(through, notebook);
    const callSids = await Promise.all(['123', '4567', '89'].map(journal));
    await vi.waitFor(() => {
      for (const [index, callSid] of callSids.entries())
        expect(placesOf(notebook.taken, callSid)).toEqual(
          [
            [1, 2, 3],
            [1, 2, 3, 4],
            [1, 2],
          ][index],
        );
    }, WAIT);
    await readTopic(plain, topics.events, async ({ partition, messages }) => {
      for (const { key, headers, value } of messages) {
        expect(partition).toBe(partitionOf(String(key)));
        expect(String(headers?.['traceparent'])).toBe(traceHeaders(String(key)).traceparent);
        expect(decodeEvent(value)).toMatchObject({ kind: 'fact', fact: { callSid: String(key) } });
      }
    });
  });

  test('a wrong password, or a certificate that nobody vouches for, lets nobody in', async () => {
    const wrong = { ...secure, sasl: { mechanism: 'plain', username: 'aida', password: 'wrong' } } as const;
    for (const settings of [wrong, { ...secure, caFile: null }]) {
      const admin = createKafkaLink(settings, 'wrong', quiet).admin();
      await expect(admin.connect()).rejects.toThrow();
      await admin.disconnect();
    }
    const right = createKafkaLink({ ...secure, sasl: { mechanism: 'plain', ...USER } }, 'right', quiet).admin();
    await right.connect();
    await right.disconnect();
  });

  test('what a consumer cannot take in is set aside with why, the rest goes on; replayed, it is taken in', async () => {
    const notebook = new Notebook('poisoned');
    let poisoned = 0;
    notebook.refuses = ({ fact }) => fact.type === 'carrier.dtmf' && fact.digit === '0';
    relay(plain, 'b');
    reader(plain, notebook, () => (poisoned += 1));
    const callSid = await journal('507');
    const producer = plain.producer();
    await producer.connect();
    await producer.send({ topic: topics.events, acks: -1, messages: [{ key: callSid, value: '{"no":"fact"}' }] });
    await producer.disconnect();
    await vi.waitFor(() => expect([poisoned, placesOf(notebook.taken, callSid)]).toEqual([2, [1, 3]]), WAIT);
    const letters = await deadLetters(plain);
    expect(letters.map(({ letter: { key, group, reason } }) => `${key} ${group} ${reason}`).toSorted()).toEqual([
      `${callSid} poisoned refused`,
      `${callSid} poisoned schemaVersion: invalid_value`,
    ]);
    notebook.refuses = () => false;
    await replayLetters(
      plain,
      letters.filter(({ letter }) => letter.reason === 'refused'),
    );
    await dropLetters(plain, letters);
    await vi.waitFor(() => expect(new Set(placesOf(notebook.taken, callSid))).toEqual(new Set([1, 2, 3])), WAIT);
    expect(await deadLetters(plain)).toEqual([]);
  });

  test('a relay that stops is followed at once by another; a consumer that leaves, too', async () => {
    const [first, second] = [new Notebook('shared'), new Notebook('shared')];
    const one = relay(plain, 'c');
    const early = reader(plain, first);
    const before = await journal('12');
    await vi.waitFor(() => expect(placesOf(first.taken, before)).toEqual([1, 2]), WAIT);
    await early.stop();
    await one.stop();
    relay(plain, 'd');
    reader(plain, second);
    const after = await journal('34');
    await vi.waitFor(() => expect(placesOf(second.taken, after)).toEqual([1, 2]), WAIT);
    // It left the group after it had committed.
    expect(placesOf(second.taken, before)).toEqual([]);
  });

  test('a batch that Kafka finds too large goes in pieces', async () => {
    const notebook = new Notebook('large');
    relay(plain, 'e');
    reader(plain, notebook);
    const callSid = newCallSid();
    const { epoch } = await claimed(link, webhook(callSid));
    const text = 'x'.repeat(16_000);
    const facts = Array.from({ length: 100 }, (_, turn) => {
      return { type: 'caller.said', at: Date.now(), itemId: `i${turn}`, text, after: null } as const;
    });
    await append(link, { callSid, epoch, firstSeq: 1, facts });
    expect(eventText({ callSid, epoch, seq: 1, fact: facts[0] as (typeof facts)[0] }).length * 100).toBeGreaterThan(
      2 ** 20,
    );
    await vi.waitFor(() => expect(placesOf(notebook.taken, callSid)).toHaveLength(100), WAIT);
  });

  test('a topic of dead letters that lets in small ones only blocks nothing: the message stays where it is', async () => {
    const narrow = async (bytes: string): Promise<void> => {
      const admin = plain.admin();
      await admin.connect();
      await ensureTopics(admin);
      const configEntries = [{ name: 'max.message.bytes', value: bytes }];
      await admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topics.dead, configEntries }],
      });
      await admin.disconnect();
    };
    await narrow('20000');
    reader(plain, new Notebook('narrow'));
    const producer = plain.producer();
    await producer.connect();
    const key = newCallSid();
    await producer.send({ topic: topics.events, acks: -1, messages: [{ key, value: 'x'.repeat(100_000) }] });
    await producer.disconnect();
    await vi.waitFor(async () => {
      const own = (await deadLetters(plain)).filter(({ letter }) => letter.key === key);
      expect(own.map((each) => [isWhole(each), each.letter.reason])).toEqual([
        [false, 'too large for calls.dead, it stands at its offset only; not JSON'],
      ]);
    }, WAIT);
    await narrow(String(2 * 1_024 * 1_024));
  });

  test('the largest message that Kafka takes can be set aside as well', async () => {
    reader(plain, new Notebook('largest'));
    const producer = plain.producer();
    await producer.connect();
    const [key, size] = [newCallSid(), 1_000_000];
    await producer.send({ topic: topics.events, acks: -1, messages: [{ key, value: 'x'.repeat(size) }] });
    await producer.disconnect();
    await vi.waitFor(async () => {
      const own = (await deadLetters(plain)).filter(({ letter }) => letter.key === key);
      expect(own.map(({ letter }) => Buffer.from(letter.value, 'base64').length)).toEqual([size]);
    }, WAIT);
  });
});
