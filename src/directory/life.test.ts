import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { admitCaller, leaveCaller, rememberCaller } from './callers.ts';
import { claimed, dtmf, newCallSid, nodeA, nodeB, streamed, webhook } from './calls.fixture.ts';
import { claimDue } from './due.ts';
import { heartbeat } from './fleet.ts';
import { addCall, advanceInbox, keepInbox, readInbox, removeCall, writeInbox } from './inbox.ts';
import { append, appendLate } from './journal.ts';
import { outboxKey, partitionCount, partitionOf, placementKeys } from './keys.ts';
import { ackOutbox, deadLetter, readOutbox, registerGroups, trimOutbox } from './outbox.ts';
import { joinQueue, pollQueue } from './queue.ts';
import { markRedirect } from './redirects.ts';
import { connectRedis, type RedisLink } from './redis.ts';
import { readTexts } from './reply.ts';
import { renewReservation, reserve } from './reservations.ts';

let server: RedisServer;
let link: RedisLink;
const groups = ['log', 'figures'];

beforeAll(async () => {
  server = await startRedis();
  link = await connectRedis(server.url);
  await registerGroups(link, groups);
});

afterAll(async () => {
  await link.close();
  await server.stop();
});

const beating = { capacity: 100, liveCalls: 0, held: [], starting: false, spentMicros: 0, telling: 1, model: null };

async function liveAndEnd(callSid: string): Promise<void> {
  const self = { ...nodeA, nodeUrl: '', mediaUrl: '', version: '1' };
  const partition = partitionOf(callSid);
  await heartbeat(link, { self, ...beating });
  const caller = `+1${callSid}`;
  await admitCaller(link, { caller, callSid, callsMax: 1, arrivalsMax: 1, windowMs: 60_000, exempt: false });
  await joinQueue(link, { callSid, class: 'new', ticket: null });
  await pollQueue(link, { callSid, class: 'new', ticket: 1, ceiling: Infinity, preferredNode: null });
  await reserve(link, { callSid, class: 'new', preferredNode: null, ceiling: Infinity });
  const arrival = await claimed(link, webhook(callSid, { dueInMs: -1 }));
  await append(link, {
    callSid,
    epoch: arrival.epoch,
    firstSeq: 1,
    facts: [dtmf('1')],
    state: 'ringing',
    dueAt: 0,
    answer: { idempotencyToken: 't', text: 'x' },
  });
  await claimDue(link, partition, nodeA);
  const { epoch } = await streamed(link, callSid, arrival.epoch);
  await renewReservation(link, callSid, 'a');
  await addCall(link, nodeA, callSid);
  await writeInbox(link, nodeA, 'm');
  await append(link, { callSid, epoch, firstSeq: 1, facts: [dtmf('2')], intent: { kind: 'hangup', reason: '' } });
  await markRedirect(link, { callSid, owner: nodeA, epoch, by: nodeB });
  const next = await claimed(link, webhook(callSid, { kind: 'next', node: nodeB, countBreak: true }));
  await append(link, {
    callSid,
    epoch: next.epoch,
    firstSeq: 1,
    facts: [dtmf('3')],
    ended: 'completed',
    state: 'ended',
  });
  await leaveCaller(link, caller, callSid);
  await rememberCaller(link, caller, callSid);
  await appendLate(link, { callSid, key: 'k', fact: dtmf('4') });
  await heartbeat(link, { self, ...beating, liveCalls: 1, held: [callSid] });
  await removeCall(link, nodeA, callSid);
  await heartbeat(link, { self, ...beating });
}

async function consume(partition: number, group: string): Promise<void> {
  const seat = { partition, group, holder: 'x' };
  const read = await readOutbox(link, seat, false);
  const entries = read.kind === 'leased' ? [] : read.entries;
  const [first, ...others] = entries;
  if (first) await deadLetter(link, seat, first, 'test');
  await ackOutbox(
    link,
    seat,
    others.map(({ id }) => id),
  );
}

test('after calls of every partition have ended, only the outboxes have no expiry, and they are empty', async () => {
  await keepInbox(link, nodeA);
  const waiting = new Set(Array.from({ length: partitionCount }, (_, partition) => partition));
  while (waiting.size > 0) {
    const callSid = newCallSid();
    if (waiting.delete(partitionOf(callSid))) await liveAndEnd(callSid);
  }
  const messages = await readInbox(link, nodeA, '0-0', 0);
  await advanceInbox(link, nodeA, messages.at(-1)?.id ?? '');
  for (let partition = 0; partition < partitionCount; partition++) {
    for (const group of groups) await consume(partition, group);
    expect(await trimOutbox(link, partition, groups)).toBe(4);
    expect(await link.command('xlen', outboxKey(partition))).toBe(0);
  }
  const keys = readTexts(await link.command('keys', '*'));
  const ttls = await Promise.all(keys.map((key) => link.command('pttl', key)));
  const lasting = keys.filter((_, index) => Number(ttls[index]) < 0);
  expect(lasting.toSorted()).toEqual(
    Array.from({ length: partitionCount }, (_, partition) => outboxKey(partition)).toSorted(),
  );
  expect(keys.length).toBeGreaterThan(3 * partitionCount);
  for (const key of [placementKeys.queue, placementKeys.queueDue, placementKeys.reservation, placementKeys.reservedAt])
    expect(keys).not.toContain(key);
});
