import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import type { CallEvent } from '../../../../machines/call-events.ts';
import { claimed, newCallSid, webhook } from '../../../directory/calls.fixture.ts';
import { append } from '../../../directory/journal.ts';
import { outboxKey, partitionCount } from '../../../directory/keys.ts';
import { connectRedis, type RedisLink } from '../../../directory/redis.ts';
import { freePort, startRedis } from '../../../embedded/redis.ts';
import { createKafkaLink, type KafkaLink } from '../../../kafka/client.ts';
import { decodeEvent, transcriptSchema } from '../../../kafka/messages.ts';
import { readTopic } from '../../../kafka/read-topic.ts';
import { topics } from '../../../kafka/topics.ts';
import { openDatabase } from '../../../services/database.ts';
import { type NodeProcess, spawnNode } from '../../node-process.ts';
import { startKafka } from '../../parts/kafka.ts';
import { isKafkaRequest, kafkaRequests, startKafkaTap } from '../../parts/kafka-tap.ts';
import { startPostgres } from '../../parts/postgres.ts';
import { startTcpProxy } from '../../parts/tcp-proxy.ts';

const PATIENCE = { timeout: 90_000, interval: 200 };
const WORDS = 'beans latte oat hours open Sunday decaf parking voucher third bag roast menu today please thanks'.split(
  ' ',
);
/** Time between two appends of a call, at most. */
const PAUSE_MS = 250;

export interface PipelineRun {
  seed: number;
  calls: number;
  turns: number;
  kafkaAwayMs: number;
}

export interface PipelineReport {
  /** Final turns that the journal acknowledged, `callSid itemId who text`, sorted; the same of rows and of the topic. */
  acked: string[];
  rows: string[];
  told: string[];
  /** Facts acknowledged, by call; and those of the topic, repeats taken out, in its order. */
  journals: Map<string, string[]>;
  events: Map<string, string[]>;
  repeats: number;
  /** Messages of the topic that the consumers' group has not committed, in the end. */
  lag: number;
  outboxEntries: number;
  dead: number;
  /** Whether each fault came about. */
  faults: Record<'stored, then reset' | 'relay killed' | 'Kafka away' | 'killed between commit and offset', boolean>;
}

/** A small generator of numbers (mulberry32), 0 to 1. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a call tells, in pieces that are appended together. */
function* story(turns: number, chance: () => number): Generator<CallEvent[]> {
  const at = Date.now();
  const says = () =>
    Array.from({ length: 3 + Math.floor(chance() * 6) }, () => WORDS[Math.floor(chance() * 16)]).join(' ');
  yield [{ type: 'carrier.arrived', at, from: '+12075550100', to: '+12075550142', node: 'n' }];
  yield [{ type: 'carrier.streamStarted', at, streamSid: 'MZ1', node: 'n' }];
  for (let turn = 0; turn < turns; turn++) {
    const [asked, answered] = [`c${turn}`, `a${turn}`];
    const text = says();
    yield [{ type: 'caller.speechStarted', at, itemId: asked }];
    yield [
      { type: 'caller.speechStopped', at, itemId: asked },
      { type: 'caller.said', at, itemId: asked, text: says(), after: null },
    ];
    yield [
      { type: 'assistant.said', at, itemId: answered, responseId: answered, text, totalMs: 1_000 },
      { type: 'assistant.heard', at, itemId: answered, text, heardMs: 1_000, totalMs: 1_000, cut: false },
      { type: 'assistant.fellSilent', at },
    ];
  }
  yield [{ type: 'carrier.statusReported', at, status: 'completed', durationS: 9, sequence: 3 }];
}

/** Tells a call to the journal as its node would; every fact is acknowledged before the next. */
async function tell(link: RedisLink, run: PipelineRun, chance: () => number, report: PipelineReport): Promise<void> {
  const callSid = newCallSid();
  const { epoch } = await claimed(link, webhook(callSid));
  const places: string[] = [];
  report.journals.set(callSid, places);
  await sleep(chance() * PAUSE_MS * run.turns);
  for (const facts of story(run.turns, chance)) {
    const wrote = await append(link, { callSid, epoch, firstSeq: places.length + 1, facts });
    if (wrote.kind !== 'ok') throw new Error(`a journal was ${wrote.kind}`);
    for (const fact of facts) {
      places.push(`${epoch}-${places.length + 1}`);
      if (fact.type === 'caller.said') report.acked.push(`${callSid} ${fact.itemId} caller ${fact.text}`);
      if (fact.type === 'assistant.said') report.acked.push(`${callSid} ${fact.itemId} assistant ${fact.text}`);
    }
    await sleep(chance() * PAUSE_MS);
  }
}

/**
 * Calls are told to a real Redis while relays and consumers, processes of their own, bring them to a real Kafka and a
 * real PostgreSQL; meanwhile Kafka stores and resets, a relay is killed, Kafka goes away, a consumer is killed between
 * its commit and its offset. Resolves once everything is where it should be, or nothing has changed for long.
 */
export async function runPipeline(run: PipelineRun): Promise<PipelineReport> {
  const endings: (() => Promise<unknown>)[] = [];
  const ends = <T>(part: T, end: (part: T) => Promise<unknown>): T => {
    endings.push(() => end(part));
    return part;
  };
  try {
    return await runAll(run, ends);
  } finally {
    for (const end of endings.toReversed()) await end();
  }
}

async function runAll(run: PipelineRun, ends: <T>(part: T, end: (part: T) => Promise<unknown>) => T) {
  const chance = random(run.seed);
  const [forRelays, forConsumer] = [await freePort(), await freePort()];
  const proxy = ends(await startTcpProxy(forRelays), (part) => part.close());
  const tap = ends(await startKafkaTap(forConsumer), (part) => part.close());
  // Each is ended for itself: another may never begin.
  const begin = async <P extends { stop(): Promise<unknown> }>(starting: Promise<P>): Promise<P> =>
    ends(await starting, (part) => part.stop());
  const begun = await Promise.allSettled([
    begin(startRedis()),
    begin(startPostgres()),
    begin(
      startKafka({
        proxied: [
          { listenPort: forRelays, advertisedPort: proxy.port },
          { listenPort: forConsumer, advertisedPort: tap.port },
        ],
      }),
    ),
  ]);
  const [redis, postgres, kafka] = [valueOf(begun[0]), valueOf(begun[1]), valueOf(begun[2])];
  const link = ends(await connectRedis(redis.url), (each) => each.close());
  const source = ends(await openDatabase(postgres.url), (each) => each.destroy());
  const reached = { brokers: [kafka.broker], tls: false, caFile: null, sasl: null };
  const direct = createKafkaLink(reached, 'test', { warn: () => {} });
  const env = environment(redis.url, postgres.url);
  const start = async (name: string, role: string, broker: string): Promise<NodeProcess> =>
    ends(await spawnNode({ ...env, NODE_ID: name, ROLES: role, KAFKA_BROKERS: broker }), (node) => node.stop());
  const viaProxy = `127.0.0.1:${proxy.port}`;
  const viaTap = `127.0.0.1:${tap.port}`;
  const [relay, , consumer] = await Promise.all([
    start('relay-1', 'relay', viaProxy),
    start('relay-2', 'relay', viaProxy),
    start('analytics-1', 'analytics', viaTap),
    start('analytics-2', 'analytics', kafka.broker),
  ]);
  const report: PipelineReport = {
    ...{ acked: [], rows: [], told: [], journals: new Map(), events: new Map(), repeats: 0, lag: 0 },
    ...{ outboxEntries: 0, dead: 0 },
    faults: {
      'stored, then reset': false,
      'relay killed': false,
      'Kafka away': false,
      'killed between commit and offset': false,
    },
  };
  const told = Promise.all(Array.from({ length: run.calls }, () => tell(link, run, chance, report)));
  await vi.waitFor(async () => {
    if ((await source.query('SELECT 1 FROM turn LIMIT 1')).length === 0) throw new Error('no turn has come through');
  }, PATIENCE);
  await proxy.cutReply((bytes) => isKafkaRequest(bytes, kafkaRequests.produce));
  report.faults['stored, then reset'] = proxy.counters.repliesCut > 0;
  await sleep(chance() * 1_000);
  relay?.kill('SIGKILL');
  report.faults['relay killed'] = (await relay?.exited) === null;
  await tap.swallow(kafkaRequests.offsetCommit);
  consumer?.kill('SIGKILL');
  report.faults['killed between commit and offset'] = (await consumer?.exited) === null;
  await kafka.kill();
  await sleep(run.kafkaAwayMs);
  await kafka.start();
  report.faults['Kafka away'] = true;
  await Promise.all([start('relay-1', 'relay', viaProxy), start('analytics-1', 'analytics', viaTap), told]);
  await settle(report, { link, source, direct });
  return report;
}

function valueOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}

interface Sinks {
  link: RedisLink;
  source: Awaited<ReturnType<typeof openDatabase>>;
  direct: KafkaLink;
}

/** Waits for all of it to have come through, then reads what is there. */
async function settle(report: PipelineReport, { link, source, direct }: Sinks): Promise<void> {
  const admin = direct.admin();
  await admin.connect();
  try {
    await vi
      .waitFor(async () => {
        const [{ count }] = (await source.query('SELECT count(*)::int AS count FROM turn')) as [{ count: number }];
        report.lag = await lagOf(admin);
        report.outboxEntries = await outboxEntries(link);
        if (count < report.acked.length || report.lag > 0 || report.outboxEntries > 0) throw new Error('on its way');
      }, PATIENCE)
      .catch(() => {});
  } finally {
    await admin.disconnect();
  }
  const rows = (await source.query('SELECT call_sid, item_id, who, text FROM turn')) as Record<string, string>[];
  report.rows = rows.map(({ call_sid, item_id, who, text }) => `${call_sid} ${item_id} ${who} ${text}`).toSorted();
  report.acked.sort();
  await readSinks(report, direct);
}

async function readSinks(report: PipelineReport, direct: KafkaLink): Promise<void> {
  await readTopic(direct, topics.events, async ({ messages }) => {
    for (const { value } of messages) {
      const decoded = decodeEvent(value);
      if (decoded.kind !== 'fact') throw new Error(`a message of the topic is ${decoded.kind}`);
      const { callSid, epoch, seq } = decoded.fact;
      const places = report.events.get(callSid) ?? [];
      report.events.set(callSid, places);
      if (places.includes(`${epoch}-${seq}`)) report.repeats += 1;
      else places.push(`${epoch}-${seq}`);
    }
  });
  const told = new Set<string>();
  await readTopic(direct, topics.transcripts, async ({ messages }) => {
    for (const { value } of messages) {
      const message = transcriptSchema.parse(JSON.parse(String(value)));
      if (message.told === 'said') told.add(`${message.callSid} ${message.itemId} ${message.who} ${message.text}`);
    }
  });
  report.told = [...told].toSorted();
  report.dead = await readTopic(direct, topics.dead, async () => {});
}

async function lagOf(admin: ReturnType<KafkaLink['admin']>): Promise<number> {
  const ends = await admin.fetchTopicOffsets(topics.events);
  const [committed] = await admin.fetchOffsets({ groupId: 'aida-analytics', topics: [topics.events] });
  const at = new Map(committed?.partitions.map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]));
  return ends.reduce((sum, { partition, high }) => sum + Number(high) - (at.get(partition) ?? 0), 0);
}

async function outboxEntries(link: RedisLink): Promise<number> {
  const lengths = await Promise.all(
    Array.from({ length: partitionCount }, (_, partition) => link.command('xlen', outboxKey(partition))),
  );
  return lengths.reduce<number>((sum, length) => sum + Number(length), 0);
}

function environment(redisUrl: string, databaseUrl: string): Record<string, string> {
  return {
    ...{ HOST: '127.0.0.1', PORT: '0', OPS_PORT: '0', PUBLIC_URL: 'https://aida.example.com' },
    ...{ REDIS_URL: redisUrl, DATABASE_URL: databaseUrl, OPENAI_API_KEY: 'fake' },
    TWILIO_ACCOUNT_SID: `AC${randomBytes(16).toString('hex')}`,
    TWILIO_AUTH_TOKEN: randomBytes(16).toString('hex'),
  };
}
