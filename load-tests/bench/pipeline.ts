import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { KafkaReader } from '../../src/analytics/kafka-reader.ts';
import { createConversationProjector } from '../../src/analytics/projections.ts';
import { partitionOf } from '../../src/directory/keys.ts';
import { type RawEntry, refillOutbox } from '../../src/directory/outbox-spill.ts';
import { registerGroups } from '../../src/directory/outbox.ts';
import type { RedisLink } from '../../src/directory/redis.ts';
import { createKafkaLink, type KafkaLink } from '../../src/kafka/client.ts';
import { eventText, traceHeaders } from '../../src/kafka/messages.ts';
import { ensureTopics, topics } from '../../src/kafka/topics.ts';
import { RELAY_GROUP } from '../../src/relay/publisher.ts';
import { Relay } from '../../src/relay/relay.ts';
import { openDatabase } from '../../src/services/database.ts';
import { startKafka } from '../../src/sim/parts/kafka.ts';
import { startPostgres } from '../../src/sim/parts/postgres.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { newCallSid } from './claimed.ts';
import { figure, type Measure, type Outcome } from './figure.ts';
import { measureRuns } from './measure-runs.ts';
import { redisCpuMs } from './spent.ts';
import { factsOf } from './ten-minutes.ts';
import { withRedis } from './with-redis.ts';

const runs = { wanted: 2, triesMax: 4 };
const CALLS = 400;
const REFILL = 250;
const BATCH = 500;
const LAG_RATE = 2_000;
const LAG_S = 10;
const LOOK_MS = 20;
const GIVE_UP_MS = 120_000;
const TICKS_PER_S = 100;
const quiet = { warn: () => {}, error: () => {} };

interface World {
  link: RedisLink;
  kafka: KafkaLink;
  source: DataSource;
  pids: { kafka: number; postgres: number };
}

interface Cpu {
  node: number;
  redis: number;
  kafka: number;
  postgres: number;
}

type Call = { callSid: string; entries: RawEntry[] };

function calls(count: number): Call[] {
  return Array.from({ length: count }, () => {
    const callSid = newCallSid();
    const epoch = Date.now();
    const entries = factsOf(epoch).map((fact, index) => ({
      callSid,
      place: `${epoch}-${index + 1}`,
      json: JSON.stringify(fact),
    }));
    return { callSid, entries };
  });
}

/** As calls that go on side by side tell it: the first facts of all, the second of all, … */
async function fill(link: RedisLink, all: readonly Call[]): Promise<number> {
  const byPartition = Map.groupBy(all, ({ callSid }) => partitionOf(callSid));
  let count = 0;
  for (const [partition, own] of byPartition) {
    const longest = Math.max(...own.map(({ entries }) => entries.length));
    const mixed = Array.from({ length: longest }, (_, index) =>
      own.flatMap(({ entries }) => entries[index] ?? []),
    ).flat();
    for (let from = 0; from < mixed.length; from += REFILL)
      await refillOutbox(link, partition, mixed.slice(from, from + REFILL));
    count += mixed.length;
  }
  return count;
}

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return children.split(' ').filter(Boolean).map(Number);
}

/** ms of CPU of a process and its children that live. */
async function processCpuMs(pid: number): Promise<number> {
  const own = async (each: number): Promise<number> => {
    const stat = await readFile(`/proc/${each}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const waited = [11, 12, 13, 14].map((index) => Number(fields[index] ?? 0));
    return (1_000 * waited.reduce((sum, ticks) => sum + ticks, 0)) / TICKS_PER_S;
  };
  const all = [pid, ...(await childrenOf(pid))];
  return (await Promise.all(all.map(own))).reduce((sum, ms) => sum + ms, 0);
}

async function cpuMs({ link, pids }: World): Promise<Cpu> {
  const { user, system } = process.cpuUsage();
  return {
    node: (user + system) / 1_000,
    redis: await redisCpuMs(link),
    kafka: await processCpuMs(pids.kafka),
    postgres: await processCpuMs(pids.postgres),
  };
}

function perFact(before: Cpu, after: Cpu, facts: number): Cpu {
  const us = (name: keyof Cpu) => (1_000 * (after[name] - before[name])) / facts;
  return { node: us('node'), redis: us('redis'), kafka: us('kafka'), postgres: us('postgres') };
}

interface Flow {
  factsPerS: number;
  cpu: Cpu;
}

/** Everything that lies in the outbox, through Kafka, until the database has committed the last of it. */
async function flow(world: World): Promise<Flow> {
  const { link, kafka, source } = world;
  await registerGroups(link, [RELAY_GROUP]);
  const facts = await fill(link, calls(CALLS));
  const project = createConversationProjector(source, Date.now);
  let taken = 0;
  const reader = new KafkaReader({
    kafka,
    consumer: {
      group: 'analytics',
      isHealthy: async () => true,
      async take(some) {
        await project(some);
        taken += some.length;
        return [];
      },
    },
    log: quiet,
    metrics: createMetrics(),
    onPoison: () => {},
  });
  const relay = new Relay({ link, kafka, holder: 'bench', log: quiet, metrics: createMetrics() });
  const before = await cpuMs(world);
  const beganMs = performance.now();
  reader.start();
  relay.start();
  while (taken < facts) {
    if (performance.now() - beganMs > GIVE_UP_MS) throw new Error(`${taken} of ${facts} facts came through`);
    await sleep(LOOK_MS);
  }
  const s = (performance.now() - beganMs) / 1_000;
  const cpu = perFact(before, await cpuMs(world), facts);
  await relay.stop();
  await reader.stop();
  return { factsPerS: facts / s, cpu };
}

/** The client alone: the same messages, made before, in batches of as many. */
async function plain(world: World): Promise<Cpu> {
  const messages = calls(CALLS).flatMap(({ callSid, entries }) =>
    entries.map(({ json }, seq) => ({
      key: callSid,
      headers: traceHeaders(callSid),
      value: eventText({ callSid, epoch: 1, seq, fact: JSON.parse(json) }),
    })),
  );
  const producer = world.kafka.producer();
  await producer.connect();
  const before = await cpuMs(world);
  for (let from = 0; from < messages.length; from += BATCH)
    await producer.sendBatch({
      acks: -1,
      topicMessages: [{ topic: topics.transcripts, messages: messages.slice(from, from + BATCH) }],
    });
  const cpu = perFact(before, await cpuMs(world), messages.length);
  await producer.disconnect();
  return cpu;
}

/** Ms from a fact's own time until Kafka had acknowledged it, of facts that come evenly. */
async function lags({ link, kafka }: World): Promise<number[]> {
  const found: number[] = [];
  const watched: KafkaLink = {
    ...kafka,
    producer() {
      const producer = kafka.producer();
      return {
        ...producer,
        async sendBatch(batch) {
          const reply = await producer.sendBatch(batch);
          const now = Date.now();
          for (const { value } of batch.topicMessages?.[0]?.messages ?? [])
            found.push(now - (JSON.parse(String(value)) as { fact: { at: number } }).fact.at);
          return reply;
        },
      };
    },
  };
  await registerGroups(link, [RELAY_GROUP]);
  const relay = new Relay({ link, kafka: watched, holder: 'bench', log: quiet, metrics: createMetrics() });
  relay.start();
  await sleep(1_000);
  const callSids = Array.from({ length: LAG_RATE / 10 }, newCallSid);
  const beganMs = performance.now();
  const eachMs = 50;
  for (let beat = 0; beat < (LAG_S * 1_000) / eachMs; beat++) {
    const own = callSids.filter((_, index) => index % 2 === beat % 2);
    const at = Date.now();
    const json = JSON.stringify({
      type: 'assistant.said',
      at,
      itemId: 'i',
      responseId: 'r',
      text: 'x'.repeat(120),
      totalMs: 1,
    });
    await Promise.all(
      [...Map.groupBy(own, partitionOf)].map(([partition, some]) =>
        refillOutbox(
          link,
          partition,
          some.map((callSid) => ({ callSid, place: `${at}-1`, json })),
        ),
      ),
    );
    await sleep(Math.max(0, beganMs + (beat + 1) * eachMs - performance.now()));
  }
  await relay.stop();
  return found.toSorted((left, right) => left - right);
}

const words = (cpu: Cpu): string =>
  Object.entries(cpu)
    .map(([name, us]) => `${name} ${us.toFixed(1)}`)
    .join(', ');

async function measure(world: World, redisPid: number, say: (line: string) => void): Promise<Outcome> {
  // The first of each warms up the machine code of all of them.
  await plain(world);
  const reference = await plain(world);
  const first = await flow(world);
  say(`${Math.round(first.factsPerS)} facts/s while everything warms up`);
  const { kafka, postgres } = world.pids;
  const own = [process.pid, redisPid, kafka, ...(await childrenOf(kafka))];
  const flows = await measureRuns({
    runs,
    pids: [...own, postgres, ...(await childrenOf(postgres))],
    work: () => flow(world),
    tell: ({ factsPerS }) => `${Math.round(factsPerS)} facts/s`,
    say,
  });
  const waits = await measureRuns({
    runs,
    pids: own,
    work: async () => {
      const found = await lags(world);
      return { p99: found[Math.floor(found.length * 0.99)] ?? Number.NaN, facts: found.length };
    },
    tell: ({ p99 }) => `p99 ${p99} ms`,
    say,
  });
  const beside = `sendBatch alone: ${words(reference)} µs`;
  const others = ({ cpu }: Flow): number => cpu.redis + cpu.kafka + cpu.postgres;
  const part = (name: keyof Cpu): string => `${name} ${flows.of(({ cpu }) => cpu[name]).toFixed(1)}`;
  const through = {
    name: 'from the outbox through Kafka to PostgreSQL',
    value: flows.of(({ factsPerS }) => factsPerS),
    unit: 'facts/s',
    target: { is: '≥', value: 10_000 },
    beside: 'one process relays and consumes',
  } as const;
  const late = {
    name: `p99 from a fact to Kafka, ${LAG_RATE} facts/s`,
    value: waits.of(({ p99 }) => p99),
    unit: 'ms',
    target: { is: '<', value: 1_000 },
    beside: `${waits.of(({ facts }) => facts)} facts`,
  } as const;
  const node = { name: 'a fact: CPU of Node', value: flows.of(({ cpu }) => cpu.node), unit: 'µs', beside };
  const rest = {
    name: 'a fact: CPU of Redis, Kafka, PostgreSQL',
    value: flows.of(others),
    unit: 'µs',
    beside: (['redis', 'kafka', 'postgres'] as const).map(part).join(', '),
  };
  const { isTrusted } = flows;
  const outcome = flows.outcome([
    ...[through, node, rest].map((input) => figure(input, isTrusted)),
    figure(late, waits.isTrusted),
  ]);
  return { ...outcome, details: { reference, first, flows: outcome.details, waits: waits.outcome([]).details } };
}

function run(say: (line: string) => void): Promise<Outcome> {
  return withRedis(async (link, redisPid) => {
    const [postgres, kafka] = await Promise.all([startPostgres(), startKafka({ measured: true })]);
    const source = await openDatabase(postgres.url);
    try {
      const reached = { brokers: [kafka.broker], tls: false, caFile: null, sasl: null };
      const world: World = {
        link,
        source,
        kafka: createKafkaLink(reached, 'bench', quiet),
        pids: { kafka: kafka.pid, postgres: postgres.pid },
      };
      const admin = world.kafka.admin();
      await admin.connect();
      await ensureTopics(admin);
      await admin.disconnect();
      return await measure(world, redisPid, say);
    } finally {
      await source.destroy();
      await Promise.all([postgres.stop(), kafka.stop()]);
    }
  });
}

export const pipeline: Measure = {
  name: 'pipeline',
  title: 'facts from the outbox through a real Kafka into a real PostgreSQL, and how long they are on their way',
  run,
};
