import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { claimed, dtmf, newCallSid, nodeA, nodeB, streamed, webhook } from './calls.fixture.ts';
import { claimStream, claimWebhook, ownerOf } from './claims.ts';
import { append, readJournal } from './journal.ts';
import { callKeys } from './keys.ts';
import { directoryLimits } from './limits.ts';
import { connectRedis, type RedisLink } from './redis.ts';

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

/** Makes the last claim look older than it is. */
async function age(callSid: string, ms: number): Promise<void> {
  const { call } = callKeys(callSid);
  const at = Number(await link.command('hget', call, 'claimedAt'));
  await link.command('hset', call, 'claimedAt', at - ms);
}

test('a poll of the waiting room takes no call from its stream', async () => {
  const callSid = newCallSid();
  await claimed(link, webhook(callSid));
  const poll = () => claimWebhook(link, webhook(callSid, { kind: 'wait' }));
  const taken = await claimed(link, webhook(callSid, { kind: 'wait' }));
  const stream = await streamed(link, callSid, taken.epoch);
  expect(await poll()).toMatchObject({ kind: 'moved', epoch: stream.epoch, owner: nodeA });
  const next = await claimed(link, webhook(callSid, { kind: 'next', node: nodeB }));
  expect(await poll()).toMatchObject({ kind: 'claimed', epochBefore: next.epoch });
});

test('an arrival takes a call that nobody knows, and its marker opens the journal', async () => {
  const callSid = newCallSid();
  const claim = await claimed(link, webhook(callSid));
  expect(claim).toEqual({
    kind: 'claimed',
    epoch: claim.at,
    at: claim.at,
    state: '',
    intent: null,
    breaks: 0,
    from: '+15550100',
    to: '+15550199',
    ownerBefore: null,
    epochBefore: 0,
  });
  expect(await readJournal(link, callSid)).toEqual([
    { kind: 'claim', epoch: claim.epoch, seq: 0, by: 'arrive', node: 'a:1', version: 1 },
  ]);
  expect(await ownerOf(link, callSid)).toEqual({
    epoch: claim.epoch,
    owner: null,
    state: '',
    ended: null,
    intent: null,
    from: '+15550100',
    to: '+15550199',
  });
  const keys = callKeys(callSid);
  expect(await link.command('zscore', keys.due, callSid)).toBe(String(claim.at + 30_000));
  for (const key of [keys.call, keys.log]) {
    const left = Number(await link.command('pttl', key));
    expect(left).toBeGreaterThan(directoryLimits.callLifeMs - 60_000);
    expect(left).toBeLessThanOrEqual(directoryLimits.callLifeMs);
  }
});

test('of twenty arrivals at once one claims; all get its bytes once they are stored', async () => {
  const callSid = newCallSid();
  const arrivals = await Promise.all(
    Array.from({ length: 20 }, () => claimWebhook(link, webhook(callSid, { idempotencyToken: 't' }))),
  );
  const winners = arrivals.filter((claim) => claim.kind === 'claimed');
  expect(winners).toHaveLength(1);
  expect(arrivals.filter((claim) => claim.kind === 'pending')).toHaveLength(19);
  const epoch = winners[0]?.epoch ?? 0;
  await append(link, {
    callSid,
    epoch,
    firstSeq: 1,
    facts: [dtmf('1')],
    state: 'ringing',
    answer: { idempotencyToken: 't', text: '<Response>ä</Response>' },
  });
  expect(await claimWebhook(link, webhook(callSid))).toEqual({
    kind: 'answered',
    epoch,
    answer: '<Response>ä</Response>',
  });
  expect(await readJournal(link, callSid)).toHaveLength(2);
});

test('an arrival whose claimer died is claimed anew, and the first claimer is fenced', async () => {
  const callSid = newCallSid();
  const first = await claimed(link, webhook(callSid));
  await age(callSid, directoryLimits.unansweredMs);
  const second = await claimed(link, webhook(callSid, { node: nodeB }));
  expect(second.epoch).toBeGreaterThan(first.epoch);
  expect(await append(link, { callSid, epoch: first.epoch, firstSeq: 1, facts: [dtmf('1')] })).toEqual({
    kind: 'fenced',
    epoch: second.epoch,
    ended: false,
  });
});

test('an arrival for a call that has gone on claims nothing', async () => {
  const callSid = newCallSid();
  const { epoch } = await claimed(link, webhook(callSid));
  await append(link, {
    callSid,
    epoch,
    firstSeq: 1,
    facts: [dtmf('1')],
    state: 'ringing',
    answer: { idempotencyToken: null, text: 'x' },
  });
  const next = await claimed(link, webhook(callSid, { kind: 'next' }));
  await age(callSid, directoryLimits.unansweredMs);
  expect(await claimWebhook(link, webhook(callSid))).toEqual({ kind: 'moved', epoch: next.epoch, owner: null });
});

test('the epoch is above the clock, the epoch before and the one of the token', async () => {
  const callSid = newCallSid();
  const first = await claimed(link, webhook(callSid));
  const given = first.epoch + 1_000_000;
  const second = await claimed(link, webhook(callSid, { kind: 'next', givenEpoch: given }));
  expect(second.epoch).toBe(given + 1);
  const third = await claimed(link, webhook(callSid, { kind: 'next' }));
  expect(third).toMatchObject({ epoch: given + 2, epochBefore: given + 1 });
});

test('a request other than an arrival does not make a call', async () => {
  const callSid = newCallSid();
  expect(await claimWebhook(link, webhook(callSid, { kind: 'next' }))).toEqual({ kind: 'unknown' });
  expect(
    await claimStream(link, { callSid, tokenEpoch: 5, owner: nodeA, attempt: 'x', dueInMs: 1, machineVersion: 1 }),
  ).toEqual({
    kind: 'unknown',
  });
  expect(await ownerOf(link, callSid)).toBeNull();
  expect(await link.command('exists', callKeys(callSid).call, callKeys(callSid).log)).toBe(0);
});

test('a repeated token gets the stored answer; while that is being made it waits', async () => {
  const callSid = newCallSid();
  await claimed(link, webhook(callSid));
  const menu = webhook(callSid, { kind: 'menu', idempotencyToken: 'menu-1' });
  const { epoch } = await claimed(link, menu);
  expect(await claimWebhook(link, menu)).toEqual({ kind: 'pending', epoch });
  await append(link, {
    callSid,
    epoch,
    firstSeq: 1,
    facts: [dtmf('2')],
    state: 'menu',
    answer: { idempotencyToken: 'menu-1', text: '<Gather/>' },
  });
  expect(await claimWebhook(link, menu)).toEqual({ kind: 'answered', epoch, answer: '<Gather/>' });
  expect(await claimed(link, { ...menu, idempotencyToken: 'menu-2' })).toMatchObject({ state: 'menu' });
});

test('a stream takes the call by a token of its epoch, once', async () => {
  const callSid = newCallSid();
  const { epoch } = await claimed(link, webhook(callSid));
  const attempts = await Promise.all(
    [nodeA, nodeB].map((owner) =>
      claimStream(link, {
        callSid,
        tokenEpoch: epoch,
        owner,
        attempt: owner.node,
        dueInMs: 300_000,
        machineVersion: 1,
      }),
    ),
  );
  expect(attempts.map((claim) => claim.kind)).toEqual(['claimed', 'refused']);
  const held = await ownerOf(link, callSid);
  expect(held).toMatchObject({ owner: nodeA });
  expect(held?.epoch).toBeGreaterThan(epoch);
  expect(attempts[1]).toEqual({ kind: 'refused', epoch: held?.epoch, owner: nodeA });
  const replay = await claimStream(link, {
    callSid,
    tokenEpoch: epoch,
    owner: nodeA,
    attempt: 'another',
    dueInMs: 300_000,
    machineVersion: 1,
  });
  expect(replay.kind).toBe('refused');
  const forged = await claimStream(link, {
    callSid,
    tokenEpoch: epoch + 1_000_000,
    owner: nodeA,
    attempt: 'forged',
    dueInMs: 300_000,
    machineVersion: 1,
  });
  expect(forged.kind).toBe('refused');
});

test('a stream claim repeated because its reply was lost gets the same epoch', async () => {
  const callSid = newCallSid();
  const { epoch } = await claimed(link, webhook(callSid));
  const first = await streamed(link, callSid, epoch);
  const again = await streamed(link, callSid, epoch);
  expect(again.epoch).toBe(first.epoch);
  expect((await readJournal(link, callSid)).map((entry) => entry.seq)).toEqual([0, 0]);
});

test('an intent is handed to /voice/next of the epoch that wrote it, until it has become a fact', async () => {
  const callSid = newCallSid();
  const arrival = await claimed(link, webhook(callSid));
  const stream = await streamed(link, callSid, arrival.epoch);
  const intent = { kind: 'transfer', reason: 'beans' } as const;
  await append(link, { callSid, epoch: stream.epoch, firstSeq: 1, facts: [dtmf('1')], state: 'conversation', intent });
  const next = webhook(callSid, { kind: 'next', countBreak: true, idempotencyToken: 'n1' });
  const first = await claimed(link, next);
  expect(first).toMatchObject({
    intent,
    breaks: 0,
    state: 'conversation',
    ownerBefore: nodeA,
    epochBefore: stream.epoch,
  });
  // Its claimer dies: the retry, whatever its token, still learns of the intent.
  await age(callSid, directoryLimits.unansweredMs);
  expect(await claimed(link, next)).toMatchObject({ intent, breaks: 0 });
  const other = await claimed(link, { ...next, idempotencyToken: 'n2' });
  expect(other).toMatchObject({ intent, breaks: 0 });
  await append(link, { callSid, epoch: other.epoch, firstSeq: 1, facts: [dtmf('2')] });
  expect(await claimed(link, { ...next, idempotencyToken: 'n3' })).toMatchObject({ intent: null, breaks: 1 });
});

test('an intent of an older epoch, or one withdrawn, counts for nothing', async () => {
  const callSid = newCallSid();
  const intent = { kind: 'voicemail', topic: '' } as const;
  const arrival = await claimed(link, webhook(callSid));
  await append(link, { callSid, epoch: arrival.epoch, firstSeq: 1, facts: [dtmf('1')], intent });
  await streamed(link, callSid, arrival.epoch);
  const next = await claimed(link, webhook(callSid, { kind: 'next', countBreak: true }));
  expect(next).toMatchObject({ intent: null, breaks: 1 });
  await append(link, { callSid, epoch: next.epoch, firstSeq: 1, facts: [dtmf('2')], intent });
  await append(link, { callSid, epoch: next.epoch, firstSeq: 2, facts: [dtmf('3')], intent: 'none' });
  expect(await claimed(link, webhook(callSid, { kind: 'next', countBreak: true }))).toMatchObject({
    intent: null,
    breaks: 2,
  });
});

test('breaks count for a minute, once for each request, and not when the call is over anyway', async () => {
  const callSid = newCallSid();
  const first = await claimed(link, webhook(callSid));
  const { call } = callKeys(callSid);
  await link.command('hset', call, 'broken', `${first.at - directoryLimits.breakLifeMs - 1},${first.at - 1}`);
  const next = webhook(callSid, { kind: 'next', countBreak: true, idempotencyToken: 'b' });
  expect(await claimed(link, next)).toMatchObject({ breaks: 2 });
  await age(callSid, directoryLimits.unansweredMs);
  expect(await claimed(link, next)).toMatchObject({ breaks: 2 });
  expect(await claimed(link, webhook(callSid, { kind: 'next', countBreak: false }))).toMatchObject({ breaks: 2 });
  expect(await claimed(link, webhook(callSid, { kind: 'next', countBreak: true }))).toMatchObject({ breaks: 3 });
});

test('a claim for an expected epoch leaves a call alone that has moved', async () => {
  const callSid = newCallSid();
  const arrival = await claimed(link, webhook(callSid));
  const stream = await streamed(link, callSid, arrival.epoch);
  const check = (expectedEpoch: number) => webhook(callSid, { kind: 'check', expectedEpoch });
  expect(await claimWebhook(link, check(arrival.epoch))).toEqual({ kind: 'moved', epoch: stream.epoch, owner: nodeA });
  expect(await claimed(link, check(stream.epoch))).toMatchObject({ ownerBefore: nodeA });
});

test('an ended call is claimed by nobody', async () => {
  const callSid = newCallSid();
  const { epoch } = await claimed(link, webhook(callSid));
  await append(link, { callSid, epoch, firstSeq: 1, facts: [dtmf('1')], state: 'ended', ended: 'completed' });
  expect(await claimWebhook(link, webhook(callSid, { kind: 'next' }))).toEqual({
    kind: 'ended',
    epoch,
    status: 'completed',
  });
  expect(
    await claimStream(link, { callSid, tokenEpoch: epoch, owner: nodeA, attempt: 'x', dueInMs: 1, machineVersion: 1 }),
  ).toEqual({
    kind: 'ended',
    epoch,
    status: 'completed',
  });
  expect(await claimWebhook(link, webhook(callSid))).toEqual({ kind: 'ended', epoch, status: 'completed' });
});

test('a check leaves a committed intent, and one that was handed out, to the request that is to come', async () => {
  const intent = { kind: 'transfer', reason: 'beans' } as const;
  const next = (idempotencyToken: string) => webhook(callSid, { kind: 'next', countBreak: true, idempotencyToken });
  const callSid = newCallSid();
  const arrival = await claimed(link, webhook(callSid));
  const stream = await streamed(link, callSid, arrival.epoch);
  await append(link, { callSid, epoch: stream.epoch, firstSeq: 1, facts: [dtmf('1')], intent });
  const check = await claimed(link, webhook(callSid, { kind: 'check' }));
  expect(check.intent).toBeNull();
  await append(link, { callSid, epoch: check.epoch, firstSeq: 1, facts: [dtmf('2')], state: 'conversation' });
  expect(await ownerOf(link, callSid)).toMatchObject({ intent });
  const taker = await claimed(link, next('n1'));
  expect(taker).toMatchObject({ intent, breaks: 0 });
  // Its claimer has not appended yet: a check meanwhile fences it, and the retry is handed the intent.
  await claimed(link, webhook(callSid, { kind: 'check' }));
  expect(await append(link, { callSid, epoch: taker.epoch, firstSeq: 1, facts: [dtmf('3')] })).toMatchObject({
    kind: 'fenced',
  });
  const retry = await claimed(link, next('n1'));
  expect(retry).toMatchObject({ intent, breaks: 0 });
  await append(link, { callSid, epoch: retry.epoch, firstSeq: 1, facts: [dtmf('4')] });
  await claimed(link, webhook(callSid, { kind: 'check' }));
  expect(await claimed(link, next('n2'))).toMatchObject({ intent: null, breaks: 1 });
});

test('markers say which version of the machine claimed', async () => {
  const callSid = newCallSid();
  const arrival = await claimed(link, webhook(callSid, { machineVersion: 4 }));
  await streamed(link, callSid, arrival.epoch, { machineVersion: 5 });
  const { log } = callKeys(callSid);
  const later = arrival.epoch + 100_000;
  await link.command('xadd', log, `${later}-0`, 'c', 'next', 'n', 'old:1');
  const claims = (await readJournal(link, callSid)).flatMap((entry) => (entry.kind === 'claim' ? [entry.version] : []));
  expect(claims).toEqual([4, 5, null]);
});
