import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRedisClock } from '../directory/clock.ts';
import { DirectoryError } from '../directory/errors.ts';
import type { RedisLink } from '../directory/redis.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { AccountBooks } from './account-books.ts';
import { type HeldCall, Placement } from './placement.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

const modelPrices = { textIn: 2, textInCached: 0, audioIn: 0, audioInCached: 0, textOut: 0, audioOut: 0 };
const okReply = ['ok', '1000', '0', '1', '10', '0', '0', '0', '0', '0', ''];
const self = { node: 'n1', incarnation: 'i1', nodeUrl: 'http://n1', mediaUrl: 'wss://n1/media-stream', version: '1' };

/** Answers scripts when told to; notes their names and the calls named in heartbeats. */
function createPlacement(live: () => HeldCall[] = () => [], monotonic?: () => number) {
  const ran: string[] = [];
  const held: string[][] = [];
  const capacities: number[] = [];
  const spent: number[] = [];
  let failure: Error | null = null;
  let reply: unknown[] = okReply;
  let gate: Promise<unknown> = Promise.resolve();
  const link: RedisLink = {
    ready: true,
    run: async ({ name }, _keys, args) => {
      ran.push(name);
      if (name === 'heartbeat') {
        held.push(args.slice(9).map(String));
        capacities.push(Number(args[3]));
        spent.push(Number(args[6]));
      }
      await gate;
      if (failure) throw failure;
      return name === 'retire' ? ['retired'] : reply;
    },
    command: () => Promise.reject(new Error('not asked here')),
    onRestored: () => () => undefined,
    close: () => Promise.resolve(),
  };
  const clock = createRedisClock(monotonic);
  const log = createLog('silent');
  const settings = { carrierCallsMax: null, modelSessionsMax: null, spendMax: null, modelPrices };
  const books = new AccountBooks({ settings, now: () => clock.now(), log, metrics: createMetrics() });
  const placement = new Placement({ link, self, callsMax: 10, live, books, clock, log });
  return {
    placement,
    books,
    ran,
    held,
    capacities,
    spent,
    fail: (error: Error | null) => (failure = error),
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

test('a node that is to end says so at once and takes conversations back only while calls finish', async () => {
  const { placement, capacities, answer } = createPlacement();
  await placement.start();
  answer(okReply.with(2, '3'));
  await placement.drain('finishing');
  expect([capacities, placement.ready, placement.reserved]).toEqual([[10, 0], false, 3]);
  answer(['full', 'nodes']);
  expect(await placement.reserve('CA1', 'live')).toMatchObject({ ok: true, node: 'n1' });
  expect(await placement.admit('CA1')).toBe(true);
  expect(await placement.reserve('CA2', 'new')).toMatchObject({ ok: false, reason: 'full' });
  await placement.drain('leaving');
  expect(await placement.reserve('CA1', 'live')).toEqual({ ok: false, reason: 'draining' });
  expect(await placement.admit('CA1')).toBe(false);
  expect(await placement.reserve('CA2', 'new')).toMatchObject({ ok: false, reason: 'full' });
  answer(okReply);
  await placement.stop();
});

test('what is told while a heartbeat is under way comes after it', async () => {
  const { placement, capacities, hold } = createPlacement();
  await placement.start();
  const release = hold();
  await vi.advanceTimersByTimeAsync(1_000);
  const told = placement.drain('finishing');
  release();
  await told;
  expect(capacities).toEqual([10, 10, 0]);
  await placement.stop();
});

const called = (callSid: string, epoch = 1): HeldCall => ({ callSid, epoch });

test('every call is named in one heartbeat, however many came at once', async () => {
  const calls = Array.from({ length: 1_500 }, (_, index) => called(`CA${index}`));
  const { placement, held } = createPlacement(() => calls);
  await placement.start();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(held.map((named) => named.length)).toEqual([1_000, 500, 0]);
  expect(new Set(held.flat())).toEqual(new Set(calls.map(({ callSid }) => callSid)));
  await placement.stop();
});

test('a call that streams again between two heartbeats is named again: it was reserved again', async () => {
  let calls = [called('CA1'), called('CA2')];
  const { placement, held } = createPlacement(() => calls);
  await placement.start();
  calls = [called('CA1', 2), called('CA2')];
  await vi.advanceTimersByTimeAsync(2_000);
  expect(held).toEqual([['CA1', 'CA2'], ['CA1'], []]);
  await placement.stop();
});

test('a loop without time closes the node at what it holds, at once; heartbeats do not overlap', async () => {
  const { placement, capacities, answer, hold } = createPlacement(() => [called('CA1'), called('CA2')]);
  answer([...okReply.slice(0, 2), '3', ...okReply.slice(3)]);
  await placement.start();
  const release = hold();
  await vi.advanceTimersByTimeAsync(1_000);
  placement.setLoop(false);
  expect(capacities).toEqual([10, 10]);
  release();
  await vi.waitFor(() => expect(capacities).toEqual([10, 10, 5]));
  expect(placement.snapshot().own).toEqual({ calls: 5, reason: 'loop', live: 2, reserved: 3 });
  expect(placement.ready).toBe(true);
  placement.setLoop(true);
  await vi.waitFor(() => expect(capacities).toEqual([10, 10, 5, 10]));
  await placement.stop();
});

test('calls on their way here count as long as a reservation lives, though no heartbeat is answered any more', async () => {
  let elapsedMs = 0;
  const { placement, answer, fail } = createPlacement(
    () => [],
    () => elapsedMs,
  );
  answer([...okReply.slice(0, 2), '3', ...okReply.slice(3)]);
  await placement.start();
  fail(new DirectoryError('unanswered', 'heartbeat'));
  await vi.advanceTimersByTimeAsync(1_000);
  elapsedMs = 20_000;
  expect([placement.isAway, placement.snapshot().own.reserved]).toEqual([true, 3]);
  elapsedMs = 20_001;
  expect(placement.snapshot().own.reserved).toBe(0);
  await placement.stop();
});

test('what was spent is told again if nobody heard it', async () => {
  const { placement, books, spent, fail } = createPlacement();
  await placement.start();
  books.used({ textIn: 1_000, textInCached: 0, audioIn: 0, audioInCached: 0, textOut: 0, audioOut: 0 });
  fail(new DirectoryError('unanswered', 'heartbeat'));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(placement.ready).toBe(false);
  fail(null);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(spent).toEqual([0, 2_000, 2_000, 0]);
  expect(placement.ready).toBe(true);
  await placement.stop();
});
