import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ownerOf } from '../directory/claims.ts';
import { readJournal } from '../directory/journal.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type SentinelRedis, startSentinelRedis } from '../sim/parts/sentinel.ts';
import type { Calls } from './calls.ts';
import {
  arrive,
  ask,
  askNext,
  conversation,
  createCalls,
  epochIn,
  FakePort,
  farewell,
  newSid,
} from './calls.fixture.ts';

const patient = { timeout: 15_000, interval: 50 };
let redis: SentinelRedis;
let link: RedisLink;
let calls: Calls;

beforeEach(async () => {
  redis = await startSentinelRedis();
  link = await connectRedis(redis.url);
  calls = createCalls(link);
});

afterEach(async () => {
  await calls.close();
  await link.close();
  await redis.stop();
});

/** Without the call's own clocks: they go by the time that a failover takes. */
const types = async (callSid: string) =>
  (await readJournal(link, callSid)).flatMap((entry) =>
    entry.kind === 'fact' && entry.fact.type !== 'deadline.passed' ? [entry.fact.type] : [],
  );
const written = () => vi.waitFor(() => expect(calls.waiting).toBe(0), patient);

async function talk() {
  const callSid = newSid();
  const epoch = epochIn(await arrive(calls, callSid));
  const port = new FakePort();
  const call = await calls.attach({ callSid, epoch, streamSid: 'MZ1', port });
  if (typeof call === 'string') throw new Error(call);
  port.onEnd = () => call.tell({ type: 'carrier.streamStopped', streamSid: 'MZ1', reason: 'left' });
  call.begin();
  return { callSid, call, port };
}

test('row 10: what a failover loses of calls whose owner lives is written again, the intent of one that left as well', async () => {
  const before = await talk();
  await written();
  await vi.waitFor(async () => expect(await link.command('wait', 1, 100)).toBe(1), patient);
  await redis.cutReplication();
  for (const fact of conversation) before.call.tell(fact);
  // One that nobody else has ever heard of, one that is over, and one that has left for the staff.
  const during = await talk();
  during.call.tell({ type: 'model.ready', sessionId: 'sess_1', model: 'm' });
  const over = await talk();
  over.call.tell({ type: 'carrier.statusReported', status: 'completed', durationS: 9, sequence: 1 });
  const leaving = await talk();
  for (const fact of [...conversation, ...ask('transfer_to_staff')]) leaving.call.tell(fact);
  await leaving.port.saw('deliver t1 "transfer_to_staff" respond');
  for (const fact of farewell) leaving.call.tell(fact);
  await leaving.port.saw('end left');
  await written();
  await redis.failOver('SIGSTOP');
  const young = ['carrier.arrived', 'carrier.streamStarted'];
  await vi.waitFor(async () => expect(await types(during.callSid)).toEqual([...young, 'model.ready']), patient);
  await vi.waitFor(async () => expect(await types(before.callSid)).toHaveLength(2 + conversation.length), patient);
  await written();
  await vi.waitFor(
    async () => expect(await ownerOf(link, over.callSid)).toMatchObject({ ended: 'completed' }),
    patient,
  );
  expect(await types(over.callSid)).toEqual([...young, 'carrier.streamStopped', 'carrier.statusReported']);
  expect(await ownerOf(link, during.callSid)).toMatchObject({ epoch: during.call.epoch, from: '+15550001111' });
  const opened = [before, during].map(({ port }) => port.asked.filter((what) => /^(open|end)/.test(what)));
  expect(opened).toEqual([['open greeting'], ['open greeting']]);
  expect(await askNext(calls, leaving.callSid)).toMatchObject({ twiml: expect.stringContaining('<dialing') });
  expect(calls.live).toBe(2);
}, 60_000);
