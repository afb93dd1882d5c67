import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Gather, gatherMs } from './gather.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what is asked for within the time of the first is done with it, what comes later in the next go', () => {
  const gather = new Gather();
  const done: string[] = [];
  gather.soon(() => done.push('first'));
  vi.advanceTimersByTime(gatherMs - 1);
  gather.soon(() => {
    done.push('second');
    gather.soon(() => done.push('third'));
  });
  expect([done, vi.getTimerCount()]).toEqual([[], 1]);
  vi.advanceTimersByTime(1);
  expect([done, vi.getTimerCount()]).toEqual([['first', 'second'], 1]);
  vi.advanceTimersByTime(gatherMs);
  expect([done, vi.getTimerCount()]).toEqual([['first', 'second', 'third'], 0]);
});
