import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { claimed, dtmf, newCallSid, webhook } from '../directory/calls.fixture.ts';
import { append } from '../directory/journal.ts';
import { deadLetterKey, outboxKey, outboxLeaseKey, partitionCount, partitionOf } from '../directory/keys.ts';
import { directoryLimits } from '../directory/limits.ts';
import { outboxStats } from '../directory/outbox.ts';
import { startTcpProxy, type TcpProxy } from '../sim/parts/tcp-proxy.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { readStreamEntries } from '../directory/reply.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import type { Consumer } from './consumer.ts';
import { OutboxReader } from './reader.ts';
import type { StoredFact } from './stored-fact.ts';

const WAIT = { timeout: 15_000, interval: 20 };
const GROUP = 'test';
let server: RedisServer;
let direct: RedisLink;
let proxy: TcpProxy;
let link: RedisLink;

beforeAll(async () => {
  server = await startRedis();
  proxy = await startTcpProxy(server.port);
  direct = await connectRedis(server.url);
  link = await connectRedis(`redis://127.0.0.1:${proxy.port}`);
});

beforeEach(() => direct.command('flushall'));

afterAll(async () => {
  await link.close();
  await direct.close();
  await proxy.close();
  await server.stop();
});

/** Writes calls with these digits as facts; their CallSids. */
async function calls(count: number, digits: string): Promise<string[]> {
  const callSids = Array.from({ length: count }, newCallSid);
  for (const callSid of callSids) {
    const { epoch } = await claimed(direct, webhook(callSid));
    await append(direct, { callSid, epoch, firstSeq: 1, facts: Array.from(digits, (digit) => dtmf(digit)) });
  }
  return callSids;
}

const digitOf = ({ fact }: StoredFact): string => (fact.type === 'carrier.dtmf' ? fact.digit : '?');

/** A consumer that remembers what it took in, by call. */
class Notebook implements Consumer {
  readonly group = GROUP;
  readonly taken = new Map<string, string>();
  readonly batches: number[] = [];
  healthy = true;
  /** Throws or lets pass, before anything is taken in. */
  check: (facts: readonly StoredFact[]) => void = () => {};
  /** Asked for again. */
  postpones: (fact: StoredFact) => boolean = () => false;

  async take(facts: readonly StoredFact[]): Promise<readonly StoredFact[]> {
    this.check(facts);
    this.batches.push(facts.length);
    const later = facts.filter((fact) => this.postpones(fact));
    for (const fact of facts) {
      if (!later.includes(fact)) this.taken.set(fact.callSid, (this.taken.get(fact.callSid) ?? '') + digitOf(fact));
    }
    return later;
  }

  async isHealthy(): Promise<boolean> {
    return this.healthy;
  }

  get count(): number {
    return [...this.taken.values()].join('').length;
  }
}

interface Bench {
  notebook: Notebook;
  reader: OutboxReader;
  poisoned(): number;
  faults: unknown[][];
}

function bench(more: { through?: RedisLink; holder?: string; now?: () => number; notebook?: Notebook } = {}): Bench {
  const notebook = more.notebook ?? new Notebook();
  const faults: unknown[][] = [];
  let count = 0;
  const log = {
    warn: (...args: unknown[]) => void faults.push(args),
    error: (...args: unknown[]) => void faults.push(args),
  };
  const reader = new OutboxReader({
    link: more.through ?? direct,
    consumer: notebook,
    holder: more.holder ?? 'x',
    log,
    onPoison: () => (count += 1),
    ...(more.now ? { now: more.now } : {}),
  });
  return { notebook, reader, poisoned: () => count, faults };
}

async function pending(): Promise<number> {
  const stats = await Promise.all(
    Array.from({ length: partitionCount }, (_, partition) => outboxStats(direct, partition)),
  );
  return stats.flatMap(({ groups }) => groups).reduce((sum, group) => sum + group.pending + group.unread, 0);
}

test('facts of all partitions are taken in, in order for each call, and acknowledged', async () => {
  const { notebook, reader } = bench();
  const early = await calls(30, '123');
  reader.start();
  await vi.waitFor(() => expect(notebook.count).toBe(90), WAIT);
  const late = await calls(5, '45');
  await vi.waitFor(() => expect(notebook.count).toBe(100), WAIT);
  await reader.stop();
  expect(notebook.taken).toEqual(
    new Map([...early.map((sid) => [sid, '123'] as const), ...late.map((sid) => [sid, '45'] as const)]),
  );
  expect(await pending()).toBe(0);
  expect(Math.max(...notebook.batches)).toBeGreaterThan(1);
});

test('stop takes in what is there and lets another process read at once', async () => {
  const first = bench({ holder: 'x' });
  first.reader.start();
  await calls(20, '12');
  await first.reader.stop();
  expect(first.notebook.count).toBe(40);
  const second = bench({ holder: 'y' });
  await calls(3, '1');
  second.reader.start();
  await second.reader.stop();
  expect(second.notebook.count).toBe(3);
});

test('two processes share a group: every fact is taken in once', async () => {
  const [one, other] = [bench({ holder: 'x' }), bench({ holder: 'y' })];
  one.reader.start();
  other.reader.start();
  const written = await calls(40, '12');
  await vi.waitFor(() => expect(one.notebook.count + other.notebook.count).toBe(80), WAIT);
  await Promise.all([one.reader.stop(), other.reader.stop()]);
  const all = [...one.notebook.taken, ...other.notebook.taken];
  expect(new Map(all)).toEqual(new Map(written.map((sid) => [sid, '12'])));
  expect(all).toHaveLength(40);
  expect(await pending()).toBe(0);
});

test('a clock that is set back makes nobody wait for a partition that is free again', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const monotonic = performance.now.bind(performance);
  let aheadMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => monotonic() + aheadMs);
  const run = vi.spyOn(direct, 'run');
  try {
    const leases = Array.from({ length: partitionCount }, (_, partition) => outboxLeaseKey(partition, GROUP));
    for (const lease of leases) await direct.command('set', lease, 'y');
    const { notebook, reader } = bench();
    reader.start();
    const answered = () => run.mock.settledResults.filter(({ type }) => type === 'fulfilled').length;
    await vi.waitFor(() => expect(answered()).toBeGreaterThan(2 * partitionCount - 1), WAIT);
    await calls(3, '1');
    for (const lease of leases) await direct.command('del', lease);
    vi.setSystemTime(Date.now() - 3_600_000);
    aheadMs = directoryLimits.outboxLeaseMs;
    await vi.waitFor(() => expect(notebook.count).toBe(3), { timeout: 4_000, interval: 20 });
    await reader.stop();
  } finally {
    vi.useRealTimers();
    vi.restoreAllMocks();
  }
});

test('while one batch is taken in nobody else gets what waits behind it', async () => {
  const { notebook, reader } = bench();
  const gate = Promise.withResolvers<void>();
  const take = notebook.take.bind(notebook);
  notebook.take = async (facts) => {
    await gate.promise;
    return await take(facts);
  };
  const partitions = new Set((await calls(100, '1234')).map(partitionOf));
  reader.start();
  const leases = [...partitions].map((partition) => outboxLeaseKey(partition, GROUP));
  const left = () => Promise.all(leases.map(async (key) => Number(await direct.command('pttl', key))));
  await vi.waitFor(async () => expect(Math.min(...(await left()))).toBeGreaterThan(0), WAIT);
  let before = await left();
  const renewed = new Set<number>();
  await vi.waitFor(async () => {
    const now = await left();
    now.forEach((ms, place) => ms > (before[place] ?? 0) && renewed.add(place));
    before = now;
    expect(renewed.size).toBe(partitions.size);
  }, WAIT);
  gate.resolve();
  await reader.stop();
  expect(notebook.batches.length).toBeGreaterThan(1);
  expect(notebook.count).toBe(400);
});

test('a fact that fails by itself is set aside and counted, and blocks nothing', async () => {
  const { notebook, reader, poisoned, faults } = bench();
  notebook.check = (facts) => {
    if (facts.some((fact) => digitOf(fact) === '#')) throw new RangeError('cannot take #');
  };
  const [poisonous = '', ...others] = await calls(8, '12');
  const { epoch } = await claimed(direct, webhook(poisonous, { kind: 'next' }));
  await append(direct, { callSid: poisonous, epoch, firstSeq: 1, facts: [dtmf('3'), dtmf('#'), dtmf('4')] });
  await direct.command('xadd', outboxKey(2), '*', 'foreign', 'entry');
  reader.start();
  await vi.waitFor(() => expect(notebook.count).toBe(18), WAIT);
  await reader.stop();
  expect(notebook.taken.get(poisonous)).toBe('1234');
  for (const sid of others) expect(notebook.taken.get(sid)).toBe('12');
  expect(poisoned()).toBe(2);
  expect(faults.map(([, message]) => message)).toEqual(['fact set aside', 'fact set aside']);
  expect(JSON.stringify(faults)).not.toContain('cannot take');
  const letters = readStreamEntries(
    await direct.command('xrange', deadLetterKey(partitionOf(poisonous), GROUP), '-', '+'),
  );
  const reasons = letters.map(({ fields }) => fields.get('r'));
  expect(reasons).toContain('cannot take #');
  expect(await pending()).toBe(0);
});

test('while the consumer’s database is away facts wait; afterwards all come, in order', async () => {
  const { notebook, reader, poisoned, faults } = bench();
  let tries = 0;
  notebook.check = () => {
    tries += 1;
    if (tries <= 2) throw Object.assign(new Error('terminating connection'), { code: '57P01' });
    notebook.healthy = tries > 4;
    if (!notebook.healthy) throw new TypeError('of a kind nobody knows');
  };
  const written = await calls(10, '123');
  reader.start();
  await vi.waitFor(() => expect(notebook.count).toBe(30), WAIT);
  await reader.stop();
  expect(notebook.taken).toEqual(new Map(written.map((sid) => [sid, '123'])));
  expect(poisoned()).toBe(0);
  expect(faults.map(([, message]) => message)).toEqual(['facts wait for their consumer']);
});

test('what could not be had yet comes again after a while, and new facts meanwhile', async () => {
  let now = 1_000;
  const { notebook, reader } = bench({ now: () => now });
  notebook.postpones = (fact) => digitOf(fact) === '2' && now < 10_000;
  const [callSid = ''] = await calls(1, '123');
  reader.start();
  await vi.waitFor(() => expect(notebook.taken.get(callSid)).toBe('13'), WAIT);
  const [other = ''] = await calls(1, '9');
  await vi.waitFor(() => expect(notebook.taken.get(other)).toBe('9'), WAIT);
  expect(await pending()).toBe(1);
  now = 20_000;
  await vi.waitFor(() => expect(notebook.taken.get(callSid)).toBe('132'), WAIT);
  await reader.stop();
  expect(await pending()).toBe(0);
});

test('a line to Redis that loses replies, half opens and breaks loses no fact', async () => {
  const { notebook, reader } = bench({ through: link });
  const seen = new Map<string, Set<string>>();
  notebook.check = (facts) => {
    for (const fact of facts) seen.set(fact.callSid, (seen.get(fact.callSid) ?? new Set()).add(digitOf(fact)));
  };
  reader.start();
  const first = await calls(6, '12');
  await proxy.set({ drop: 'toClient' });
  const second = await calls(6, '12');
  proxy.reset();
  await proxy.heal();
  const third = await calls(6, '12');
  const whole = (sids: string[]) => expect(sids.every((sid) => seen.get(sid)?.size === 2)).toBe(true);
  await vi.waitFor(() => whole([...first, ...second, ...third]), WAIT);
  await proxy.set({ drop: 'both' });
  const fourth = await calls(6, '12');
  await proxy.heal();
  await vi.waitFor(() => whole(fourth), WAIT);
  await vi.waitFor(async () => expect(await pending()).toBe(0), WAIT);
  await reader.stop();
});

test('a reader that starts before Redis, and loses all of it, goes on', async () => {
  const { notebook, reader, faults } = bench({ through: link });
  proxy.reset();
  reader.start();
  await calls(2, '1');
  await vi.waitFor(() => expect(notebook.count).toBe(2), WAIT);
  await direct.command('flushall');
  await calls(2, '1');
  await vi.waitFor(() => expect(notebook.count).toBe(4), WAIT);
  await reader.stop();
  expect(faults.length).toBeGreaterThan(0);
});

test('a partition that is away holds up no other, and is taken in once it is back', async () => {
  const callSids = await calls(40, '12');
  const away = partitionOf(callSids[0] ?? '');
  let isAway = true;
  const through: RedisLink = {
    ...direct,
    command: (...args) => direct.command(...args),
    run: (script, keys, args) =>
      isAway && keys[0] === outboxKey(away)
        ? Promise.reject(new Error('a master is away'))
        : direct.run(script, keys, args),
  };
  const { reader, notebook, faults } = bench({ through });
  reader.start();
  const own = callSids.filter((callSid) => partitionOf(callSid) !== away);
  await vi.waitFor(() => expect([...notebook.taken.keys()].toSorted()).toEqual(own.toSorted()), WAIT);
  expect(faults.length).toBe(1);
  isAway = false;
  await vi.waitFor(() => expect(notebook.taken.size).toBe(40), WAIT);
  await reader.stop();
  expect([...notebook.taken.values()].every((digits) => digits === '12')).toBe(true);
  expect(await pending()).toBe(0);
});
