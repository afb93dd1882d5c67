import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LoopSample, loopLimits, type LoopState, nextLoopState, watchLoop } from './loop-budget.ts';

const calm: LoopSample = { busyShare: 0.3, delayMs: 2, stallMs: 5 };
const busy: LoopSample = { ...calm, busyShare: loopLimits.busyShareMax + 0.01 };
const late: LoopSample = { ...calm, delayMs: loopLimits.delayMsMax + 1 };
const between: LoopSample = { ...calm, busyShare: 0.8, delayMs: 60 };

function after(samples: readonly LoopSample[], from: LoopState = { open: true, against: 0 }): LoopState {
  return samples.reduce(nextLoopState, from);
}

const closed: LoopState = { open: false, against: 0 };
const times = (count: number, sample: LoopSample) => Array.from({ length: count }, () => sample);

test('admission closes when the loop is overloaded for two seconds, not for less', () => {
  for (const sample of [busy, late]) {
    expect(after(times(loopLimits.overloadedSamples - 1, sample)).open).toBe(true);
    expect(after(times(loopLimits.overloadedSamples, sample)).open).toBe(false);
    expect(after([...times(loopLimits.overloadedSamples - 1, sample), calm, sample]).open).toBe(true);
  }
});

test('a single stall closes admission at once', () => {
  expect(after([{ ...calm, stallMs: loopLimits.stallMs }]).open).toBe(false);
  expect(after([{ ...calm, stallMs: loopLimits.stallMs - 1 }]).open).toBe(true);
});

test('admission opens after three calm seconds in a row; what is neither calm nor too much changes nothing', () => {
  expect(after(times(loopLimits.calmSamples - 1, calm), closed).open).toBe(false);
  expect(after(times(loopLimits.calmSamples, calm), closed).open).toBe(true);
  expect(after(times(100, between), closed).open).toBe(false);
  expect(after(times(100, between)).open).toBe(true);
  expect(after([...times(loopLimits.calmSamples - 1, calm), between, calm], closed).open).toBe(false);
});

test('property: two changes of the same kind are at least the hysteresis apart', () => {
  const sample = fc.record({
    busyShare: fc.double({ min: 0, max: 1, noNaN: true }),
    delayMs: fc.integer({ min: 0, max: 200 }),
    stallMs: fc.integer({ min: 0, max: 1_000 }),
  });
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 200 }), (samples) => {
      let state: LoopState = { open: true, against: 0 };
      let closedFor = 0;
      for (const each of samples) {
        const next = nextLoopState(state, each);
        if (next.open && !state.open) expect(closedFor + 1).toBeGreaterThanOrEqual(loopLimits.calmSamples);
        closedFor = next.open ? 0 : state.open ? 0 : closedFor + 1;
        state = next;
      }
    }),
  );
});

test('fault 4: a loop that was blocked for two seconds closes admission with its first sample', async () => {
  const changes: { open: boolean; stallMs: number }[] = [];
  const closing = new Promise<void>((resolve) => {
    const stop = watchLoop((open, { stallMs }) => {
      changes.push({ open, stallMs });
      stop();
      resolve();
    });
    setImmediate(() => {
      const until = performance.now() + 2_000;
      while (performance.now() < until);
    });
  });
  await closing;
  expect(changes).toEqual([{ open: false, stallMs: expect.any(Number) }]);
  expect(changes[0]?.stallMs).toBeGreaterThan(1_000);
});
