import fc from 'fast-check';
import { expect, test } from 'vitest';
import { capacityOf } from './capacity.ts';

const node = { callsMax: 100, switchedMax: null, isLoopOpen: true, isDraining: false, held: 40 };

test('a node takes the least of what is configured, switched and bearable', () => {
  expect(capacityOf(node)).toEqual({ calls: 100, reason: 'configured' });
  expect(capacityOf({ ...node, switchedMax: 60 })).toEqual({ calls: 60, reason: 'switched' });
  expect(capacityOf({ ...node, switchedMax: 160 })).toEqual({ calls: 100, reason: 'configured' });
  expect(capacityOf({ ...node, isLoopOpen: false })).toEqual({ calls: 40, reason: 'loop' });
  expect(capacityOf({ ...node, isLoopOpen: false, switchedMax: 30 })).toEqual({ calls: 30, reason: 'switched' });
  expect(capacityOf({ ...node, isDraining: true })).toEqual({ calls: 0, reason: 'draining' });
});

test('property: a loop without time lets nobody in, and never sets the bound below what is held', () => {
  const input = fc.record({
    callsMax: fc.integer({ min: 1, max: 1_000 }),
    switchedMax: fc.option(fc.nat(1_000)),
    isLoopOpen: fc.constant(false),
    isDraining: fc.constant(false),
    held: fc.nat(1_000),
  });
  fc.assert(
    fc.property(input, (given) => {
      const { calls } = capacityOf(given);
      expect(calls).toBeLessThanOrEqual(given.held);
      expect(calls).toBe(Math.min(given.held, given.callsMax, given.switchedMax ?? Infinity));
    }),
  );
});
