import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { StreamStopReason } from '../../machines/call-events.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import type { Calls } from './calls.ts';
import { arrive, askNext, conversation, createCalls, epochIn, FakePort, newSid } from './calls.fixture.ts';

let redis: RedisServer;
let link: RedisLink;
let calls: Calls;
let metrics: Metrics;

beforeAll(async () => {
  redis = await startRedis();
  link = await connectRedis(redis.url);
});

beforeEach(() => {
  metrics = createMetrics();
  calls = createCalls(link, { metrics });
});

afterEach(() => calls.close());

afterAll(async () => {
  await link.close();
  await redis.stop();
});

async function attach(callSid: string, answer: unknown, streamSid: string) {
  const call = await calls.attach({ callSid, epoch: epochIn(answer), streamSid, port: new FakePort() });
  if (typeof call === 'string') throw new Error(call);
  call.begin();
  return call;
}

/** A call that has talked, and whose stream has ended. */
async function talked(callSid: string, reason: StreamStopReason): Promise<void> {
  const call = await attach(callSid, await arrive(calls, callSid), 'MZ1');
  for (const fact of conversation) call.tell(fact);
  call.tell({ type: 'carrier.streamStopped', streamSid: 'MZ1', reason });
  await vi.waitFor(() => expect(calls.waiting).toBe(0));
}

const completed = (callSid: string) =>
  calls.tell(callSid, { type: 'carrier.statusReported', status: 'completed', durationS: 9, sequence: 3 });

async function moved(name: 'callsCut' | 'callsAnswered'): Promise<Record<string, number>> {
  const { values } = await metrics[name].get();
  return Object.fromEntries(values.map(({ labels, value }) => [String(Object.values(labels)[0]), value]));
}

const resumed = async (): Promise<number> =>
  (await metrics.resumeSeconds.get()).values.find(({ metricName }) => metricName.endsWith('_count'))?.value ?? -1;

test.each<[StreamStopReason, number]>([
  ['closed', 1],
  ['silent', 1],
  ['left', 0],
])('the stream that follows one that was %s: %i was resumed', async (reason, count) => {
  const callSid = newSid();
  await talked(callSid, reason);
  await attach(callSid, await askNext(calls, callSid), 'MZ2');
  expect(await resumed()).toBe(count);
});

test.each<[StreamStopReason, Record<string, number>]>([
  ['closed', { stream: 1 }],
  ['stopped', {}],
])('a call that ends after its stream was %s', async (reason, cut) => {
  const callSid = newSid();
  await talked(callSid, reason);
  expect(await completed(callSid)).toBe('taken');
  await vi.waitFor(async () => expect((await metrics.callsEnded.get()).values).toHaveLength(1));
  expect(await moved('callsCut')).toEqual(cut);
});

test('a caller who hangs up before the stream comes heard nothing; one who is offered the voicemail was answered', async () => {
  const [gone, offered] = [newSid(), newSid()];
  await arrive(calls, gone);
  await calls.answer({
    callSid: offered,
    idempotencyToken: null,
    kind: 'arrive',
    fact: { type: 'carrier.arrived', from: '+15550001111', to: '+15550002222', node: '', rung: 'voicemail' },
    render: () => '<Record/>',
  });
  for (const callSid of [gone, offered]) expect(await completed(callSid)).toBe('taken');
  expect((await metrics.callsEnded.get()).values).toEqual([{ labels: { outcome: 'missed' }, value: 2 }]);
  expect(await moved('callsAnswered')).toEqual({ hung_up: 1 });
});
