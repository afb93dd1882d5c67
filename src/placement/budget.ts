import type { Usage } from '../../machines/call-events.ts';
import { tokensOf } from './spend.ts';

/** Bounds of what is learned from the model's account. */
export const budgetLimits = {
  /** Of what the account allows per minute, calls are counted on so much: no minute is like the average one. */
  plannedShare: 0.9,
  /** Less than this left of an allowance: no new call until more has come back. */
  exhaustedShare: 0.05,
  /** What a call is taken to use in a minute until calls have shown it: the weight of `assumedCallMinutes`. */
  assumedTokens: 10_000,
  assumedRequests: 6,
  assumedCallMinutes: 10,
  /** What calls have shown counts half after this many call-minutes. */
  memoryCallMinutes: 1_000,
} as const;

/** One allowance of the model's account, as it said with a response. */
export interface Allowance {
  /** Per minute. */
  limit: number;
  remaining: number;
  /** Until all of it is there again. */
  resetS: number;
  /** When it was said, ms on any clock that `ceilingOf` is asked by. */
  at: number;
}

/** What one call uses in a minute, over many. */
export interface CallUse {
  tokens: number;
  requests: number;
}

/** Learns what a call uses: tokens and responses against the minutes that calls were live. */
export class UseMeter {
  private minutes: number = budgetLimits.assumedCallMinutes;
  private tokens: number = budgetLimits.assumedCallMinutes * budgetLimits.assumedTokens;
  private requests: number = budgetLimits.assumedCallMinutes * budgetLimits.assumedRequests;

  /** A response is over. */
  used(usage: Usage): void {
    this.tokens += tokensOf(usage);
    this.requests += 1;
  }

  /** So many calls were live for so long. */
  passed(calls: number, ms: number): void {
    this.minutes += (calls * ms) / 60_000;
    if (this.minutes < 2 * budgetLimits.memoryCallMinutes) return;
    this.minutes /= 2;
    this.tokens /= 2;
    this.requests /= 2;
  }

  get perCallMinute(): CallUse {
    return { tokens: this.tokens / this.minutes, requests: this.requests / this.minutes };
  }
}

/** What lets no further call in, over the whole fleet. */
export type CeilingReason = 'carrier' | 'sessions' | 'tokens' | 'requests';

export interface CeilingInput {
  carrierCallsMax: number | null;
  modelSessionsMax: number | null;
  tokens: Allowance | null;
  requests: Allowance | null;
  use: CallUse;
  now: number;
}

export interface Ceiling {
  /** Calls of the whole fleet; Infinity for no ceiling. */
  calls: number;
  reason: CeilingReason | null;
}

/** How many calls each account bears, those that bound nothing with Infinity. */
export function ceilingsOf(input: CeilingInput): [CeilingReason, number][] {
  const { tokens, requests, use, now } = input;
  return [
    ['carrier', input.carrierCallsMax ?? Infinity],
    ['sessions', input.modelSessionsMax ?? Infinity],
    ['tokens', callsWithin(tokens, use.tokens, now)],
    ['requests', callsWithin(requests, use.requests, now)],
  ];
}

/** What the account bears that bears the fewest calls. */
export function ceilingOf(input: CeilingInput): Ceiling {
  return ceilingsOf(input).reduce<Ceiling>(
    (least, [reason, calls]) => (calls < least.calls ? { calls, reason } : least),
    {
      calls: Infinity,
      reason: null,
    },
  );
}

function callsWithin(allowance: Allowance | null, perCallMinute: number, now: number): number {
  if (!allowance || allowance.limit <= 0) return Infinity;
  if (remainingAt(allowance, now) < allowance.limit * budgetLimits.exhaustedShare) return 0;
  // An account that bears less than one call bears one: nobody would ever be answered.
  return Math.max(1, Math.floor((allowance.limit * budgetLimits.plannedShare) / perCallMinute));
}

/** What is left by now if nothing more was used: it comes back evenly. */
export function remainingAt({ limit, remaining, resetS, at }: Allowance, now: number): number {
  const share = resetS > 0 ? Math.min(1, Math.max(0, now - at) / (resetS * 1_000)) : 1;
  return remaining + (limit - remaining) * share;
}
