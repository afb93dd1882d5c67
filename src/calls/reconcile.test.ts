import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ownerOf } from '../directory/claims.ts';
import { heartbeat, readFleet } from '../directory/fleet.ts';
import { callsOf } from '../directory/inbox.ts';
import { readJournal } from '../directory/journal.ts';
import { placementKeys } from '../directory/keys.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { releaseReservation, reserve } from '../directory/reservations.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { arrive, createCalls, epochIn, FakePort, newSid, node } from './calls.fixture.ts';
import type { Calls } from './calls.ts';
import { Reconcile, reconcileLimits } from './reconcile.ts';
import type { Told } from './stream-port.ts';

let redis: RedisServer;
let link: RedisLink;
const gone: Told = { type: 'carrier.gone', status: 'completed', durationS: 7 };
const stillLive: Told = { type: 'carrier.stillLive', status: 'in-progress' };

beforeAll(async () => {
  redis = await startRedis();
  link = await connectRedis(redis.url);
});

afterAll(async () => {
  await link.close();
  await redis.stop();
});

beforeEach(async () => {
  await link.command('flushall');
  const self = { ...node, nodeUrl: 'http://n1', mediaUrl: 'wss://n1', version: '1' };
  await heartbeat(link, {
    self,
    capacity: 10,
    liveCalls: 0,
    held: [],
    starting: true,
    spentMicros: 0,
    telling: 1,
    model: null,
  });
});

function createReconcile(calls: Calls, self = node) {
  const carrier = { listed: [] as string[] | null, answer: gone as Told | null };
  const asked: string[] = [];
  const metrics = createMetrics();
  const reconcile = new Reconcile({
    link,
    node: self,
    carrier: {
      live: async () => carrier.listed,
      ask: async (callSid) => {
        asked.push(callSid);
        return carrier.answer;
      },
    },
    tell: (callSid, fact) => calls.tell(callSid, fact),
    release: async (callSid) => void (await releaseReservation(link, callSid)),
    log: createLog('silent'),
    metrics,
  });
  return { reconcile, carrier, asked, metrics };
}

/** A call that has its stream here and whose end was never told. */
async function stream(calls: Calls) {
  const callSid = newSid();
  const port = new FakePort();
  const epoch = epochIn(await arrive(calls, callSid));
  const call = await calls.attach({ callSid, epoch, streamSid: 'MZ1', port });
  if (typeof call === 'string') throw new Error(call);
  call.begin();
  call.tell({ type: 'model.ready', sessionId: 'sess_1', model: 'm' });
  await expect.poll(() => calls.waiting).toBe(0);
  return callSid;
}

const loadOf = async () => (await readFleet(link))[0]?.load;

test('a call that the carrier does not list twice in a row and calls over is ended, wherever it stands', async () => {
  const calls = createCalls(link);
  const { reconcile, asked, metrics } = createReconcile(calls);
  const here = await stream(calls);
  const nowhere = newSid();
  await arrive(calls, nowhere);
  await reconcile.round();
  expect(asked).toEqual([]);
  await reconcile.round();
  expect(new Set(asked)).toEqual(new Set([here, nowhere]));
  for (const callSid of [here, nowhere]) {
    await expect.poll(async () => (await ownerOf(link, callSid))?.ended).toBe('completed');
    expect((await readJournal(link, callSid)).at(-1)).toMatchObject({ fact: { type: 'carrier.gone', durationS: 7 } });
  }
  await expect.poll(() => calls.callSids()).toEqual([]);
  await expect.poll(() => callsOf(link, node)).toEqual([]);
  expect(await metrics.scrape()).toContain('aida_reconciled_calls_total{result="over"} 2');
  await reconcile.round();
  await reconcile.round();
  expect(asked).toHaveLength(2);
  await reconcile.stop();
  await calls.close();
});

test('the place of a call that nobody knows any more is given back', async () => {
  const calls = createCalls(link);
  const { reconcile } = createReconcile(calls);
  const callSid = newSid();
  await reserve(link, { callSid, class: 'new', preferredNode: null, ceiling: Infinity });
  expect(await loadOf()).toBe(1);
  await reconcile.round();
  expect(await loadOf()).toBe(1);
  await reconcile.round();
  expect(await loadOf()).toBe(0);
  await reconcile.stop();
  await calls.close();
});

test('nothing ends because the carrier lists late, does not answer, or says that a call is live', async () => {
  const calls = createCalls(link);
  const { reconcile, carrier, asked } = createReconcile(calls);
  const callSid = await stream(calls);
  carrier.listed = null;
  for (let rounds = 0; rounds < 3; rounds += 1) await reconcile.round();
  carrier.listed = [];
  await reconcile.round();
  carrier.listed = [callSid];
  await reconcile.round();
  carrier.listed = [];
  await reconcile.round();
  expect(asked).toEqual([]);
  carrier.answer = null;
  await reconcile.round();
  carrier.answer = stillLive;
  await reconcile.round();
  expect(asked).toEqual([callSid, callSid]);
  await reconcile.round();
  expect(asked).toHaveLength(2);
  expect(await ownerOf(link, callSid)).toMatchObject({ ended: null, state: 'conversation' });
  expect(calls.callSids()).toEqual([callSid]);
  await reconcile.stop();
  await calls.close();
});

test('a carrier that answers nothing is not asked about every call', async () => {
  const calls = createCalls(link);
  const { reconcile, carrier, asked } = createReconcile(calls);
  carrier.answer = null;
  for (let n = 0; n < 2 * reconcileLimits.unansweredMax; n += 1) await arrive(calls, newSid());
  await reconcile.round();
  await reconcile.round();
  expect(asked).toHaveLength(reconcileLimits.unansweredMax);
  await reconcile.stop();
  await calls.close();
});

test('one process of the fleet compares; another takes over when it has stopped', async () => {
  const calls = createCalls(link);
  const first = createReconcile(calls);
  const second = createReconcile(calls, { node: 'n2', incarnation: 'i2' });
  const callSid = newSid();
  await arrive(calls, callSid);
  await first.reconcile.round();
  await second.reconcile.round();
  await second.reconcile.round();
  expect(second.asked).toEqual([]);
  await first.reconcile.stop();
  await second.reconcile.round();
  expect(second.asked).toEqual([]);
  await second.reconcile.round();
  expect(second.asked).toEqual([callSid]);
  await second.reconcile.stop();
  await calls.close();
});

test('a registry that cannot be read ends a comparison, not the process', async () => {
  const calls = createCalls(link);
  const { reconcile, carrier } = createReconcile(calls);
  carrier.listed = [];
  await link.command('hset', placementKeys.node, 'n9', 'i9 {');
  await expect(reconcile.round()).resolves.toBeUndefined();
  await calls.close();
});
