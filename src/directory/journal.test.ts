import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { claimed, dtmf, newCallSid, nodeA, streamed, webhook } from './calls.fixture.ts';
import { ownerOf } from './claims.ts';
import { append, appendLate, type AppendRequest, parseFact, readJournal, restore } from './journal.ts';
import { callKeys, ownerName } from './keys.ts';
import { directoryLimits } from './limits.ts';
import { connectRedis, type RedisLink } from './redis.ts';
import { readStreamEntries } from './reply.ts';

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

interface Begun {
  callSid: string;
  epoch: number;
  batch(firstSeq: number, digits: string, more?: Partial<AppendRequest>): AppendRequest;
}

/** A call with a stream at node a, and batches for it: one dtmf fact for each digit. */
async function begin(): Promise<Begun> {
  const callSid = newCallSid();
  const { epoch } = await streamed(link, callSid, (await claimed(link, webhook(callSid))).epoch);
  return {
    callSid,
    epoch,
    batch: (firstSeq, digits, more = {}) => ({
      callSid,
      epoch,
      firstSeq,
      facts: Array.from(digits, (digit) => dtmf(digit)),
      ...more,
    }),
  };
}

async function digitsOf(callSid: string): Promise<string> {
  const facts = (await readJournal(link, callSid)).flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : []));
  return facts.map((fact) => (fact.type === 'carrier.dtmf' ? fact.digit : '?')).join('');
}

async function outboxOf(callSid: string): Promise<{ id: string; fact: string }[]> {
  const entries = readStreamEntries(await link.command('xrange', callKeys(callSid).outbox, '-', '+'));
  return entries.flatMap(({ fields }) =>
    fields.get('c') === callSid ? [{ id: fields.get('i') ?? '', fact: fields.get('f') ?? '' }] : [],
  );
}

test('facts go to log and outbox under epoch and number, word for word', async () => {
  const { callSid, epoch } = await begin();
  const facts = [
    { type: 'caller.said', at: 5, itemId: 'i', text: 'Crème "brûlée" \n \u2028 🫘 {}', after: null },
    dtmf('#'),
  ] as const;
  expect(await append(link, { callSid, epoch, firstSeq: 1, facts, state: 'conversation', dueAt: 123_456 })).toEqual({
    kind: 'ok',
    lastSeq: 2,
    written: 2,
    ended: false,
  });
  expect((await readJournal(link, callSid)).slice(2)).toEqual([
    { kind: 'fact', epoch, seq: 1, fact: facts[0] },
    { kind: 'fact', epoch, seq: 2, fact: facts[1] },
  ]);
  expect(await outboxOf(callSid)).toEqual([
    { id: `${epoch}-1`, fact: JSON.stringify(facts[0]) },
    { id: `${epoch}-2`, fact: JSON.stringify(facts[1]) },
  ]);
  expect(await ownerOf(link, callSid)).toMatchObject({ state: 'conversation', owner: nodeA });
  expect(await link.command('zscore', callKeys(callSid).due, callSid)).toBe('123456');
});

test('repeats and overlaps are skipped one by one, a hole is refused', async () => {
  const { callSid, batch } = await begin();
  expect(await append(link, batch(1, '123'))).toEqual({ kind: 'ok', lastSeq: 3, written: 3, ended: false });
  expect(await append(link, batch(1, '123'))).toEqual({ kind: 'ok', lastSeq: 3, written: 0, ended: false });
  expect(await append(link, batch(2, '2345'))).toEqual({ kind: 'ok', lastSeq: 5, written: 2, ended: false });
  expect(await append(link, batch(7, '7'))).toEqual({ kind: 'gap', lastSeq: 5 });
  expect(await append(link, batch(1, ''))).toEqual({ kind: 'ok', lastSeq: 5, written: 0, ended: false });
  expect(await digitsOf(callSid)).toBe('12345');
  expect((await outboxOf(callSid)).map(({ id }) => id.split('-')[1])).toEqual(['1', '2', '3', '4', '5']);
});

test('a delayed duplicate of an old batch turns nothing back', async () => {
  const { callSid, batch } = await begin();
  const old = batch(1, '1', { state: 'conversation', dueAt: 1_000, intent: { kind: 'hangup', reason: '' } });
  await append(link, old);
  await append(link, batch(2, '2', { state: 'detached', dueAt: 'none', intent: 'none' }));
  expect(await append(link, old)).toEqual({ kind: 'ok', lastSeq: 2, written: 0, ended: false });
  expect(await ownerOf(link, callSid)).toMatchObject({ state: 'detached' });
  expect(await link.command('zscore', callKeys(callSid).due, callSid)).toBeNull();
  expect(await claimed(link, webhook(callSid, { kind: 'next' }))).toMatchObject({ intent: null });
});

test('the epoch before is fenced, the epoch after is behind', async () => {
  const { callSid, epoch, batch } = await begin();
  await append(link, batch(1, '1'));
  const next = await claimed(link, webhook(callSid, { kind: 'next' }));
  expect(await append(link, batch(2, '2'))).toEqual({ kind: 'fenced', epoch: next.epoch, ended: false });
  expect(await append(link, batch(1, ''))).toEqual({ kind: 'fenced', epoch: next.epoch, ended: false });
  expect(await append(link, { ...batch(1, '3'), epoch: next.epoch + 1 })).toEqual({
    kind: 'behind',
    epoch: next.epoch,
  });
  expect(await append(link, { ...batch(1, '3'), callSid: newCallSid() })).toEqual({ kind: 'behind', epoch: 0 });
  expect(epoch).toBeLessThan(next.epoch);
  expect(await digitsOf(callSid)).toBe('1');
});

test('of appends racing with a claim, none of the old epoch comes after the marker', async () => {
  const { callSid, batch } = await begin();
  const rival = await connectRedis(server.url);
  const writes = Array.from({ length: 40 }, (_, index) => append(link, batch(index + 1, 'x')));
  const claim = claimed(rival, webhook(callSid, { kind: 'next' }));
  const results = await Promise.all(writes);
  const { epoch } = await claim;
  await rival.close();
  const entries = await readJournal(link, callSid);
  expect(results.filter(({ kind }) => kind === 'ok')).toHaveLength(
    entries.filter(({ kind }) => kind === 'fact').length,
  );
  expect(entries.at(-1)).toMatchObject({ kind: 'claim', epoch });
});

test('more facts than one append takes are refused before Redis is asked', async () => {
  const { batch } = await begin();
  await expect(append(link, batch(1, '1'.repeat(directoryLimits.appendFactsMax + 1)))).rejects.toMatchObject({
    code: 'tooLarge',
    retryable: false,
  });
});

test('the end takes the call off the sweep, frees its owner and keeps it for a day', async () => {
  const { callSid, epoch, batch } = await begin();
  const last = batch(1, '9', { state: 'ended', ended: 'completed', intent: { kind: 'hangup', reason: '' } });
  expect(await append(link, last)).toEqual({ kind: 'ok', lastSeq: 1, written: 1, ended: true });
  const keys = callKeys(callSid);
  expect(await link.command('zscore', keys.due, callSid)).toBeNull();
  expect(await ownerOf(link, callSid)).toMatchObject({ ended: 'completed', owner: null, epoch });
  for (const key of [keys.call, keys.log]) {
    const left = Number(await link.command('pttl', key));
    expect(left).toBeGreaterThan(directoryLimits.endedLifeMs - 60_000);
    expect(left).toBeLessThanOrEqual(directoryLimits.endedLifeMs);
  }
  // The reply was lost: the repeat learns that all is there, anything more is refused.
  expect(await append(link, last)).toEqual({ kind: 'ok', lastSeq: 1, written: 0, ended: true });
  expect(await append(link, batch(2, '8'))).toEqual({ kind: 'fenced', epoch, ended: true });
  expect(await digitsOf(callSid)).toBe('9');
});

test('a call may be disowned without ending', async () => {
  const { callSid, batch } = await begin();
  await append(link, batch(1, '1', { disown: true }));
  expect(await ownerOf(link, callSid)).toMatchObject({ owner: null, ended: null });
});

test('what the carrier says after the end is added once', async () => {
  const { callSid, epoch, batch } = await begin();
  const late = { callSid, key: 'recordingReady:RE1', fact: dtmf('L') };
  expect(await appendLate(link, late)).toEqual({ kind: 'live', epoch, owner: nodeA });
  await append(link, batch(1, '1', { ended: 'completed' }));
  const [first, ...others] = await Promise.all(Array.from({ length: 5 }, () => appendLate(link, late)));
  expect(first).toEqual({ kind: 'ok', epoch, seq: 2 });
  expect(others).toEqual(Array.from({ length: 4 }, () => ({ kind: 'repeated' })));
  expect(await appendLate(link, { ...late, key: 'duration', fact: dtmf('D') })).toEqual({ kind: 'ok', epoch, seq: 3 });
  expect(await digitsOf(callSid)).toBe('1LD');
  expect((await outboxOf(callSid)).map(({ id }) => id)).toEqual([1, 2, 3].map((seq) => `${epoch}-${seq}`));
  expect(await append(link, batch(1, '1', { ended: 'completed' }))).toEqual({
    kind: 'ok',
    lastSeq: 3,
    written: 0,
    ended: true,
  });
  expect(await appendLate(link, { ...late, callSid: newCallSid() })).toEqual({ kind: 'unknown' });
});

test('what the carrier says of a call that nobody holds yet leaves its token good, and waits for a webhook under way', async () => {
  const callSid = newCallSid();
  const { epoch } = await claimed(link, webhook(callSid));
  const late = { callSid, key: 'status:in-progress', fact: dtmf('L') };
  expect(await appendLate(link, late)).toEqual({ kind: 'busy' });
  await append(link, { callSid, epoch, firstSeq: 1, facts: [dtmf('1')], state: 'ringing' });
  expect(await appendLate(link, late)).toEqual({ kind: 'ok', epoch, seq: 2 });
  expect(await appendLate(link, late)).toEqual({ kind: 'repeated' });
  await streamed(link, callSid, epoch);
  expect(await digitsOf(callSid)).toBe('1L');
});

test('late facts are bounded, and a lost log gets its expiry back', async () => {
  const { callSid, batch } = await begin();
  await append(link, batch(1, '1', { ended: 'completed' }));
  const { log } = callKeys(callSid);
  await link.command('del', log);
  expect(await appendLate(link, { callSid, key: '0', fact: dtmf('0') })).toMatchObject({ kind: 'ok', seq: 1 });
  expect(Number(await link.command('pttl', log))).toBeGreaterThan(0);
  for (let i = 1; i < directoryLimits.lateFactsMax; i++)
    await appendLate(link, { callSid, key: String(i), fact: dtmf('0') });
  expect(await appendLate(link, { callSid, key: 'more', fact: dtmf('0') })).toEqual({ kind: 'full' });
});

test('a call that Redis lost is put back by its holder and goes on from what that kept', async () => {
  const { callSid, epoch, batch } = await begin();
  await append(link, batch(1, '123'));
  const keys = callKeys(callSid);
  await link.command('del', keys.call, keys.log);
  expect(await append(link, batch(3, '34'))).toEqual({ kind: 'behind', epoch: 0 });
  const standing = {
    callSid,
    epoch,
    owner: nodeA,
    state: 'conversation',
    from: '+1',
    to: '+2',
    dueInMs: 60_000,
    firstSeq: 2,
    machineVersion: 3,
  };
  expect(await restore(link, standing)).toEqual({ kind: 'restored' });
  expect(await restore(link, standing)).toEqual({ kind: 'restored' });
  expect(await append(link, batch(2, '234'))).toEqual({ kind: 'ok', lastSeq: 4, written: 3, ended: false });
  expect((await readJournal(link, callSid))[0]).toEqual({
    kind: 'claim',
    epoch,
    seq: 1,
    by: 'restore',
    node: ownerName(nodeA),
    version: 3,
  });
  expect(await digitsOf(callSid)).toBe('234');
  expect(await ownerOf(link, callSid)).toEqual({
    epoch,
    owner: nodeA,
    state: 'conversation',
    ended: null,
    intent: null,
    from: '+1',
    to: '+2',
  });
  for (const key of [keys.call, keys.log]) expect(Number(await link.command('pttl', key))).toBeGreaterThan(0);
});

test('a tail lost behind what the holder kept is bridged; a kept tail stays', async () => {
  const { callSid, epoch, batch } = await begin();
  await append(link, batch(1, '1'));
  expect(await append(link, batch(4, '45'))).toEqual({ kind: 'gap', lastSeq: 1 });
  const standing = {
    callSid,
    epoch,
    owner: nodeA,
    state: 'conversation',
    from: '',
    to: '',
    dueInMs: 60_000,
    firstSeq: 4,
    machineVersion: 1,
  };
  expect(await restore(link, standing)).toEqual({ kind: 'restored' });
  expect(await append(link, batch(4, '45'))).toEqual({ kind: 'ok', lastSeq: 5, written: 2, ended: false });
  expect(await restore(link, { ...standing, firstSeq: 1 })).toEqual({ kind: 'restored' });
  expect(await digitsOf(callSid)).toBe('145');
});

test('a failover to an older epoch is mended by the holder; a later epoch, another owner or the end is not', async () => {
  const callSid = newCallSid();
  const arrival = await claimed(link, webhook(callSid));
  const standing = {
    callSid,
    epoch: arrival.epoch + 50,
    owner: nodeA,
    state: 's',
    from: '',
    to: '',
    dueInMs: 1,
    firstSeq: 1,
    machineVersion: 1,
  };
  expect(await restore(link, standing)).toEqual({ kind: 'restored' });
  expect(await restore(link, { ...standing, owner: { node: 'b', incarnation: '2' } })).toEqual({
    kind: 'fenced',
    epoch: standing.epoch,
    ended: false,
  });
  expect(await restore(link, { ...standing, epoch: standing.epoch - 1 })).toEqual({
    kind: 'fenced',
    epoch: standing.epoch,
    ended: false,
  });
  await append(link, { callSid, epoch: standing.epoch, firstSeq: 1, facts: [dtmf('1')], ended: 'failed' });
  expect(await restore(link, { ...standing, epoch: standing.epoch + 1 })).toEqual({
    kind: 'fenced',
    epoch: standing.epoch,
    ended: true,
  });
});

test('a journal longer than a page is read whole, in order; foreign entries are named', async () => {
  const { callSid, epoch, batch } = await begin();
  const total = directoryLimits.journalPageEntries + 77;
  for (let from = 1; from <= total; from += 200)
    await append(link, batch(from, '7'.repeat(Math.min(200, total - from + 1))));
  const { log } = callKeys(callSid);
  await link.command('xadd', log, `${epoch}-${total + 1}`, 'f', '{"type":');
  await link.command('xadd', log, `${epoch}-${total + 2}`, 'other', 'x');
  const entries = await readJournal(link, callSid);
  expect(entries.slice(2, -2).map((entry) => entry.seq)).toEqual(
    Array.from({ length: total }, (_, index) => index + 1),
  );
  expect(entries.slice(-2)).toEqual([
    { kind: 'corrupt', epoch, seq: total + 1, bytes: 8 },
    { kind: 'corrupt', epoch, seq: total + 2, bytes: 0 },
  ]);
  expect(await readJournal(link, newCallSid())).toEqual([]);
});

test('only an object with a type and a time is a fact', () => {
  for (const json of ['', 'null', '[]', '"x"', '{"type":1,"at":1}', '{"type":"x"}', '{"type":"x","at":"1"}'])
    expect(parseFact(json)).toBeNull();
  expect(parseFact('{"type":"of.later","at":1,"more":2}')).toEqual({ type: 'of.later', at: 1, more: 2 });
});
