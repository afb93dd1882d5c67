import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { claimed, dtmf, newCallSid, webhook } from '../directory/calls.fixture.ts';
import { outboxReaders } from '../directory/dead-facts.ts';
import { append } from '../directory/journal.ts';
import { outboxKey, outboxLeaseKey, partitionOf } from '../directory/keys.ts';
import { ackOutbox, type OutboxRead, outboxStats, readOutbox, registerGroups } from '../directory/outbox.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { outboxGroups } from './analytics.ts';
import type { ErasureScreen } from '../privacy/erasure-screen.ts';
import { OutboxArchive } from './outbox-archive.ts';
import { OutboxKeeper } from './outbox-keeper.ts';

const PARTITION = 3;
let server: RedisServer;
let link: RedisLink;
let dir: string;
let errors: unknown[][];
let nowMs = 0;
const erased = new Set<string>();

beforeAll(async () => {
  server = await startRedis();
  link = await connectRedis(server.url);
});

beforeEach(async () => {
  await link.command('flushall');
  await registerGroups(link, ['log', 'relay']);
  dir = await mkdtemp(join(tmpdir(), 'aida-keeper-'));
  errors = [];
  erased.clear();
  return () => rm(dir, { recursive: true, force: true });
});

afterAll(async () => {
  await link.close();
  await server.stop();
});

function keeper(bytesMax: number, more: { groups?: string[]; retired?: string[] } = {}) {
  const metrics = createMetrics();
  const log = { warn: () => {}, error: (...args: unknown[]) => void errors.push(args) };
  const { groups = ['log', 'relay'], retired = [] } = more;
  const screen: ErasureScreen = async (found) => found.filter(({ callSid }) => !erased.has(callSid));
  const now = () => nowMs;
  const made = new OutboxKeeper({ link, groups, retired, archiveDir: dir, screen, now, bytesMax, log, metrics });
  return { made, metrics };
}

async function write(count: number): Promise<string> {
  let callSid = newCallSid();
  while (partitionOf(callSid) !== PARTITION) callSid = newCallSid();
  const { epoch } = await claimed(link, webhook(callSid));
  for (let seq = 1; seq <= count; seq += 100)
    await append(link, { callSid, epoch, firstSeq: seq, facts: Array.from({ length: 100 }, () => dtmf('1')) });
  return callSid;
}

const seat = (group: string) => ({ partition: PARTITION, group, holder: 'x' });
const entries = (read: OutboxRead) => (read.kind === 'leased' ? [] : read.entries);
const messages = () => errors.map(([, said]) => said);

/** All that a group is still given, each fact by its number, repeats taken out. */
async function drain(group: string): Promise<number[]> {
  const seen = new Set<number>();
  for (;;) {
    const read = entries(await readOutbox(link, seat(group), true, 500));
    if (read.length === 0) return [...seen].toSorted((left, right) => left - right);
    for (const { seq } of read) seen.add(seq);
    await ackOutbox(
      link,
      seat(group),
      read.map(({ id }) => id),
    );
  }
}

test('a full outbox puts its oldest on disk, for every group, and brings them back when there is room', async () => {
  await write(6_000);
  const { bytes } = await outboxStats(link, PARTITION);
  // One group has some of it under way.
  expect(entries(await readOutbox(link, seat('log'), false, 200))).toHaveLength(200);
  const { made, metrics } = keeper(bytes - 1);
  await made.tidy();
  expect(messages()).toEqual(['outbox is filling up', 'outbox is full: its oldest facts were put on disk']);
  expect(await readdir(dir)).toHaveLength(1);
  expect(await outboxStats(link, PARTITION)).toMatchObject({ entries: 1_000 });
  expect(await metrics.registry.getSingleMetricAsString('aida_relay_archive_bytes')).toMatch(/ [1-9]\d+$/m);
  const first = await drain('relay');
  expect([first.length, first[0]]).toEqual([1_000, 5_001]);
  await drain('log');
  await made.tidy();
  expect(await readdir(dir)).toEqual([]);
  for (const group of ['relay', 'log']) {
    const again = await drain(group);
    expect([again.length, again[0], again.at(-1)]).toEqual([5_000, 1, 5_000]);
  }
  await made.tidy();
  expect(await outboxStats(link, PARTITION)).toMatchObject({ entries: 0 });
});

test('what is archived of a call that is erased goes from disk within the hour, and never comes back', async () => {
  const [mine, other] = [await write(300), await write(200)];
  const { bytes } = await outboxStats(link, PARTITION);
  const { made } = keeper(bytes - 1);
  await made.tidy();
  const text = async () =>
    (await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name), 'utf8')))).join();
  expect([(await text()).includes(mine), (await text()).includes(other)]).toEqual([true, true]);
  const left = join(dir, 'p3-1-0-ab.ndjson.part');
  await writeFile(left, mine);
  await utimes(left, 1, 1);
  // Erased while the outbox stays full.
  erased.add(mine);
  nowMs += 3_600_000;
  const full = await write(1_000);
  await made.tidy();
  expect([(await text()).includes(mine), (await text()).includes(other)]).toEqual([false, true]);
  erased.add(full);
  const came: number[] = [];
  for (let look = 0; look < 3; look++) {
    await Promise.all([drain('relay'), drain('log')]);
    await made.tidy();
    came.push((await outboxStats(link, PARTITION)).entries);
  }
  expect(came).toEqual([200, 0, 0]);
  expect(await readdir(dir)).toEqual([]);
});

test('two processes that put the same facts into one folder leave one file of them', async () => {
  await write(1_000);
  const log = { warn: () => {}, error: () => {} };
  const archives = [1, 2].map(() => new OutboxArchive({ link, dir, screen: async (all) => [...all], log }));
  const put = await Promise.all(archives.map((archive) => archive.put(PARTITION)));
  expect(put.toSorted((left, right) => left - right)).toEqual([0, 1_000]);
  expect(await readdir(dir)).toHaveLength(1);
  expect(await outboxStats(link, PARTITION)).toMatchObject({ entries: 0 });
  expect(await archives[0]?.bringBack(PARTITION)).toBe(1_000);
  expect(await drain('relay')).toHaveLength(1_000);
});

test('the alarm comes before the bound, and puts nothing on disk', async () => {
  await write(1_000);
  const { bytes } = await outboxStats(link, PARTITION);
  await keeper(bytes * 1.5).made.tidy();
  expect(messages()).toEqual(['outbox is filling up']);
  expect(await readdir(dir)).toEqual([]);
});

test('a group that reads elsewhere now holds nothing back, once its successor is there and nobody reads for it', async () => {
  await write(100);
  await registerGroups(link, ['old']);
  const retired = ['old'];
  await keeper(1e9, { groups: ['log', 'relay', 'new'], retired }).made.tidy();
  const names = async () => (await outboxStats(link, PARTITION)).groups.map(({ group }) => group).toSorted();
  expect(await names()).toEqual(['log', 'old', 'relay']);
  await readOutbox(link, seat('old'), false);
  await keeper(1e9, { retired }).made.tidy();
  expect(await names()).toEqual(['log', 'old', 'relay']);
  await link.command('del', outboxLeaseKey(PARTITION, 'old'));
  await keeper(1e9, { retired }).made.tidy();
  expect(await names()).toEqual(['log', 'relay']);
  expect(Number(await link.command('xlen', outboxKey(PARTITION)))).toBe(100);
});

test('what is set aside is looked for by every group that there is', () => {
  expect(new Set([...outboxGroups(true), ...outboxGroups(false)])).toEqual(new Set(outboxReaders));
});
