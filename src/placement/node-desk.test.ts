import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { nodeOrderKey, nodeReportKey } from '../directory/keys.ts';
import { directoryLimits } from '../directory/limits.ts';
import { type NodeReport, orderNode, readNodeReport } from '../directory/node-desk.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { NodeDesk } from './node-desk.ts';

const self = { node: 'node-1', incarnation: 'one' };
let redis: RedisServer;
let link: RedisLink;
let told: boolean[] = [];
let warnings: string[] = [];
let report: NodeReport | null;

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
  [told, warnings] = [[], []];
  report = {
    at: 1,
    capacity: 10,
    reason: 'configured',
    held: 3,
    reserved: 1,
    stranded: 0,
    limits: [
      ['nodes', 6],
      ['spend', null],
    ],
    spend: { share: 0.2, state: 'open' },
    drain: { stage: 'serving', calls: 3, expected: 1, handedOver: 0, finishInMs: null },
  };
});

const desk = (of = self, over: RedisLink = link) =>
  new NodeDesk({
    link: over,
    self: of,
    report: () => report,
    drain: (urgent) => void told.push(urgent),
    log: { warn: (...said: unknown[]) => void warnings.push(String(said[1])) },
  });

test('a node says how it stands, and is silent when it is gone', async () => {
  await desk().look();
  expect(await readNodeReport(link, self)).toEqual(report);
  expect(Number(await link.command('pttl', nodeReportKey(self)))).toBeLessThanOrEqual(directoryLimits.nodeReportLifeMs);
  await link.command('del', nodeReportKey(self));
  expect(await readNodeReport(link, self)).toBeNull();
});

test('how a drain ended can be read after the node has left', async () => {
  const leaving = desk();
  leaving.start();
  report = report && { ...report, drain: { stage: 'left', calls: 0, expected: 0, handedOver: 3, finishInMs: 0 } };
  await leaving.stop();
  expect((await readNodeReport(link, self))?.drain).toMatchObject({ stage: 'left', handedOver: 3 });
  const lifeMs = Number(await link.command('pttl', nodeReportKey(self)));
  expect(lifeMs).toBeGreaterThan(directoryLimits.nodeReportLifeMs);
});

test('an order is obeyed once, and once more when it is to be quick', async () => {
  const obedient = desk();
  await obedient.look();
  expect(told).toEqual([]);
  await orderNode(link, self, { kind: 'drain', urgent: false });
  await obedient.look();
  await obedient.look();
  expect(told).toEqual([false]);
  await orderNode(link, self, { kind: 'drain', urgent: true });
  await obedient.look();
  await obedient.look();
  expect(told).toEqual([false, true]);
});

test('an order is for one process, not for the one after it under the same name, and not for ever', async () => {
  await orderNode(link, self, { kind: 'drain', urgent: true });
  await desk({ ...self, incarnation: 'two' }).look();
  expect(told).toEqual([]);
  const lifeMs = Number(await link.command('pttl', nodeOrderKey(self)));
  expect(lifeMs).toBeGreaterThan(0);
  expect(lifeMs).toBeLessThanOrEqual(directoryLimits.nodeOrderLifeMs);
});

test('an order of a newer release that nobody knows here changes nothing', async () => {
  await link.command('set', nodeOrderKey(self), JSON.stringify({ kind: 'dance' }));
  await desk().look();
  expect([told, warnings]).toEqual([[], []]);
});

test('without Redis nothing is ordered, and that is said once', async () => {
  const away: RedisLink = { ...link, ready: false, command: () => Promise.reject(new Error('away')) };
  const waiting = desk(self, away);
  await waiting.look();
  await waiting.look();
  expect([told, warnings]).toEqual([[], ['the node could not say how it stands']]);
});
