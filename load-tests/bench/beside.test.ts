import { expect, test } from 'vitest';
import { inTurns, nsEach, nsEachAwaited } from './beside.ts';

test('ours and the reference take turns, the first round does not count, and the ratio is of one round', async () => {
  const order: string[] = [];
  const ours = [9_000, 100, 300, 200];
  const reference = [1, 100, 100, 400];
  const beside = await inTurns(
    3,
    () => (order.push('ours'), ours.shift() ?? 0),
    () => Promise.resolve((order.push('reference'), reference.shift() ?? 0)),
  );
  expect(order).toEqual(Array.from({ length: 4 }, () => ['ours', 'reference']).flat());
  expect(beside).toEqual({ oursNs: 200, referenceNs: 100, ratio: 1 });
});

test('every piece of the work is done once, in order', async () => {
  const done: number[] = [];
  expect(nsEach(3, (index) => done.push(index))).toBeGreaterThan(0);
  expect(await nsEachAwaited(3, async (index) => void done.push(10 + index))).toBeGreaterThan(0);
  expect(done).toEqual([0, 1, 2, 10, 11, 12]);
});

test('work that gives no number is noticed', () => {
  expect(() => nsEach(2, () => Number.NaN)).toThrow('no number');
});
