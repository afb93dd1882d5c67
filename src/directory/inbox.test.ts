import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { claimed, dtmf, newCallSid, nodeA, nodeB, webhook } from './calls.fixture.ts';
import { claimDue, dropDueLease, forgetDue } from './due.ts';
import {
  addCall,
  advanceInbox,
  callsOf,
  closeInbox,
  inboxCursor,
  keepInbox,
  readInbox,
  removeCall,
  writeInbox,
} from './inbox.ts';
import { append } from './journal.ts';
import { callKeys, callsKey, cursorKey, dueKey, dueLeaseKey, inboxKey, type NodeName, partitionOf } from './keys.ts';
import { directoryLimits } from './limits.ts';
import { connectRedis, type RedisLink } from './redis.ts';
import { script } from './scripts/script.ts';

let server: RedisServer;
let link: RedisLink;

beforeAll(async () => {
  server = await startRedis();
  link = await connectRedis(server.url);
});

afterAll(async () => {
  await link.close();
  await server.stop();
});

let count = 0;
const newNode = (): NodeName => ({ node: `n${++count}`, incarnation: 'i' });

test('a message to a process that is gone says so; one to a process that lives is read in order, from the cursor', async () => {
  const self = newNode();
  expect(await writeInbox(link, self, 'early')).toBe('absent');
  expect(await keepInbox(link, self)).toBe('made');
  expect(await keepInbox(link, self)).toBe('kept');
  for (const text of ['one', 'twö', 'three']) expect(await writeInbox(link, self, text)).toBe('sent');
  const all = await readInbox(link, self, await inboxCursor(link, self), 0);
  expect(all.map(({ text }) => text)).toEqual(['', 'one', 'twö', 'three']);
  await advanceInbox(link, self, all[2]?.id ?? '');
  const rest = await readInbox(link, self, await inboxCursor(link, self), 0);
  expect(rest.map(({ text }) => text)).toEqual(['three']);
  expect(await link.command('xlen', inboxKey(self))).toBe(2);
  for (const key of [inboxKey(self), cursorKey(self)])
    expect(Number(await link.command('pttl', key))).toBeGreaterThan(0);
});

test('a blocking read wakes for a message and comes back empty without one', async () => {
  const self = newNode();
  const blocking = await connectRedis(server.url, { blockMsMax: 5_000 });
  await keepInbox(link, self);
  const [hello] = await readInbox(link, self, '0-0', 0);
  const cursor = hello?.id ?? '';
  expect(await readInbox(blocking, self, cursor, 20)).toEqual([]);
  const waiting = readInbox(blocking, self, cursor, 5_000);
  await writeInbox(link, self, 'wake');
  expect((await waiting).map(({ text }) => text)).toEqual(['wake']);
  await blocking.close();
});

test('an inbox that nobody reads is full in the end, and one is not closed over unread messages', async () => {
  const self = newNode();
  await keepInbox(link, self);
  const fill = script('fill', ['inbox'], `for i = 1, ARGV[1] do redis.call('XADD', inbox, '*', 'm', 'm') end`);
  await link.run(fill, [inboxKey(self)], [directoryLimits.inboxEntriesMax - 2]);
  expect(await writeInbox(link, self, 'last')).toBe('sent');
  expect(await writeInbox(link, self, 'm')).toBe('full');
  let cursor = await inboxCursor(link, self);
  let read = 0;
  while (!(await closeInbox(link, self, cursor))) {
    const messages = await readInbox(link, self, cursor, 0);
    read += messages.length;
    cursor = messages.at(-1)?.id ?? cursor;
  }
  expect(read).toBe(directoryLimits.inboxEntriesMax);
  expect(await writeInbox(link, self, 'late')).toBe('absent');
  expect(await link.command('exists', inboxKey(self), cursorKey(self))).toBe(0);
});

test('the calls of a process are a set that expires', async () => {
  const self = newNode();
  await addCall(link, self, 'CA1');
  await addCall(link, self, 'CA2');
  await addCall(link, self, 'CA1');
  expect((await callsOf(link, self)).toSorted()).toEqual(['CA1', 'CA2']);
  expect(Number(await link.command('pttl', callsKey(self)))).toBeGreaterThan(0);
  for (const sid of ['CA1', 'CA2']) await removeCall(link, self, sid);
  expect(await callsOf(link, self)).toEqual([]);
  expect(await link.command('exists', callsKey(self))).toBe(0);
});

test('overdue calls are handed to one sweeper, and again later unless they are moved', async () => {
  const [overdue, other] = [newCallSid(), newCallSid()];
  const partition = partitionOf(overdue);
  const { epoch } = await claimed(link, webhook(overdue, { dueInMs: -1 }));
  await claimed(link, webhook(other, { dueInMs: 60_000 }));
  expect(await claimDue(link, partition, nodeA)).toEqual([overdue]);
  expect(await claimDue(link, partition, nodeA)).toEqual([]);
  expect(await claimDue(link, partition, nodeB)).toBeNull();
  await dropDueLease(link, partition, nodeB);
  expect(await claimDue(link, partition, nodeB)).toBeNull();
  await dropDueLease(link, partition, nodeA);
  expect(await claimDue(link, partition, nodeB)).toEqual([]);
  await link.command('zincrby', dueKey(partition), -directoryLimits.dueRetryMs, overdue);
  expect(await claimDue(link, partition, nodeB)).toEqual([overdue]);
  await append(link, { callSid: overdue, epoch, firstSeq: 1, facts: [dtmf('1')], ended: 'completed' });
  expect(await link.command('zscore', dueKey(partition), overdue)).toBeNull();
  expect(Number(await link.command('pttl', dueLeaseKey(partition)))).toBeGreaterThan(0);
});

test('a call that Redis no longer knows is taken off the sweep', async () => {
  const callSid = newCallSid();
  await claimed(link, webhook(callSid, { dueInMs: -1 }));
  expect(await forgetDue(link, callSid)).toBe('known');
  await link.command('del', callKeys(callSid).call);
  expect(await forgetDue(link, callSid)).toBe('forgotten');
  expect(await link.command('zscore', callKeys(callSid).due, callSid)).toBeNull();
});
