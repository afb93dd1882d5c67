import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Pace } from './pace.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Asks for so many pieces of work that take no time; what was started, in order. */
function ask(pace: Pace, count: number, work: () => Promise<void> = async () => undefined): number[] {
  const started: number[] = [];
  for (let index = 0; index < count; index += 1)
    void pace.run(async () => {
      started.push(index);
      await work();
    });
  return started;
}

test('a hundred are started in a second, in the order asked for', async () => {
  const started = ask(new Pace(), 150);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(started.length).toBeGreaterThanOrEqual(99);
  expect(started.length).toBeLessThanOrEqual(101);
  expect(started).toEqual(started.toSorted((a, b) => a - b));
});

test('too much halves the pace, once for all that was under way, and it comes back slowly', async () => {
  const pace = new Pace();
  for (let refused = 0; refused < 20; refused += 1) pace.tooMuch();
  expect(pace.rate).toBe(50);
  const started = ask(pace, 200);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(started.length).toBeGreaterThanOrEqual(49);
  expect(started.length).toBeLessThanOrEqual(51);
  pace.tooMuch();
  expect(pace.rate).toBe(25);
  for (let well = 0; well < 25; well += 1) pace.wentWell();
  expect(pace.rate).toBeGreaterThan(29);
  expect(pace.rate).toBeLessThan(31);
  for (let well = 0; well < 5_000; well += 1) pace.wentWell();
  expect(pace.rate).toBe(100);
});

test('it never stands still', async () => {
  const pace = new Pace();
  for (let second = 0; second < 20; second += 1) {
    pace.tooMuch();
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(pace.rate).toBe(1);
  const started = ask(pace, 3);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(started).toEqual([0, 1, 2]);
});

test('work that does not end keeps no more than a hundred under way', async () => {
  const started = ask(new Pace(), 150, () => new Promise(() => undefined));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(started).toHaveLength(100);
});

test('closed, it keeps nobody waiting', async () => {
  const pace = new Pace();
  const started = ask(pace, 50);
  pace.close();
  await vi.advanceTimersByTimeAsync(0);
  expect(started).toHaveLength(50);
  expect(vi.getTimerCount()).toBe(0);
});
