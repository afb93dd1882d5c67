import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Usage } from '../../machines/call-events.ts';
import { budgetLimits, ceilingOf, type CeilingInput, UseMeter } from './budget.ts';

const open: CeilingInput = {
  carrierCallsMax: null,
  modelSessionsMax: null,
  tokens: null,
  requests: null,
  use: { tokens: 10_000, requests: 5 },
  now: 0,
};
const full = (limit: number) => ({ limit, remaining: limit, resetS: 0, at: 0 });

describe('the ceiling', () => {
  test('is the least of what the accounts bear, and named', () => {
    expect(ceilingOf(open)).toEqual({ calls: Infinity, reason: null });
    expect(ceilingOf({ ...open, carrierCallsMax: 300 })).toEqual({ calls: 300, reason: 'carrier' });
    expect(ceilingOf({ ...open, carrierCallsMax: 300, modelSessionsMax: 200 })).toEqual({
      calls: 200,
      reason: 'sessions',
    });
    expect(ceilingOf({ ...open, modelSessionsMax: 200, tokens: full(1_000_000) })).toEqual({
      calls: 90,
      reason: 'tokens',
    });
    expect(ceilingOf({ ...open, tokens: full(1_000_000), requests: full(100) })).toEqual({
      calls: 18,
      reason: 'requests',
    });
  });

  test('an account that is used up lets nobody in until a twentieth has come back', () => {
    const tokens = { limit: 40_000, remaining: 0, resetS: 60, at: 1_000 };
    expect(ceilingOf({ ...open, tokens, now: 1_000 })).toEqual({ calls: 0, reason: 'tokens' });
    expect(ceilingOf({ ...open, tokens, now: 1_000 + 2_999 })).toEqual({ calls: 0, reason: 'tokens' });
    expect(ceilingOf({ ...open, tokens, now: 1_000 + 3_000 })).toEqual({ calls: 3, reason: 'tokens' });
  });

  test('an account that bears less than one call bears one', () => {
    expect(ceilingOf({ ...open, tokens: full(500) }).calls).toBe(1);
  });

  test('property: it never exceeds what any one account bears', () => {
    const some = fc.option(fc.integer({ min: 1, max: 10_000 }));
    const allowance = fc.option(
      fc.record({
        limit: fc.integer({ min: 0, max: 1_000_000 }),
        remaining: fc.integer({ min: 0, max: 1_000_000 }),
        resetS: fc.integer({ min: 0, max: 60 }),
        at: fc.constant(0),
      }),
    );
    fc.assert(
      fc.property(some, some, allowance, allowance, fc.nat(120_000), (carrier, sessions, tokens, requests, now) => {
        const input = { ...open, carrierCallsMax: carrier, modelSessionsMax: sessions, tokens, requests, now };
        const { calls, reason } = ceilingOf(input);
        expect(calls).toBeGreaterThanOrEqual(0);
        expect(calls).toBeLessThanOrEqual(carrier ?? Infinity);
        expect(calls).toBeLessThanOrEqual(sessions ?? Infinity);
        if (tokens && tokens.limit > 0 && calls > 1) expect(calls * open.use.tokens).toBeLessThanOrEqual(tokens.limit);
        expect(reason === null).toBe(calls === Infinity);
      }),
    );
  });
});

describe('what a call uses', () => {
  const usage = (tokens: number): Usage => ({
    textIn: tokens,
    textInCached: 0,
    audioIn: 0,
    audioInCached: 0,
    textOut: 0,
    audioOut: 0,
  });

  test('is assumed until calls have shown it', () => {
    const meter = new UseMeter();
    expect(meter.perCallMinute).toEqual({ tokens: budgetLimits.assumedTokens, requests: budgetLimits.assumedRequests });
    meter.used(usage(1_000_000));
    expect(meter.perCallMinute.tokens).toBe(110_000);
  });

  test('is learned as an average over call-minutes, and follows a change', () => {
    const meter = new UseMeter();
    const live = (minutes: number, tokens: number, responses: number) => {
      for (let minute = 0; minute < minutes; minute += 1) {
        for (let each = 0; each < responses * 100; each += 1) meter.used(usage(tokens / responses));
        meter.passed(100, 60_000);
      }
    };
    live(60, 4_000, 4);
    expect(meter.perCallMinute.tokens).toBeCloseTo(4_000, -2);
    expect(meter.perCallMinute.requests).toBeCloseTo(4, 1);
    live(120, 20_000, 10);
    expect(meter.perCallMinute.tokens).toBeGreaterThan(19_000);
  });
});
