import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { claimed, dtmf, newCallSid, webhook } from './calls.fixture.ts';
import { append } from './journal.ts';
import { deadLetterKey, outboxKey, outboxLeaseKey, partitionOf } from './keys.ts';
import { directoryLimits } from './limits.ts';
import {
  ackOutbox,
  deadLetter,
  dropOutboxLease,
  type OutboxEntry,
  type OutboxRead,
  type OutboxSeat,
  outboxStats,
  readOutbox,
  registerGroups,
  removeGroup,
  trimOutbox,
} from './outbox.ts';
import { connectRedis, type RedisLink } from './redis.ts';
import { readStreamEntries } from './reply.ts';

let server: RedisServer;
let link: RedisLink;
const PARTITION = 3;

beforeAll(async () => {
  server = await startRedis();
  link = await connectRedis(server.url);
});

beforeEach(async () => {
  await link.command('flushall');
  await registerGroups(link, ['log', 'figures']);
});

afterAll(async () => {
  await link.close();
  await server.stop();
});

const seat = (holder: string, group = 'log'): OutboxSeat => ({ partition: PARTITION, group, holder });

/** Writes one call with so many facts into the partition. */
async function call(digits: string): Promise<string> {
  let callSid = newCallSid();
  while (partitionOf(callSid) !== PARTITION) callSid = newCallSid();
  const { epoch } = await claimed(link, webhook(callSid));
  await append(link, { callSid, epoch, firstSeq: 1, facts: Array.from(digits, (digit) => dtmf(digit)) });
  return callSid;
}

const entriesOf = (read: OutboxRead): OutboxEntry[] => (read.kind === 'leased' ? [] : read.entries);
const digitsOf = (read: OutboxRead): string =>
  entriesOf(read)
    .map(({ fact }) => (fact?.type === 'carrier.dtmf' ? fact.digit : '?'))
    .join('');
const idsOf = (read: OutboxRead): string[] => entriesOf(read).map(({ id }) => id);

test('every group gets every fact, in order, with its call and place', async () => {
  const callSid = await call('123');
  const read = await readOutbox(link, seat('x'), false);
  expect(read.kind).toBe('new');
  expect(entriesOf(read).map(({ callSid: sid, seq, fact }) => ({ sid, seq, fact }))).toEqual(
    [1, 2, 3].map((seq) => ({ sid: callSid, seq, fact: dtmf(String(seq)) })),
  );
  expect(digitsOf(await readOutbox(link, seat('y', 'figures'), false))).toBe('123');
  expect(await readOutbox(link, seat('x'), false)).toEqual({ kind: 'new', entries: [] });
});

test('one process reads for a group; another gets what it left pending once the lease is free', async () => {
  await call('12');
  expect(digitsOf(await readOutbox(link, seat('x'), false))).toBe('12');
  expect(await readOutbox(link, seat('y'), false)).toEqual({ kind: 'leased' });
  await call('3');
  await dropOutboxLease(link, seat('y'));
  expect(await readOutbox(link, seat('y'), false)).toEqual({ kind: 'leased' });
  await dropOutboxLease(link, seat('x'));
  const inherited = await readOutbox(link, seat('y'), false);
  expect(inherited.kind).toBe('pending');
  expect(digitsOf(inherited)).toBe('12');
  expect(await readOutbox(link, seat('x'), false)).toEqual({ kind: 'leased' });
  expect(await ackOutbox(link, seat('x'), idsOf(inherited))).toBe('lost');
  expect(digitsOf(await readOutbox(link, seat('y'), true))).toBe('12');
  expect(await ackOutbox(link, seat('y'), idsOf(inherited))).toBe('acked');
  expect(digitsOf(await readOutbox(link, seat('y'), true))).toBe('3');
});

test('a lease runs out by itself', async () => {
  await readOutbox(link, seat('x'), false);
  const left = Number(await link.command('pttl', outboxLeaseKey(PARTITION, 'log')));
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(directoryLimits.outboxLeaseMs);
});

test('the outbox is trimmed below what the slowest group still needs', async () => {
  await call('12345');
  expect(await trimOutbox(link, PARTITION, ['log', 'figures'])).toBe(0);
  const read = await readOutbox(link, seat('x'), false);
  await ackOutbox(link, seat('x'), idsOf(read));
  expect(await trimOutbox(link, PARTITION, ['log', 'figures'])).toBe(0);
  const slow = await readOutbox(link, seat('x', 'figures'), false);
  await ackOutbox(link, seat('x', 'figures'), [idsOf(slow)[0] ?? '', idsOf(slow)[1] ?? '', idsOf(slow)[3] ?? '']);
  expect(await trimOutbox(link, PARTITION, ['log', 'figures'])).toBe(2);
  expect(digitsOf(await readOutbox(link, seat('x', 'figures'), true))).toBe('35');
  await ackOutbox(link, seat('x', 'figures'), idsOf(slow));
  await call('6');
  expect(await trimOutbox(link, PARTITION, ['log', 'figures'])).toBe(3);
  expect(await outboxStats(link, PARTITION)).toMatchObject({
    entries: 1,
    groups: [
      { group: 'figures', unread: 1, pending: 0 },
      { group: 'log', unread: 1, pending: 0 },
    ],
  });
});

test('nothing is trimmed for want of a group; one removed holds nothing back', async () => {
  await call('12');
  const read = await readOutbox(link, seat('x'), false);
  await ackOutbox(link, seat('x'), idsOf(read));
  expect(await trimOutbox(link, PARTITION, ['log', 'figures', 'later'])).toBe('unregistered');
  await registerGroups(link, ['later', 'log']);
  expect(digitsOf(await readOutbox(link, seat('x', 'later'), false))).toBe('12');
  await removeGroup(link, 'later');
  await removeGroup(link, 'figures');
  expect(await trimOutbox(link, PARTITION, ['log'])).toBe(2);
  await expect(readOutbox(link, seat('x', 'later'), false)).rejects.toMatchObject({ code: 'noGroup' });
});

test('what a group cannot take in is set aside, bounded and for a time', async () => {
  const callSid = await call('12');
  const [first, second] = entriesOf(await readOutbox(link, seat('x'), false));
  if (!first || !second) throw new Error('two entries expected');
  expect(await deadLetter(link, seat('y'), first, 'why')).toBe('lost');
  expect(await deadLetter(link, seat('x'), first, 'why')).toBe('acked');
  expect(digitsOf(await readOutbox(link, seat('x'), true))).toBe('2');
  const dead = deadLetterKey(PARTITION, 'log');
  const [letter] = readStreamEntries(await link.command('xrange', dead, '-', '+'));
  expect(Object.fromEntries(letter?.fields ?? [])).toEqual({
    c: callSid,
    i: `${first.epoch}-1`,
    f: JSON.stringify(dtmf('1')),
    r: 'why',
  });
  expect(Number(await link.command('pttl', dead))).toBeGreaterThan(0);
});

test('a foreign entry is given out without a fact', async () => {
  await link.command('xadd', outboxKey(PARTITION), '*', 'nothing', 'known');
  await link.command('xadd', outboxKey(PARTITION), '*', 'c', 'CA1', 'i', 'x-y', 'f', JSON.stringify(dtmf('1')));
  expect(entriesOf(await readOutbox(link, seat('x'), false)).map(({ fact }) => fact)).toEqual([null, null]);
});

test('bytes and share of the outbox are known, also of one that is empty', async () => {
  const empty = await outboxStats(link, PARTITION + 1);
  expect(empty.entries).toBe(0);
  for (let i = 0; i < 20; i++) await call('123456789');
  const stats = await outboxStats(link, PARTITION);
  expect(stats.entries).toBe(180);
  expect(stats.bytes).toBeGreaterThan(empty.bytes);
  expect(stats.share).toBe(stats.bytes / directoryLimits.outboxBytesMax);
});
