import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort, type RedisServer, startRedis } from '../embedded/redis.ts';
import {
  admitCaller,
  blockCaller,
  leaveCaller,
  readBlocks,
  recentCallOf,
  rememberCaller,
  unblockCaller,
} from './callers.ts';
import { claimed, dtmf, newCallSid, nodeA, streamed, webhook } from './calls.fixture.ts';
import { claimDue, dropDueLease, forgetDue } from './due.ts';
import { heartbeat, readFleet, retire } from './fleet.ts';
import { addCall, advanceInbox, closeInbox, keepInbox, readInbox, removeCall, writeInbox } from './inbox.ts';
import { append, appendLate, readJournal, restore } from './journal.ts';
import { callKeys, partitionCount, partitionOf, partitionTags } from './keys.ts';
import {
  ackOutbox,
  deadLetter,
  dropOutboxLease,
  outboxStats,
  readOutbox,
  registerGroups,
  removeGroup,
  trimOutbox,
} from './outbox.ts';
import { joinQueue, leaveQueue, pollQueue } from './queue.ts';
import { clearRedirect, markRedirect } from './redirects.ts';
import { connectRedis, type RedisLink } from './redis.ts';
import { releaseReservation, renewReservation, reserve } from './reservations.ts';
import { askStaff, freeStaff, holdStaff, leaveStaff, matchStaff } from './staff.ts';
import { noteAudit, readAudit, readSwitches, setSwitch } from './switches.ts';

const SLOTS = 16_384;
const MASTERS = 3;
const masters: { server: RedisServer; busPort: number; link: RedisLink }[] = [];
let cluster: RedisLink;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  for (let i = 0; i < MASTERS; i++) {
    const busPort = await freePort();
    const server = await startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-port', String(busPort)] });
    closers.unshift(() => server.stop());
    const link = await connectRedis(server.url);
    closers.unshift(() => link.close());
    masters.push({ server, busPort, link });
  }
  const first = masters[0];
  for (const [index, { link }] of masters.entries()) {
    const from = Math.floor((SLOTS / MASTERS) * index);
    const to = Math.floor((SLOTS / MASTERS) * (index + 1)) - 1;
    await link.command('cluster', 'ADDSLOTSRANGE', from, to);
    if (index > 0 && first) await link.command('cluster', 'MEET', '127.0.0.1', first.server.port, first.busPort);
  }
  for (const { link } of masters) {
    const isWhole = async () =>
      expect(await link.command('cluster', 'INFO')).toMatch(/cluster_state:ok[\s\S]*cluster_known_nodes:3/);
    await vi.waitFor(isWhole, { timeout: 20_000 });
  }
  cluster = await connectRedis(`redis+cluster://${masters.map(({ server }) => `127.0.0.1:${server.port}`).join(',')}`);
  closers.unshift(() => cluster.close());
});

afterAll(async () => {
  for (const close of closers) await close();
});

test('the tags stand in the middle of the sixteenths of the slots, so that every even split of the slots is one of the calls', async () => {
  const [master] = masters;
  if (!master) throw new Error('no master');
  const slots = await Promise.all(partitionTags.map((tag) => master.link.command('cluster', 'KEYSLOT', `{${tag}}`)));
  for (const [partition, slot] of slots.entries()) {
    const middle = (partition + 0.5) * (SLOTS / partitionCount);
    expect(Math.abs(Number(slot) - middle), `tag ${partition}`).toBeLessThanOrEqual(8);
  }
  const { call, log, due, outbox } = callKeys(newCallSid());
  const same = await Promise.all([call, log, due, outbox].map((key) => master.link.command('cluster', 'KEYSLOT', key)));
  expect(new Set(same).size).toBe(1);
});

test('a call of every partition lives its whole life on the cluster', async () => {
  await registerGroups(cluster, ['log']);
  const seen = new Set<number>();
  while (seen.size < partitionCount) {
    const callSid = newCallSid();
    const partition = partitionOf(callSid);
    if (seen.has(partition)) continue;
    seen.add(partition);
    const arrival = await claimed(cluster, webhook(callSid, { dueInMs: -1 }));
    expect(await claimDue(cluster, partition, nodeA)).toEqual([callSid]);
    await dropDueLease(cluster, partition, nodeA);
    const { epoch } = await streamed(cluster, callSid, arrival.epoch);
    expect(await markRedirect(cluster, { callSid, owner: nodeA, epoch, by: nodeA })).toBe('idle');
    expect(await clearRedirect(cluster, callSid, epoch)).toBe(false);
    await append(cluster, { callSid, epoch, firstSeq: 1, facts: [dtmf('1')], ended: 'completed' });
    expect(await appendLate(cluster, { callSid, key: 'k', fact: dtmf('2') })).toMatchObject({ kind: 'ok', seq: 2 });
    expect(
      await restore(cluster, {
        callSid,
        epoch,
        owner: nodeA,
        state: '',
        from: '',
        to: '',
        dueInMs: 1,
        firstSeq: 1,
        machineVersion: 1,
      }),
    ).toMatchObject({ kind: 'fenced' });
    expect(await forgetDue(cluster, callSid)).toBe('known');
    expect(await readJournal(cluster, callSid)).toHaveLength(4);

    const seat = { partition, group: 'log', holder: 'x' };
    const read = await readOutbox(cluster, seat, false);
    const [first, second] = read.kind === 'leased' ? [] : read.entries;
    if (!first || !second) throw new Error('two entries expected');
    expect(await ackOutbox(cluster, seat, [first.id])).toBe('acked');
    expect(await deadLetter(cluster, seat, second, 'test')).toBe('acked');
    expect(await trimOutbox(cluster, partition, ['log'])).toBe(2);
    expect(await outboxStats(cluster, partition)).toMatchObject({ entries: 0 });
    await dropOutboxLease(cluster, seat);
  }
  await removeGroup(cluster, 'log');
});

test('callers of every partition are counted, blocked and known again on the cluster', async () => {
  const seen = new Set<number>();
  for (let number = 12_075_550_000; seen.size < partitionCount; number++) {
    const caller = `+${number}`;
    if (seen.has(partitionOf(caller))) continue;
    seen.add(partitionOf(caller));
    const ask = { caller, callSid: 'c', callsMax: 1, arrivalsMax: 5, windowMs: 60_000, exempt: false };
    expect(await admitCaller(cluster, ask)).toBe('admitted');
    expect(await admitCaller(cluster, { ...ask, callSid: 'd' })).toBe('tooMany');
    await leaveCaller(cluster, caller, 'c');
    await blockCaller(cluster, { caller, lifeMs: 60_000, by: 'ann', reason: '' });
    expect(await admitCaller(cluster, { ...ask, callSid: 'd' })).toBe('blocked');
    await rememberCaller(cluster, caller, 'c');
    expect(await recentCallOf(cluster, caller)).toBe('c');
  }
  const blocks = await readBlocks(cluster);
  expect(blocks).toHaveLength(partitionCount);
  for (const { caller } of blocks) expect(await unblockCaller(cluster, { caller, by: 'ann', reason: '' })).toBe(true);
});

test('placement and inboxes work on the cluster', async () => {
  const self = { ...nodeA, nodeUrl: 'http://a', mediaUrl: 'wss://a', version: '1' };
  await heartbeat(cluster, {
    self,
    capacity: 2,
    liveCalls: 0,
    held: [],
    starting: true,
    spentMicros: 0,
    telling: 1,
    model: null,
  });
  expect(await reserve(cluster, { callSid: 'c', class: 'new', preferredNode: null, ceiling: 10 })).toEqual({
    kind: 'placed',
    node: self,
    repeated: false,
  });
  expect(await renewReservation(cluster, 'c', 'a')).toBe('renewed');
  expect(await releaseReservation(cluster, 'c')).toBe(true);
  const waiter = { callSid: 'w', class: 'new', ticket: null } as const;
  const place = await joinQueue(cluster, waiter);
  if (place.kind === 'full') throw new Error('the waiting room is full');
  expect(await reserve(cluster, { callSid: 'n', class: 'new', preferredNode: null, ceiling: 10 })).toEqual({
    kind: 'queued',
    waiting: 1,
  });
  const poll = { ...waiter, ticket: place.ticket, ceiling: 1, preferredNode: null };
  expect(await pollQueue(cluster, poll)).toEqual({ kind: 'placed', node: self });
  expect(await leaveQueue(cluster, 'w')).toBe(false);
  expect(await releaseReservation(cluster, 'w')).toBe(true);
  expect(await setSwitch(cluster, { name: 's', value: 'on', by: 'ann', reason: '' })).toBe('set');
  await noteAudit(cluster, { name: 'n', value: '', by: 'ann', reason: '' });
  expect((await readAudit(cluster, 2)).map(({ name }) => name)).toEqual(['n', 's']);
  expect(Object.keys(await readSwitches(cluster))).toEqual(['s']);
  expect(await readFleet(cluster)).toMatchObject([{ node: 'a', load: 0, capacity: 2 }]);
  await retire(cluster, self);
  await keepInbox(cluster, self);
  expect(await writeInbox(cluster, self, 'hello')).toBe('sent');
  const messages = await readInbox(cluster, self, '0-0', 0);
  const last = messages.at(-1)?.id ?? '';
  expect(messages.map(({ text }) => text)).toEqual(['', 'hello']);
  await advanceInbox(cluster, self, last);
  await addCall(cluster, self, 'c');
  await removeCall(cluster, self, 'c');
  expect(await closeInbox(cluster, self, last)).toBe(true);
});

test('staff is kept, offered and freed on the cluster', async () => {
  const ask = {
    candidates: ['+1'],
    wanted: null,
    state: 'reserved',
    lifeMs: 60_000,
    fresh: true,
    behindLine: true,
    waitsFor: 'w',
    triesMax: 3,
  } as const;
  const first = await askStaff(cluster, { ...ask, callSid: 'a' });
  if (first.kind !== 'kept') throw new Error('nobody was kept');
  expect(await askStaff(cluster, { ...ask, callSid: 'b' })).toEqual({ kind: 'none', place: 1, waiting: 1 });
  const { attempt } = first;
  expect(await holdStaff(cluster, { callSid: 'a', attempt, state: 'talking', lifeMs: 60_000 })).toBe('+1');
  expect(await freeStaff(cluster, { callSid: 'a', attempt, restMs: 0 })).toBe(true);
  expect((await matchStaff(cluster, { candidates: ['+1'], offerMs: 1_000 })).offers).toMatchObject([{ callSid: 'b' }]);
  expect([await leaveStaff(cluster, 'b'), await leaveStaff(cluster, 'a')]).toEqual([true, false]);
});
