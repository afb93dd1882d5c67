import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { CallLogEntity } from '../../entities/call-log.ts';
import { TurnEntity } from '../../entities/turn.ts';
import type { CallEvent } from '../../machines/call-events.ts';
import { claimed, newCallSid, nodeA, webhook } from '../directory/calls.fixture.ts';
import { append, appendLate, readJournal } from '../directory/journal.ts';
import { callKeys, outboxKey, partitionCount } from '../directory/keys.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { lacksPart } from '../embedded/parts.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { openDatabase } from '../services/database.ts';
import { onBothDatabases, type TestDatabase } from '../sim/parts/both-databases.ts';
import { startPostgres } from '../sim/parts/postgres.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { Analytics, outboxGroups, retiredGroups } from './analytics.ts';
import type { CallbackWish } from './callback-consumer.ts';
import { OutboxKeeper } from './outbox-keeper.ts';
import { startedAt, wholeCall } from './story.fixture.ts';
import type { RecordingNews } from '../services/recordings.ts';

const WAIT = { timeout: 20_000, interval: 20 };
const redisDir = await mkdtemp(join(tmpdir(), 'aida-analytics-'));
let server: RedisServer;
let link: RedisLink;
const running: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  server = await startRedis({ dir: redisDir });
  link = await connectRedis(server.url);
});

afterEach(async () => {
  for (const analytics of running.splice(0)) await analytics.stop();
});

afterAll(async () => {
  await link.close();
  await server.stop();
  await rm(redisDir, { recursive: true, force: true });
});

interface Started {
  analytics: { stop(): Promise<void> };
  asked: RecordingNews[];
  wishes: CallbackWish[];
  faults: unknown[];
  metrics: ReturnType<typeof createMetrics>;
}

function start(dataSource: DataSource, answers: ('taken' | 'later')[] = []): Started {
  const asked: RecordingNews[] = [];
  const faults: unknown[] = [];
  const metrics = createMetrics();
  const log = {
    info: () => {},
    warn: (...args: unknown[]) => void faults.push(args),
    error: (...args: unknown[]) => void faults.push(args),
  };
  const wishes: CallbackWish[] = [];
  const enterRecording = async (recording: RecordingNews) => {
    asked.push(recording);
    return answers.shift() ?? 'taken';
  };
  const analytics = new Analytics({
    link,
    kafka: null,
    dataSource,
    enterRecording,
    enterCallback: async (wish) => void wishes.push(wish),
    numberKey: null,
    holder: `h${running.length}`,
    log,
    metrics,
  });
  const { groups, retired } = { groups: outboxGroups(false), retired: retiredGroups(false) };
  const keeper = new OutboxKeeper({
    ...{ link, groups, retired, archiveDir: redisDir, log, metrics },
    screen: async (all) => [...all],
  });
  const both = {
    async stop() {
      await analytics.stop();
      await keeper.stop();
    },
  };
  running.push(both);
  analytics.start();
  keeper.start();
  return { analytics: both, asked, wishes, faults, metrics };
}

/** Journals a whole call as its nodes would; its CallSid. */
async function journal(facts: readonly (CallEvent | 'next epoch')[] = wholeCall): Promise<string> {
  const callSid = newCallSid();
  let { epoch } = await claimed(link, webhook(callSid));
  let seq = 1;
  for (const fact of facts) {
    if (fact === 'next epoch') {
      epoch = (await claimed(link, webhook(callSid, { kind: 'next', node: nodeA }))).epoch;
      seq = 1;
    } else {
      await append(link, { callSid, epoch, firstSeq: seq, facts: [fact] });
      seq += 1;
    }
  }
  return callSid;
}

const rowOf = (source: DataSource, callSid: string) => source.getRepository(CallLogEntity).findOneBy({ callSid });

async function outboxEntries(): Promise<number> {
  const lengths = await Promise.all(
    Array.from({ length: partitionCount }, (_, partition) => link.command('xlen', outboxKey(partition))),
  );
  return lengths.reduce((sum: number, length) => sum + Number(length), 0);
}

function analyticsTests(database: TestDatabase): void {
  test('a call in the journal becomes its rows, and the outbox is emptied', async () => {
    const { analytics, metrics, faults } = start(database.source);
    const callSids = await Promise.all(Array.from({ length: 6 }, () => journal()));
    for (const callSid of callSids) {
      await vi.waitFor(
        async () => expect((await rowOf(database.source, callSid))?.processedAt).toBeInstanceOf(Date),
        WAIT,
      );
      expect(await rowOf(database.source, callSid)).toMatchObject({
        status: 'COMPLETED',
        duration: 81,
        outcome: 'transferred',
        intents: ['hours', 'transfer'],
      });
      expect(await database.source.getRepository(TurnEntity).countBy({ callSid })).toBe(6);
    }
    await analytics.stop();
    expect(await outboxEntries()).toBe(0);
    expect(faults).toEqual([]);
    expect(await metrics.registry.getSingleMetricAsString('aida_facts_taken_total')).toMatch(
      /group="call-log",result="taken"} [1-9]/,
    );
    expect(await metrics.registry.getSingleMetricAsString('aida_journal_lag_facts')).toContain('{group="call-log"} 0');
  });

  test('a fact that the database refuses is counted and set aside, and its call goes on', async () => {
    const { metrics } = start(database.source);
    const poison: CallEvent = {
      type: 'caller.said',
      at: startedAt().getTime(),
      itemId: 'nul',
      text: 'nul \u0000',
      after: null,
    };
    const callSid = await journal([...wholeCall.slice(0, 9), poison, ...wholeCall.slice(9)]);
    await vi.waitFor(async () => expect((await rowOf(database.source, callSid))?.transcript).toHaveLength(6), WAIT);
    const counted = () => metrics.registry.getSingleMetricAsString('aida_faults_total');
    await vi.waitFor(async () => expect(await counted()).toContain('{place="outbox analytics"} 1'), WAIT);
  });

  test('who asked to be called back is noted with both numbers and the time of the promise', async () => {
    const { analytics, wishes, faults } = start(database.source);
    const callSid = await journal([
      { type: 'carrier.arrived', at: 5, from: '+12075550100', to: '+12075550142', node: 'a', queued: true },
      { type: 'carrier.waitEnded', at: 9_000, how: 'callback', waitedMs: 8_995 },
    ]);
    await journal([
      { type: 'carrier.arrived', at: 5, from: '+12075550101', to: '+12075550142', node: 'a', queued: true },
      { type: 'carrier.waitEnded', at: 9_000, how: 'voicemail', waitedMs: 8_995 },
    ]);
    const answered = {
      type: 'tool.answered',
      toolCallId: 't',
      result: 'ok',
      output: '{}',
      durationMs: 1,
      leave: null,
    } as const;
    const talking = await journal([
      { type: 'carrier.arrived', at: 5, from: '+12075550102', to: '+12075550142', node: 'a' },
      { ...answered, at: 7_000 },
      { ...answered, at: 8_000, callback: 'a cake' },
    ]);
    await vi.waitFor(() => expect(wishes).toHaveLength(2), WAIT);
    await analytics.stop();
    const both = { calledNumber: '+12075550142' };
    expect(wishes.toSorted((a, b) => a.askedAt - b.askedAt)).toEqual([
      { callSid: talking, number: '+12075550102', ...both, reason: 'a cake', askedAt: 8_000 },
      { callSid, number: '+12075550100', ...both, reason: 'waiting room', askedAt: 9_000 },
    ]);
    expect(faults).toEqual([]);
  });

  test('who asked to be called back is known though the facts come when the journal is gone', async () => {
    const first = start(database.source);
    const callSid = await journal([
      { type: 'carrier.arrived', at: 5, from: '+12075550103', to: '+12075550142', node: 'a', queued: true },
    ]);
    await vi.waitFor(
      async () => expect(await database.source.getRepository(CallLogEntity).countBy({ callSid })).toBe(1),
      WAIT,
    );
    await first.analytics.stop();
    const [marker] = await readJournal(link, callSid);
    const wish = { type: 'carrier.waitEnded', at: 9_000, how: 'callback', waitedMs: 8_995 } as const;
    await append(link, { callSid, epoch: marker?.epoch ?? 0, firstSeq: 2, facts: [wish] });
    await link.command('del', callKeys(callSid).log);
    const { analytics, wishes, faults } = start(database.source);
    await vi.waitFor(() => expect(wishes).toMatchObject([{ callSid, number: '+12075550103' }]), WAIT);
    await analytics.stop();
    expect(faults).toEqual([]);
  });

  test('a recording that is ready is entered with who called and what about; one without room comes again', async () => {
    const { analytics, asked } = start(database.source, ['later', 'taken', 'taken']);
    const intent: CallEvent = {
      type: 'carrier.nextAsked',
      at: 3,
      intent: { kind: 'voicemail', topic: 'beans' },
      breaks: 0,
    };
    const callSid = await journal([...wholeCall.slice(0, 1), intent]);
    const { epoch } = await claimed(link, webhook(callSid, { kind: 'voicemail' }));
    await append(link, {
      callSid,
      epoch,
      firstSeq: 1,
      facts: [{ type: 'carrier.statusReported', at: 9, status: 'completed', durationS: 9, sequence: 1 }],
      ended: 'completed',
    });
    const ready = {
      type: 'carrier.recordingReady',
      at: startedAt().getTime(),
      recordingSid: 'RE1',
      recordingUrl: 'https://x/RE1',
      durationS: 4,
      status: 'completed',
    } as const;
    await appendLate(link, { callSid, key: 'recordingReady:RE1', fact: ready });
    await vi.waitFor(() => expect(asked).toHaveLength(1), WAIT);
    await analytics.stop();
    const second = start(database.source);
    await vi.waitFor(() => expect(second.asked).toHaveLength(1), WAIT);
    const expected: RecordingNews = {
      of: 'voicemail',
      recordingSid: 'RE1',
      recordingUrl: 'https://x/RE1',
      durationS: 4,
      status: 'completed',
      callSid,
      fromNumber: '+15550100',
      topic: 'beans',
      declined: false,
    };
    expect([...asked, ...second.asked]).toEqual([expected, expected]);
    await second.analytics.stop();
    expect(await outboxEntries()).toBe(0);
  });

  test('Redis killed and back: what was acked is taken in once it returns', async () => {
    start(database.source);
    const before = await journal();
    process.kill(server.pid, 'SIGKILL');
    await vi.waitFor(() => expect(link.ready).toBe(false), WAIT);
    await server.stop();
    server = await startRedis({ dir: redisDir, port: server.port });
    await vi.waitFor(() => expect(link.ready).toBe(true), WAIT);
    const after = await journal();
    for (const callSid of [before, after]) {
      await vi.waitFor(async () => expect((await rowOf(database.source, callSid))?.transcript).toHaveLength(6), WAIT);
    }
  });
}

await onBothDatabases(analyticsTests);

describe.skipIf(await lacksPart('postgres'))('a PostgreSQL that goes away', () => {
  test('its immediate stop loses nothing, sets nothing aside, and no row is doubled', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'aida-postgres-'));
    let postgres = await startPostgres({ dir });
    const first = await openDatabase(postgres.url);
    // What was committed must survive, as it does where nobody sacrifices that for the speed of tests.
    await first.query('ALTER ROLE postgres SET synchronous_commit = on');
    await first.destroy();
    const source = await openDatabase(postgres.url);
    const { faults, metrics } = start(source);
    const before = await journal();
    await vi.waitFor(async () => expect((await rowOf(source, before))?.transcript).toHaveLength(6), WAIT);
    process.kill(postgres.pid, 'SIGQUIT');
    const meanwhile = await journal();
    await vi.waitFor(() => expect(faults.length).toBeGreaterThan(0), WAIT);
    await postgres.stop();
    postgres = await startPostgres({ dir, port: postgres.port });
    const after = await journal();
    for (const callSid of [meanwhile, after]) {
      await vi.waitFor(async () => expect((await rowOf(source, callSid))?.transcript).toHaveLength(6), WAIT);
    }
    expect(await source.getRepository(TurnEntity).count()).toBe(18);
    expect(await metrics.registry.getSingleMetricAsString('aida_faults_total')).not.toMatch(/outbox [a-z-]+"} [1-9]/);
    for (const analytics of running.splice(0)) await analytics.stop();
    await source.destroy();
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  });
});
