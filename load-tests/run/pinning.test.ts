import { expect, test } from 'vitest';
import { planCores } from './pinning.ts';
import { busyShare, coreTimes } from './usage.ts';

test('nodes get cores of their own, and the rig what is left, one at least', () => {
  expect(planCores(8, 2)).toEqual({ rig: [0, 1, 2, 3, 4, 5], nodes: [6, 7] });
  expect(planCores(2, 3)).toEqual({ rig: [0], nodes: [1] });
  expect(planCores(1, 1)).toBeNull();
});

test('how busy cores were between two readings, waiting for disks is idle', () => {
  const before = coreTimes('cpu  9 9 9 9\ncpu0 100 0 100 800 0 0 0 0 0 0\ncpu1 0 0 0 1000 0 0 0 0 0 0\nintr 1\n');
  const after = coreTimes('cpu  9 9 9 9\ncpu0 150 0 110 820 10 5 5 0 0 0\ncpu1 0 0 0 1100 0 0 0 0 0 0\nintr 1\n');
  expect(busyShare(before, after, [0])).toBeCloseTo(0.7);
  expect(busyShare(before, after, [0, 1])).toBeCloseTo(0.35);
  expect(busyShare(before, after, [2])).toBeNull();
});
