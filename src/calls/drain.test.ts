import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { limits } from '../../machines/call-events.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { Drain, drainLimits } from './drain.ts';
import type { Told } from './stream-port.ts';

const FINISH_MS = 60_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
afterEach(() => vi.useRealTimers());

/** A node with so many calls. `leaves` says what a call does when it is told. */
function createNode(count: number, leaves: (callSid: string, urgent: boolean) => boolean = () => true) {
  const streaming = new Map(Array.from({ length: count }, (_, index) => [`CA${index}`, 1]));
  const happened: string[] = [];
  const told: { callSid: string; atMs: number; urgent: boolean }[] = [];
  const startedMs = performance.now();
  const metrics = createMetrics();
  const placement = {
    reserved: 0,
    drain: async (stage: string) => void happened.push(stage),
  };
  let left = false;
  const drain = new Drain({
    finishMs: FINISH_MS,
    calls: {
      streaming: () => [...streaming].map(([callSid, epoch]) => ({ callSid, epoch })),
      tell: (callSid: string, fact: Told) => {
        if (fact.type !== 'node.draining') throw new Error(fact.type);
        told.push({ callSid, atMs: Math.round(performance.now() - startedMs), urgent: fact.urgent });
        if (leaves(callSid, fact.urgent)) streaming.delete(callSid);
      },
      close: async () => {
        happened.push(`close ${streaming.size}`);
        streaming.clear();
      },
    },
    streams: () => streaming.size,
    placement,
    now: () => performance.now(),
    log: createLog('silent'),
    metrics,
  });
  const result = async (name: string) =>
    (await metrics.handovers.get()).values.find(({ labels }) => labels.result === name)?.value ?? 0;
  return {
    drain,
    streaming,
    placement,
    happened,
    told,
    result,
    begin: (urgent = false) => void drain.begin(urgent).then(() => (left = true)),
    hasLeft: () => left,
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  };
}

test('a node without calls stays for requests that a balancer still sends, then leaves', async () => {
  const node = createNode(0);
  node.begin();
  await node.pass(drainLimits.balancerMs - 100);
  expect([node.happened, node.hasLeft()]).toEqual([['finishing'], false]);
  await node.pass(300);
  expect([node.happened, node.hasLeft()]).toEqual([['finishing', 'leaving', 'close 0'], true]);
  expect(node.drain.progress()).toEqual({ stage: 'left', calls: 0, expected: 0, handedOver: 0, finishInMs: 0 });
});

test('calls finish by themselves: nobody is told to leave', async () => {
  const node = createNode(3);
  node.begin();
  await node.pass(20_000);
  expect(node.drain.progress()).toEqual({
    stage: 'finishing',
    calls: 3,
    expected: 0,
    handedOver: 0,
    finishInMs: FINISH_MS - 20_000,
  });
  node.streaming.clear();
  await node.pass(200);
  expect([node.told, node.hasLeft()]).toEqual([[], true]);
});

test('a call on its way here is waited for, as long as its reservation lives', async () => {
  const node = createNode(0);
  node.placement.reserved = 1;
  node.begin();
  await node.pass(10_000);
  expect(node.drain.progress()).toMatchObject({ stage: 'finishing', expected: 1 });
  node.streaming.set('CA9', 1);
  node.placement.reserved = 0;
  await node.pass(1_000);
  expect(node.drain.progress()).toMatchObject({ stage: 'finishing', calls: 1, expected: 0 });
  node.streaming.clear();
  await node.pass(200);
  expect(node.hasLeft()).toBe(true);

  const forgotten = createNode(0);
  forgotten.placement.reserved = 1;
  forgotten.begin();
  await forgotten.pass(limits.streamMs - 100);
  expect(forgotten.hasLeft()).toBe(false);
  await forgotten.pass(300);
  expect(forgotten.hasLeft()).toBe(true);
});

test('who has not finished in time is told to leave, ten in each second, and the carrier may still ask', async () => {
  const node = createNode(25);
  node.begin();
  await node.pass(FINISH_MS + 3_000);
  expect(node.told.map(({ callSid }) => callSid)).toEqual(Array.from({ length: 25 }, (_, index) => `CA${index}`));
  const firstMs = node.told[0]?.atMs ?? 0;
  const inSecond = (second: number) =>
    node.told.filter(({ atMs }) => Math.floor((atMs - firstMs) / 1_000) === second).length;
  expect([inSecond(0), inSecond(1), inSecond(2)]).toEqual([10, 10, 5]);
  expect(node.told.every(({ urgent }) => !urgent)).toBe(true);
  expect([node.happened, node.hasLeft()]).toEqual([['finishing', 'leaving', 'close 0'], false]);
  expect(node.drain.progress()).toMatchObject({ stage: 'leaving', calls: 0, handedOver: 25 });
  await node.pass(drainLimits.questionMs);
  expect([node.hasLeft(), await node.result('cut')]).toEqual([true, 0]);
});

test('a stream that comes while others leave is told too', async () => {
  const node = createNode(1, (callSid) => callSid !== 'CA0');
  node.begin(true);
  await node.pass(100);
  node.streaming.set('CA9', 1);
  await node.pass(200);
  expect(node.told).toMatchObject([{ callSid: 'CA0' }, { callSid: 'CA9', urgent: true }]);
});

test('a call that comes back is told again', async () => {
  const node = createNode(1);
  node.begin(true);
  await node.pass(50);
  node.streaming.set('CA1', 1);
  await node.pass(50);
  node.streaming.set('CA1', 2);
  await node.pass(100);
  expect(node.told.map(({ callSid }) => callSid)).toEqual(['CA0', 'CA1', 'CA1']);
});

test('the second order makes all leave at once, those included that were told to take their time', async () => {
  const node = createNode(15, (_, urgent) => urgent);
  node.begin();
  await node.pass(FINISH_MS + 550);
  expect(node.told).toHaveLength(6);
  node.begin(true);
  await node.pass(0);
  expect(node.told.slice(6).map(({ urgent }) => urgent)).toEqual(Array.from({ length: 15 }, () => true));
  await node.pass(drainLimits.questionMs + 200);
  expect([node.hasLeft(), await node.result('cut')]).toEqual([true, 0]);
});

test('the second order ends the time in which calls may finish', async () => {
  const node = createNode(15);
  node.begin();
  await node.pass(10_000);
  expect(node.told).toEqual([]);
  node.begin(true);
  await node.pass(0);
  expect(node.told).toHaveLength(15);
});

test('who does not leave is ended when the bounds have passed, and counted', async () => {
  const node = createNode(2, () => false);
  node.begin();
  await node.pass(FINISH_MS + limits.handoverMs + drainLimits.leaveMs - 1_000);
  expect(node.happened).toEqual(['finishing', 'leaving']);
  await node.pass(1_500);
  expect([node.happened.at(-1), await node.result('cut')]).toEqual(['close 2', 2]);
  await node.pass(drainLimits.questionMs);
  expect(node.hasLeft()).toBe(true);

  const urgent = createNode(2, () => false);
  urgent.begin(true);
  await urgent.pass(drainLimits.leaveMs - 200);
  expect(urgent.happened.at(-1)).toBe('leaving');
  await urgent.pass(500);
  expect(urgent.happened.at(-1)).toBe('close 2');
});
