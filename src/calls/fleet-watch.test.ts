import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { addresses, beat } from '../directory/placement.fixture.ts';
import { readFleet, retire } from '../directory/fleet.ts';
import { type NodeName, placementKeyList } from '../directory/keys.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { readTexts } from '../directory/reply.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { FleetWatch } from './fleet-watch.ts';

let redis: RedisServer;
let real: RedisLink;
let isAway = false;
const link: RedisLink = {
  get ready() {
    return real.ready;
  },
  run: (script, keys, args) => (isAway ? Promise.reject(new Error('away')) : real.run(script, keys, args)),
  command: (name, ...args) => (isAway ? Promise.reject(new Error('away')) : real.command(name, ...args)),
  onRestored: (listener) => real.onRestored(listener),
  close: () => real.close(),
};

beforeAll(async () => {
  redis = await startRedis();
  real = await connectRedis(redis.url);
});

afterEach(async () => {
  isAway = false;
  await Promise.all(open.splice(0).map((watch) => watch.stop()));
  await real.command('flushall');
});

afterAll(async () => {
  await real.close();
  await redis.stop();
});

const open: FleetWatch[] = [];
let seconds = 0;

/** A node that watches, by a clock that stands still unless a test lets it go on. */
function watcher(node: string, answers: (nodeUrl: string) => boolean = () => false, failures = 0) {
  const taken: string[] = [];
  const probed: string[] = [];
  const metrics = createMetrics();
  let gate: Promise<unknown> = Promise.resolve();
  const watch = new FleetWatch({
    link,
    self: addresses(node),
    takeOver: async (gone) => {
      taken.push(`${gone.node}:${gone.incarnation}`);
      if (taken.length <= failures) throw new Error('planted');
      await gate;
    },
    probe: async ({ nodeUrl }) => {
      probed.push(nodeUrl);
      return answers(nodeUrl);
    },
    log: createLog('silent'),
    metrics,
    monotonic: () => seconds * 1_000,
  });
  open.push(watch);
  /** A takeover is under way until the returned function is called. */
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    return resolve;
  };
  return { watch, taken, probed, metrics, hold };
}

/** Two heartbeats of one millisecond would be one. */
async function nextMs() {
  const ms = async () => {
    const [s = '', us = ''] = readTexts(await real.command('time'));
    return Number(s) * 1_000 + Math.floor(Number(us) / 1_000);
  };
  const before = await ms();
  while ((await ms()) === before);
}

/** Seconds pass, in each of which these nodes beat and these watchers look. */
async function pass(count: number, beating: string[], ...watches: FleetWatch[]) {
  for (let second = 0; second < count; second += 1) {
    seconds += 1;
    await nextMs();
    for (const node of isAway ? [] : beating) await beat(real, node, 10);
    for (const watch of watches) await watch.read();
  }
}

const registered = async () => (await readFleet(real)).map(({ node }) => node).toSorted();
async function settle(taken: string[], count = 1): Promise<void> {
  await expect.poll(() => taken.length).toBe(count);
}
const n2: NodeName = addresses('n2');

test('a node that is silent for five seconds and answers no probe is dead, and struck once its calls are taken over', async () => {
  const { watch, taken, probed, metrics } = watcher('n1');
  await pass(6, ['n1', 'n2'], watch);
  expect(watch.hosts().toSorted()).toEqual(['n1', 'n2']);
  await pass(3, ['n1'], watch);
  expect([probed, watch.isGone(n2)]).toEqual([[], false]);
  await pass(2, ['n1'], watch);
  await settle(taken);
  expect([taken, probed]).toEqual([['n2:n21'], ['http://n2', 'http://n2']]);
  expect(watch.isGone(n2)).toBe(true);
  await expect.poll(registered).toEqual(['n1']);
  expect(await metrics.nodesJudged.get()).toMatchObject({ values: [{ labels: { verdict: 'dead' }, value: 1 }] });
});

test('a node that is silent and answers a probe keeps its calls', async () => {
  const { watch, taken, probed } = watcher('n1', () => true);
  await pass(6, ['n1', 'n2'], watch);
  for (let second = 0; second < 10; second += 1) {
    await pass(1, ['n1'], watch);
    await expect.poll(() => watch.isJudging).toBe(false);
  }
  expect([taken, watch.isGone(n2)]).toEqual([[], false]);
  expect(probed.length).toBeGreaterThan(1);
  expect(await registered()).toEqual(['n1', 'n2']);
});

test('a node whose heartbeat comes while it is judged keeps its calls', async () => {
  const { watch, taken, probed } = watcher('n1');
  await pass(6, ['n1', 'n2'], watch);
  await pass(4, ['n1'], watch);
  await expect.poll(() => probed.length).toBe(2);
  await pass(2, ['n1', 'n2'], watch);
  await expect.poll(() => watch.isJudging).toBe(false);
  expect([taken, watch.isGone(n2)]).toEqual([[], false]);
});

describe('the first node back after an outage of Redis', () => {
  test('judges nobody before it has itself been heard for five seconds', async () => {
    const { watch, taken, probed } = watcher('n1');
    await pass(6, ['n1', 'n2'], watch);
    isAway = true;
    await pass(20, [], watch);
    isAway = false;
    // Only this node has found its way back.
    await pass(4, ['n1'], watch);
    expect([taken, probed]).toEqual([[], []]);
    await pass(10, ['n1', 'n2'], watch);
    expect([taken, probed]).toEqual([[], []]);
  });

  test('judges nobody who answers, though no heartbeat comes', async () => {
    const { watch, taken, probed } = watcher('n1', () => true);
    await pass(6, ['n1', 'n2'], watch);
    isAway = true;
    await pass(20, [], watch);
    isAway = false;
    await pass(8, ['n1'], watch);
    await expect.poll(() => probed.length).toBeGreaterThan(0);
    expect(taken).toEqual([]);
  });
});

test('a node whose own heartbeats are not heard judges nobody', async () => {
  const { watch, taken, probed } = watcher('n1');
  await pass(6, ['n1', 'n2', 'n3'], watch);
  await pass(10, ['n3'], watch);
  expect([taken, probed]).toEqual([[], []]);
});

test('a process whose name another has taken is gone at once, unasked', async () => {
  const { watch, taken, probed, metrics } = watcher('n1', () => true);
  await pass(1, ['n1', 'n2'], watch);
  await beat(real, 'n2', 10, { self: { ...addresses('n2'), incarnation: 'after' }, starting: true });
  await pass(1, ['n1'], watch);
  await settle(taken);
  expect([taken, probed]).toEqual([['n2:n21'], []]);
  expect([watch.isGone(n2), watch.isGone({ node: 'n2', incarnation: 'after' })]).toEqual([true, false]);
  expect(await metrics.nodesJudged.get()).toMatchObject({ values: [{ labels: { verdict: 'replaced' }, value: 1 }] });
  expect(await registered()).toEqual(['n1', 'n2']);
});

test('a registry that has gone back in time names a predecessor: its successor is not taken for gone', async () => {
  const { watch, taken } = watcher('n1', () => true);
  const before = { ...addresses('n2'), incarnation: 'before' };
  await beat(real, 'n2', 10, { self: before, starting: true });
  await beat(real, 'n1', 10, { starting: true });
  const dump = await Promise.all(
    placementKeyList.map(async (key) => [key, await real.command('copy', key, `{pl}:old:${key}`)] as const),
  );
  await nextMs();
  await beat(real, 'n2', 10, { starting: true });
  await pass(1, ['n1', 'n2'], watch);
  for (const [key, isKept] of dump) if (isKept === 1) await real.command('copy', `{pl}:old:${key}`, key, 'REPLACE');
  await pass(1, ['n1'], watch);
  expect([watch.isJudging, taken, watch.isGone(n2)]).toEqual([false, [], false]);
});

test('a node that has left on purpose is no dead one, whoever has its name afterwards', async () => {
  const { watch, taken, metrics } = watcher('n1');
  await pass(6, ['n1', 'n2', 'n3'], watch);
  await retire(real, n2);
  await retire(real, addresses('n3'));
  await pass(1, ['n1'], watch);
  await beat(real, 'n3', 10, { self: { ...addresses('n3'), incarnation: 'after' }, starting: true });
  await pass(1, ['n1'], watch);
  await settle(taken);
  await pass(4, ['n1'], watch);
  await settle(taken, 2);
  expect(taken).toEqual(['n3:n31', 'n2:n21']);
  expect(await metrics.nodesJudged.get()).toMatchObject({ values: [{ labels: { verdict: 'left' }, value: 2 }] });
});

test('a process that takes its own predecessor’s name takes over its calls', async () => {
  await beat(real, 'n1', 10, { self: { ...addresses('n1'), incarnation: 'before' }, starting: true });
  const { watch, taken } = watcher('n1');
  await watch.read();
  await beat(real, 'n1', 10, { starting: true });
  await pass(1, ['n1'], watch);
  await settle(taken);
  expect(taken).toEqual(['n1:before']);
  expect(watch.isGone(addresses('n1'))).toBe(false);
});

test('of two survivors one judges, and the other learns that there is nothing left', async () => {
  const [first, second] = [watcher('n1'), watcher('n3')];
  await pass(6, ['n1', 'n2', 'n3'], first.watch, second.watch);
  await pass(6, ['n1', 'n3'], first.watch, second.watch);
  await expect.poll(() => first.taken.length + second.taken.length).toBe(1);
  await expect.poll(registered).toEqual(['n1', 'n3']);
});

test('a node that was frozen and is back has its name again', async () => {
  const { watch, taken } = watcher('n1');
  await pass(6, ['n1', 'n2'], watch);
  await pass(6, ['n1'], watch);
  await settle(taken);
  await expect.poll(() => watch.isJudging).toBe(false);
  expect(watch.isGone(n2)).toBe(true);
  await pass(1, ['n1', 'n2'], watch);
  expect(watch.isGone(n2)).toBe(false);
  expect(await watch.answers(n2, 100)).toBe(false);
});

test('who holds a call and stands in no registry is judged as if it had just fallen silent', async () => {
  const { watch, taken } = watcher('n1');
  const ghost = { node: 'n9', incarnation: 'ghost' };
  await pass(6, ['n1'], watch);
  expect(watch.isGone(ghost)).toBe(false);
  await pass(3, ['n1'], watch);
  expect(watch.isGone(ghost)).toBe(false);
  await pass(3, ['n1'], watch);
  await settle(taken);
  expect([taken, watch.isGone(ghost)]).toEqual([['n9:ghost'], true]);
});

test('calls of a dead node that could not be taken over are tried again', async () => {
  const { watch, taken } = watcher('n1', () => false, 1);
  await pass(6, ['n1', 'n2'], watch);
  await pass(6, ['n1'], watch);
  await settle(taken);
  await expect.poll(() => watch.isJudging).toBe(false);
  expect(await registered()).toEqual(['n1', 'n2']);
  await pass(3, ['n1'], watch);
  await settle(taken, 2);
  await expect.poll(registered).toEqual(['n1']);
});

test('a judge that stops before it is done leaves the dead node to the others', async () => {
  const { watch, taken, hold } = watcher('n1');
  const release = hold();
  await pass(6, ['n1', 'n2'], watch);
  await pass(6, ['n1'], watch);
  await settle(taken);
  const stopped = watch.stop();
  release();
  await stopped;
  expect(await registered()).toEqual(['n1', 'n2']);
});
