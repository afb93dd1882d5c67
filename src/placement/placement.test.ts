import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRedisClock } from '../directory/clock.ts';
import type { RedisLink } from '../directory/redis.ts';
import { createLog } from '../telemetry/log.ts';
import { Placement } from './placement.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

const self = { node: 'n1', incarnation: 'i1', nodeUrl: 'http://n1', mediaUrl: 'wss://n1/media-stream', version: '1' };

/** Answers scripts when told to; notes their names and the calls named in heartbeats. */
function createPlacement(live: () => string[] = () => []) {
  const ran: string[] = [];
  const held: string[][] = [];
  let reply: unknown[] = ['ok', '1000', '0'];
  let gate: Promise<unknown> = Promise.resolve();
  const link: RedisLink = {
    ready: true,
    run: async ({ name }, _keys, args) => {
      ran.push(name);
      if (name === 'heartbeat') held.push(args.slice(8).map(String));
      await gate;
      return name === 'heartbeat' ? reply : ['retired'];
    },
    command: () => Promise.reject(new Error('not asked here')),
    onRestored: () => () => undefined,
    close: () => Promise.resolve(),
  };
  const placement = new Placement({
    link,
    self,
    callsMax: 10,
    live,
    clock: createRedisClock(),
    log: createLog('silent'),
  });
  return {
    placement,
    ran,
    held,
    answer: (next: unknown[]) => (reply = next),
    /** Holds answers back until the returned function is called. */
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
  };
}

test('a node that stops while its heartbeat is under way leaves the registry for good', async () => {
  const { placement, ran, hold } = createPlacement();
  await placement.start();
  const release = hold();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ran).toEqual(['heartbeat', 'heartbeat']);
  const stopped = placement.stop();
  release();
  await stopped;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(ran).toEqual(['heartbeat', 'heartbeat', 'retire']);
});

test('a node whose name another process has taken is not ready for calls', async () => {
  const { placement, answer } = createPlacement();
  await placement.start();
  expect(placement.ready).toBe(true);
  answer(['superseded', 'i2']);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(placement.ready).toBe(false);
  await placement.stop();
});

test('every call is named in one heartbeat, however many came at once', async () => {
  const calls = Array.from({ length: 1_500 }, (_, index) => `CA${index}`);
  const { placement, held } = createPlacement(() => calls);
  await placement.start();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(held.map((named) => named.length)).toEqual([1_000, 500, 0]);
  expect(new Set(held.flat())).toEqual(new Set(calls));
  await placement.stop();
});
