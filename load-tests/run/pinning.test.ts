import { expect, test } from 'vitest';
import { planCores } from './pinning.ts';
import { waitedMsIn } from './usage.ts';

test('nodes get cores of their own, and the rig what is left, one at least', () => {
  expect(planCores(8, 2)).toEqual({ rig: [0, 1, 2, 3, 4, 5], nodes: [6, 7] });
  expect(planCores(2, 3)).toEqual({ rig: [0], nodes: [1] });
  expect(planCores(1, 1)).toBeNull();
});

test('how long a process waited for a core, nothing where the system does not say', () => {
  expect(waitedMsIn('1109164 4042263 7\n')).toBeCloseTo(4.042263);
  expect([waitedMsIn(''), waitedMsIn('no figures here')]).toEqual([0, 0]);
});
