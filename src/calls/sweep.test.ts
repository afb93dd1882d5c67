import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownerOf } from '../directory/claims.ts';
import { readJournal } from '../directory/journal.ts';
import { callKeys, partitionOf } from '../directory/keys.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { createLog } from '../telemetry/log.ts';
import { arrive, createCalls, epochIn, fakeCarrier, FakePort, newSid } from './calls.fixture.ts';
import { Sweep } from './sweep.ts';

let redis: RedisServer;
let link: RedisLink;
const dead = { node: 'n1', incarnation: 'before' };

beforeAll(async () => {
  redis = await startRedis();
  link = await connectRedis(redis.url);
});

afterAll(async () => {
  await link.close();
  await redis.stop();
});

/** `laterMs`: how far deadlines have passed. */
function createSweep(laterMs = 0) {
  const asked: string[] = [];
  const ended: string[] = [];
  const taken: string[] = [];
  const sweep = new Sweep({
    link,
    node: { node: 'n1', incarnation: 'now' },
    now: () => Date.now() + laterMs,
    ended: (_, actor) => ended.push(actor?.context.outcome ?? 'missed'),
    took: () => undefined,
    unfolded: () => undefined,
    resumed: () => undefined,
    before: async () => ({ turns: null, language: null }),
    isGone: ({ incarnation }) => incarnation === dead.incarnation,
    take: ({ callSid }) => taken.push(callSid),
    carrier: fakeCarrier({
      ask: async (callSid) => {
        asked.push(callSid);
        return { type: 'carrier.gone', status: 'completed', durationS: 7 };
      },
    }),
    isResident: () => false,
    log: createLog('silent'),
  });
  return { sweep, asked, ended, taken };
}

const isDue = (callSid: string) => link.command('zadd', callKeys(callSid).due, 0, callSid);

/** A call that a process held; where its stream is over it is nobody's. */
async function orphan(callSid = newSid(), holder = dead, isOver = true) {
  const calls = createCalls(link, { node: holder });
  const epoch = epochIn(await arrive(calls, callSid));
  const call = await calls.attach({ callSid, epoch, streamSid: 'MZ1', port: new FakePort() });
  if (typeof call === 'string') throw new Error(call);
  call.begin();
  call.tell({ type: 'model.ready', sessionId: 'sess_1', model: 'm' });
  if (isOver) call.tell({ type: 'carrier.streamStopped', streamSid: 'MZ1', reason: 'closed' });
  await expect.poll(() => calls.waiting).toBe(0);
  if (isOver) await link.command('hset', callKeys(callSid).call, 'owner', '');
  await isDue(callSid);
  return callSid;
}

test('the carrier is asked about a call whose process is gone, and its end is journaled', async () => {
  const { sweep, asked, ended, taken } = createSweep(60_000);
  const callSid = await orphan();
  await sweep.round();
  expect(taken).toEqual([]);
  expect([asked, ended]).toEqual([[callSid], ['answered']]);
  expect(await ownerOf(link, callSid)).toMatchObject({ ended: 'completed', owner: null });
  expect((await readJournal(link, callSid)).at(-1)).toMatchObject({ fact: { type: 'carrier.gone', durationS: 7 } });
  await sweep.stop();
});

test('a conversation whose process is gone is brought to a living one, a living one keeps its own', async () => {
  const { sweep, asked, taken } = createSweep();
  const callSid = await orphan(newSid(), dead, false);
  await orphan(newSid(), { node: 'n2', incarnation: 'alive' }, false);
  const before = await ownerOf(link, callSid);
  await sweep.round();
  expect([asked, taken]).toEqual([[], [callSid]]);
  expect(await ownerOf(link, callSid)).toEqual(before);
  await sweep.stop();
});

test('a call that went on after it was handed out keeps its epoch, and the token of its stream works', async () => {
  const { sweep, asked } = createSweep();
  const calls = createCalls(link);
  const callSid = newSid();
  const epoch = epochIn(await arrive(calls, callSid));
  await isDue(callSid);
  await sweep.round();
  expect(asked).toEqual([]);
  const call = await calls.attach({ callSid, epoch, streamSid: 'MZ1', port: new FakePort() });
  expect(call).toMatchObject({ callSid });
  await sweep.stop();
  await calls.close();
});

test('a call that cannot be looked after keeps no other waiting', async () => {
  const { sweep, asked } = createSweep(60_000);
  const first = await orphan();
  let second = newSid();
  while (partitionOf(second) !== partitionOf(first)) second = newSid();
  await orphan(second);
  await link.command('zadd', callKeys(first).due, -1, first);
  await link.command('del', callKeys(first).log);
  await link.command('set', callKeys(first).log, 'no journal');
  await sweep.round();
  expect(asked).toEqual([second]);
  await sweep.stop();
});

test('a sweep that is stopped looks after no further call', async () => {
  const { sweep, asked } = createSweep();
  await orphan();
  await sweep.stop();
  await sweep.round();
  expect(asked).toEqual([]);
});
