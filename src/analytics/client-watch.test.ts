import { EventEmitter } from 'node:events';
import kafkajs, { type Consumer } from 'kafkajs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ClientWatch } from './client-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const { events } = new kafkajs.Kafka({ brokers: ['127.0.0.1:1'] }).consumer({ groupId: 'g' });

test.each([events.FETCH_START, events.FETCH, events.HEARTBEAT, events.GROUP_JOIN])(
  'a client that tells nothing for two minutes is told of; %s is a sign of life',
  async (event) => {
    const emitter = new EventEmitter();
    const consumer = {
      events,
      on: (name: string, listener: () => void) => {
        emitter.on(name, listener);
        return () => {};
      },
    };
    const watch = new ClientWatch(consumer as Pick<Consumer, 'on' | 'events'>, () => Date.now());
    let told = 0;
    void watch.silent.then(() => (told += 1));
    for (let minute = 0; minute < 10; minute += 1) {
      await vi.advanceTimersByTimeAsync(60_000);
      emitter.emit(event);
    }
    expect(told).toBe(0);
    await vi.advanceTimersByTimeAsync(130_000);
    expect(told).toBe(1);
    watch.end();
    expect(vi.getTimerCount()).toBe(0);
  },
);
