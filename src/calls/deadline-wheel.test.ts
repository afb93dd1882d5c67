import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DeadlineWheel } from './deadline-wheel.ts';

describe('the deadline wheel', () => {
  let fired: string[];
  let wheel: DeadlineWheel;
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 });
    fired = [];
    wheel = new DeadlineWheel(Date.now, (key) => fired.push(`${key}@${Date.now() - 1_000_000}`));
  });
  afterEach(() => {
    wheel.close();
    vi.useRealTimers();
  });

  test('fires each deadline once, in order, never early', () => {
    wheel.set('b', 1_000_220);
    wheel.set('a', 1_000_090);
    vi.advanceTimersByTime(1_000);
    expect(fired).toEqual(['a@100', 'b@250']);
    expect(wheel.size).toBe(0);
  });

  test('a moved deadline fires at its new time only, a cleared one never', () => {
    wheel.set('a', 1_000_100);
    wheel.set('a', 1_000_300);
    wheel.set('b', 1_000_100);
    wheel.clear('b');
    vi.advanceTimersByTime(1_000);
    expect(fired).toEqual(['a@300']);
  });

  test('a deadline in the past fires at the next tick, also when it is set while firing', () => {
    const again = new DeadlineWheel(Date.now, (key) => {
      fired.push(key);
      if (fired.length < 3) again.set(key, 0);
    });
    again.set('a', 0);
    vi.advanceTimersByTime(1_000);
    expect(fired).toEqual(['a', 'a', 'a']);
    again.close();
  });
});
