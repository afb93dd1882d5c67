import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimed, newCallSid, webhook } from '../directory/calls.fixture.ts';
import { append } from '../directory/journal.ts';
import { connectRedis, type RedisLink, type RedisScan } from '../directory/redis.ts';
import { lacksPart } from '../embedded/parts.ts';
import type { DatabaseServer } from '../embedded/postgres.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { createKafkaLink, type KafkaLink } from '../kafka/client.ts';
import { createNumberKey } from '../privacy/number-key.ts';
import { eraseCaller } from '../privacy/erase.ts';
import { Relay } from '../relay/relay.ts';
import { openDatabase } from '../services/database.ts';
import { type KafkaServer, startKafka } from '../sim/parts/kafka.ts';
import { startPostgres } from '../sim/parts/postgres.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { Analytics } from './analytics.ts';
import { factsInKafka, factsInRedis, journalInKafka } from './fact-sources.ts';
import { rebuild, rebuiltTables, type Rebuilt } from './rebuild.ts';
import { wholeCall } from './story.fixture.ts';

const WAIT = { timeout: 60_000, interval: 100 };
const CALLS = 8;
const quiet = { warn: () => {}, error: () => {}, info: () => {} };
const key = createNumberKey('a secret of the tests');
const lacks = (await lacksPart('kafka')) || (await lacksPart('postgres'));

describe.skipIf(lacks)('with a real Kafka and a real Postgres', () => {
  let redis: RedisServer;
  let kafkaServer: KafkaServer;
  let database: DatabaseServer;
  let link: RedisLink & RedisScan;
  let kafka: KafkaLink;
  let source: DataSource;
  const parts: { start(): void; stop(): Promise<void> }[] = [];

  beforeAll(async () => {
    [redis, kafkaServer, database] = await Promise.all([startRedis(), startKafka(), startPostgres()]);
    link = await connectRedis(redis.url);
    source = await openDatabase(database.url);
    kafka = createKafkaLink({ brokers: [kafkaServer.broker], tls: false, caFile: null, sasl: null }, 'test', quiet);
    const metrics = createMetrics();
    const common = { link, kafka, holder: 'h', log: quiet, metrics };
    const never = async (): Promise<never> => Promise.reject(new Error('not asked for'));
    parts.push(
      new Relay(common),
      new Analytics({ ...common, dataSource: source, enterRecording: never, enterCallback: never, numberKey: key }),
    );
    for (const part of parts) part.start();
  });

  afterAll(async () => {
    for (const part of parts) await part.stop();
    await link.close();
    await source.destroy();
    await Promise.all([redis.stop(), kafkaServer.stop(), database.stop()]);
  });

  async function lived(from: string): Promise<string> {
    const callSid = newCallSid();
    let { epoch, at } = await claimed(link, webhook(callSid, { from }));
    let firstSeq = 1;
    for (const [index, fact] of wholeCall.entries())
      if (fact === 'next epoch') {
        ({ epoch, at } = await claimed(link, webhook(callSid, { kind: 'next' })));
        firstSeq = 1;
      } else {
        const told = fact.type === 'carrier.arrived' ? { ...fact, from, at } : fact;
        const ended = index === wholeCall.length - 1 ? { ended: 'completed' } : {};
        await append(link, { callSid, epoch, firstSeq, facts: [told], ...ended });
        firstSeq += 1;
      }
    return callSid;
  }

  const rows = async () =>
    Object.fromEntries(
      await Promise.all(
        rebuiltTables()
          .filter((table) => table !== 'figure_due')
          .map(async (table) => [table, await source.query(`SELECT * FROM "${table}" t ORDER BY t::text`)] as const),
      ),
    ) as Record<string, unknown[]>;
  const again = (isCheck: boolean, from: 'kafka' | 'redis' = 'kafka'): Promise<Rebuilt> =>
    rebuild({
      dataSource: source,
      source: from === 'kafka' ? factsInKafka(kafka, () => {}) : factsInRedis(link),
      key,
      policy: { transcriptDays: 3_650, callDays: 3_650 },
      isCheck,
      now: Date.now,
    });

  test('what is made of the facts in Kafka is, row by row, what the consumers made; and comes back when it is lost', async () => {
    const callSids = await Promise.all(Array.from({ length: CALLS }, (_, index) => lived(`+1207555012${index}`)));
    await expect.poll(async () => (await rows())['turn']?.length, WAIT).toBe(CALLS * 6);
    await expect.poll(async () => (await rows())['call_log']?.every(isProcessed), WAIT).toBe(true);
    const live = await rows();
    const settled = async (from: 'kafka' | 'redis') => {
      const { wrong, calls } = await again(true, from);
      return { wrong, calls };
    };
    // The last facts of some calls may be on their way to Kafka. A topic that is just made may be sent a fact several
    // times, and calls that are told of meanwhile stay as they are.
    await expect.poll(() => settled('kafka'), WAIT).toEqual({ wrong: {}, calls: CALLS });
    await expect.poll(() => settled('redis'), WAIT).toEqual({ wrong: {}, calls: CALLS });
    const lostAndFound = async () => {
      await source.query('DELETE FROM turn');
      await source.query(`UPDATE call_log SET status = 'RINGING', transcript = NULL`);
      return (await again(false)).wrong;
    };
    await expect
      .poll(lostAndFound, WAIT)
      .toMatchObject({ turn: { removed: 0, added: CALLS * 6 }, call_log: { removed: CALLS, added: CALLS } });
    expect(await rows()).toEqual(live);
    const [callSid = ''] = callSids;
    expect(await journalInKafka(kafka, callSid)).toHaveLength(wholeCall.filter((fact) => fact !== 'next epoch').length);
  });

  test('an erasure is a fact in Kafka, and what is made anew of the facts honours it, also in an empty database', async () => {
    const number = '+12075550120';
    const deps = { dataSource: source, link, key, deleteRecording: async () => {} };
    const { calls } = await eraseCaller(deps, { number, by: 'ann', reason: 'asked' });
    expect(calls).toBe(1);
    const told = async () => (await rows())['call_log']?.length;
    await expect.poll(told, WAIT).toBe(CALLS - 1);
    const kept = async () => {
      await source.query(`TRUNCATE ${[...rebuiltTables(), 'erasure', 'erased_call'].join(', ')}`);
      await again(false);
      return told();
    };
    // Until the relay has brought the fact there, nothing is known of it.
    await expect.poll(kept, WAIT).toBe(CALLS - 1);
    expect(await source.query('SELECT number_hash FROM erasure')).toEqual([{ number_hash: key.hash(number) }]);
    expect(JSON.stringify(await rows())).not.toContain(number);
  });
});

const isProcessed = (row: unknown): boolean => (row as { processed_at: Date | null }).processed_at !== null;
