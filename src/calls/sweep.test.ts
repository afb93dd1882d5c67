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

function createSweep() {
  const asked: string[] = [];
  const ended: string[] = [];
  const sweep = new Sweep({
    link,
    node: { node: 'n1', incarnation: 'now' },
    now: Date.now,
    ended: (outcome) => ended.push(outcome),
    carrier: fakeCarrier({
      ask: async (callSid) => {
        asked.push(callSid);
        return { type: 'carrier.gone', status: 'completed', durationS: 7 };
      },
    }),
    isResident: () => false,
    log: createLog('silent'),
  });
  return { sweep, asked, ended };
}

const isDue = (callSid: string) => link.command('zadd', callKeys(callSid).due, 0, callSid);

/** A call that a process held which is gone now. */
async function orphan(callSid = newSid()) {
  const calls = createCalls(link, { node: dead });
  const epoch = epochIn(await arrive(calls, callSid));
  const call = await calls.attach({ callSid, epoch, streamSid: 'MZ1', port: new FakePort() });
  if (typeof call === 'string') throw new Error(call);
  call.begin();
  call.tell({ type: 'model.ready', sessionId: 'sess_1', model: 'm' });
  await expect.poll(() => calls.waiting).toBe(0);
  await isDue(callSid);
  return callSid;
}

test('the carrier is asked about a call whose process is gone, and its end is journaled', async () => {
  const { sweep, asked, ended } = createSweep();
  const callSid = await orphan();
  await sweep.round();
  expect([asked, ended]).toEqual([[callSid], ['answered']]);
  expect(await ownerOf(link, callSid)).toMatchObject({ ended: 'completed', owner: null });
  expect((await readJournal(link, callSid)).at(-1)).toMatchObject({ fact: { type: 'carrier.gone', durationS: 7 } });
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
  const { sweep, asked } = createSweep();
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
