import { expect, test } from 'vitest';
import { kneeOf, kneeWords, type Step } from './knee.ts';

const step = (calls: number, more: Partial<Step> = {}): Step => ({
  calls,
  failedShare: 0,
  p95Ms: 800,
  nodeCores: 0.1,
  isVoid: false,
  ...more,
});
const words = (steps: Step[], cores = 1): string => kneeWords(kneeOf(steps, cores));

test('the last level that was carried, by core', () => {
  expect(words([step(10), step(100), step(200, { p95Ms: 1000 }), step(300, { p95Ms: 1001 })], 2)).toBe(
    'Knee: 200 calls (100 per core); at 300 calls p95 is 1001 ms, unloaded 800 ms.',
  );
  expect(words([step(10), step(100, { failedShare: 0.005 }), step(200, { failedShare: 0.006 }), step(300)])).toBe(
    'Knee: 100 calls (100 per core); at 200 calls 0.6 % failed.',
  );
});

test('a knee beyond the last level, a rig that gave up before the nodes, and none at all', () => {
  expect(words([step(10), step(100)])).toBe('Knee: beyond 100 calls (100 per core).');
  expect(words([step(10), step(100, { isVoid: true })])).toBe(
    'Knee: 10 calls (10 per core); at 100 calls the rig is the bottleneck.',
  );
  expect(words([step(10, { p95Ms: null })])).toBe('No knee: at 10 calls there were too few answers to tell.');
});
