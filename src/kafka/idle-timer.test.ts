import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stopIdleTimers } from './idle-timer.ts';

interface Queue {
  push(request: { entry: { correlationId: number }; expectResponse: boolean; sendRequest(): void }): void;
  fulfillRequest(answer: { correlationId: number; payload: unknown; size: number }): void;
  maybeThrottle(ms: number): void;
}
type QueueClass = new (options: object) => Queue;

const load = (): QueueClass =>
  createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as QueueClass;

const told = vi.fn();

function queue(): {
  own: Queue;
  ask(correlationId: number): void;
  answer(correlationId: number): void;
  sent: number[];
} {
  const sent: number[] = [];
  const own = new (load())({
    ...{ maxInFlightRequests: 1, requestTimeout: 1_000, enforceRequestTimeout: false, clientId: 'c', broker: 'b' },
    logger: { debug: () => {}, warn: told },
  });
  const events = { resolve: () => {}, reject: () => {} };
  return {
    own,
    sent,
    ask: (correlationId) =>
      own.push({
        entry: { correlationId, ...events },
        expectResponse: true,
        sendRequest: () => void sent.push(correlationId),
      }),
    answer: (correlationId) => own.fulfillRequest({ correlationId, payload: null, size: 0 }),
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the client is the one that this was written for', () => {
  expect(stopIdleTimers()).toBe(true);
});

test('a connection on which nothing waits sets no timer', () => {
  const { ask, answer, sent } = queue();
  ask(1);
  answer(1);
  expect(sent).toEqual([1]);
  expect(vi.getTimerCount()).toBe(0);
});

test('what waits for an answer before it goes when that is there, what is held back by the broker once it may', () => {
  const { own, ask, answer, sent } = queue();
  ask(1);
  ask(2);
  expect(sent).toEqual([1]);
  answer(1);
  expect(sent).toEqual([1, 2]);
  answer(2);
  own.maybeThrottle(300);
  ask(3);
  vi.advanceTimersByTime(299);
  expect(sent).toEqual([1, 2]);
  vi.advanceTimersByTime(300);
  expect(sent).toEqual([1, 2, 3]);
  answer(3);
  vi.runAllTimers();
  expect(vi.getTimerCount()).toBe(0);
  expect(told).not.toHaveBeenCalled();
});
