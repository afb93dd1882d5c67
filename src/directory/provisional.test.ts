import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CallEvent } from '../../machines/call-events.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { claimed, dtmf, newCallSid, nodeA, nodeB, streamed, webhook } from './calls.fixture.ts';
import { claimWebhook, ownerOf } from './claims.ts';
import { append, readJournal, restore, type RestoreRequest } from './journal.ts';
import { callKeys } from './keys.ts';
import { directoryLimits } from './limits.ts';
import { connectRedis, type RedisLink } from './redis.ts';

let server: RedisServer;
let link: RedisLink;
/** So far was the clock by which a node made its epoch ahead of the primary that it finds later. */
const aheadMs = 3_600_000;

beforeAll(async () => {
  server = await startRedis();
  link = await connectRedis(server.url);
});

afterAll(async () => {
  await link.close();
  await server.stop();
});

const arrived: CallEvent = { type: 'carrier.arrived', at: 1, from: '+1', to: '+2', node: 'a' };

/** What a node has that answered a call while Redis was away. */
function provisional(callSid: string, epoch: number, more: Partial<RestoreRequest> = {}): RestoreRequest {
  return {
    callSid,
    epoch,
    owner: nodeA,
    state: 'conversation',
    from: '+1',
    to: '+2',
    dueInMs: 60_000,
    firstSeq: 1,
    machineVersion: 2,
    ...more,
  };
}

async function redisNow(): Promise<number> {
  const [seconds] = (await link.command('time')) as [string];
  return Number(seconds) * 1_000;
}

test('a call answered without Redis is taken in from its first fact, repeats and all', async () => {
  const callSid = newCallSid();
  const epoch = await redisNow();
  const batch = { callSid, epoch, firstSeq: 1, facts: [arrived, dtmf('1')], state: 'conversation', dueAt: epoch + 9 };
  expect(await append(link, batch)).toEqual({ kind: 'behind', epoch: 0 });
  for (let tries = 0; tries < 2; tries++) {
    expect(await restore(link, provisional(callSid, epoch))).toEqual({ kind: 'restored' });
    expect(await append(link, batch)).toMatchObject({ kind: 'ok', lastSeq: 2, written: tries === 0 ? 2 : 0 });
  }
  expect(await readJournal(link, callSid)).toEqual([
    { kind: 'claim', epoch, seq: 0, by: 'restore', node: 'a:1', version: 2 },
    { kind: 'fact', epoch, seq: 1, fact: arrived },
    { kind: 'fact', epoch, seq: 2, fact: dtmf('1') },
  ]);
  expect(await ownerOf(link, callSid)).toMatchObject({ epoch, owner: nodeA, state: 'conversation', from: '+1' });
  const keys = callKeys(callSid);
  expect(await link.command('zscore', keys.due, callSid)).toBe(String(epoch + 9));
  for (const key of [keys.call, keys.log]) expect(Number(await link.command('pttl', key))).toBeGreaterThan(0);
  // The webhook that was answered without Redis comes once more.
  expect(await claimWebhook(link, webhook(callSid))).toMatchObject({ kind: 'pending' });
  await link.command('hincrby', keys.call, 'claimedAt', -directoryLimits.unansweredMs);
  expect(await claimWebhook(link, webhook(callSid))).toEqual({ kind: 'moved', epoch, owner: nodeA });
});

test('one taken in over what Redis has of older days fences who had it, and keeps what the node does not know', async () => {
  const callSid = newCallSid();
  const before = await claimed(link, webhook(callSid));
  const stream = await streamed(link, callSid, before.epoch, { owner: nodeB });
  await append(link, { callSid, epoch: stream.epoch, firstSeq: 1, facts: [dtmf('1')], state: 'conversation' });
  const epoch = stream.epoch + 5_000;
  expect(await restore(link, provisional(callSid, epoch, { from: '', to: '' }))).toEqual({ kind: 'restored' });
  expect(await append(link, { callSid, epoch: stream.epoch, firstSeq: 2, facts: [dtmf('2')] })).toEqual({
    kind: 'fenced',
    epoch,
    ended: false,
  });
  expect(await append(link, { callSid, epoch, firstSeq: 1, facts: [dtmf('3')] })).toMatchObject({ kind: 'ok' });
  expect(await ownerOf(link, callSid)).toMatchObject({ owner: nodeA, from: '+15550100', to: '+15550199' });
  const facts = (await readJournal(link, callSid)).flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : []));
  expect(facts).toEqual([dtmf('1'), dtmf('3')]);
});

test('whoever claimed meanwhile with a higher epoch keeps the call; of equal epochs the first does', async () => {
  const callSid = newCallSid();
  const claim = await claimed(link, webhook(callSid, { node: nodeB }));
  const late = provisional(callSid, claim.epoch - 1);
  expect(await restore(link, late)).toEqual({ kind: 'fenced', epoch: claim.epoch, ended: false });
  expect(await readJournal(link, callSid)).toHaveLength(1);
  await link.command('del', callKeys(callSid).log);
  expect(await restore(link, late)).toEqual({ kind: 'fenced', epoch: claim.epoch, ended: false });

  const twice = newCallSid();
  const epoch = await redisNow();
  expect(await restore(link, provisional(twice, epoch, { owner: nodeB }))).toEqual({ kind: 'restored' });
  expect(await restore(link, provisional(twice, epoch))).toEqual({ kind: 'fenced', epoch, ended: false });
  expect(await restore(link, provisional(twice, epoch + 1))).toEqual({ kind: 'restored' });
  expect(await restore(link, provisional(twice, epoch, { owner: nodeB }))).toMatchObject({ kind: 'fenced' });
  await append(link, { callSid: twice, epoch: epoch + 1, firstSeq: 1, facts: [arrived], ended: 'completed' });
  expect(await restore(link, provisional(twice, epoch + 2))).toEqual({ kind: 'fenced', epoch: epoch + 1, ended: true });
});

test('epochs never go back, however far the clock of the primary is behind', async () => {
  const callSid = newCallSid();
  const epoch = (await redisNow()) + aheadMs;
  await restore(link, provisional(callSid, epoch, { owner: null, state: 'ringing' }));
  await append(link, { callSid, epoch, firstSeq: 1, facts: [arrived], state: 'ringing' });
  const stream = await streamed(link, callSid, epoch);
  expect(stream.epoch).toBe(epoch + 1);
  await append(link, { callSid, epoch: stream.epoch, firstSeq: 1, facts: [dtmf('1')], state: 'conversation' });
  const next = await claimed(link, webhook(callSid, { kind: 'next', node: nodeB, countBreak: true }));
  expect(next).toMatchObject({ epoch: epoch + 2, epochBefore: epoch + 1, breaks: 1 });
  // A failover loses the hash and with it that claim; who holds the call brings it back, and is the last by its epoch.
  const { call, log } = callKeys(callSid);
  await link.command('del', call, log);
  await restore(link, provisional(callSid, stream.epoch));
  const again = await claimed(link, webhook(callSid, { kind: 'next', givenEpoch: next.epoch }));
  expect(again.epoch).toBe(next.epoch + 1);
  // Only the hash is lost: the journal alone holds the epochs up.
  await link.command('del', call);
  expect(await restore(link, provisional(callSid, stream.epoch))).toMatchObject({ kind: 'fenced', epoch: again.epoch });
  expect((await claimed(link, webhook(callSid))).epoch).toBe(again.epoch + 1);
  const epochs = (await readJournal(link, callSid)).map((entry) => entry.epoch);
  expect(epochs.toSorted((a, b) => a - b)).toEqual(epochs);
});
