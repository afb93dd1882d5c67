import type { CallEvent } from '../../machines/call-events.ts';

/** A fact with its place in its call's journal, which tells it from every other fact of the call. */
export interface StoredFact {
  callSid: string;
  epoch: number;
  seq: number;
  fact: CallEvent;
}

export interface Place {
  epoch: number;
  seq: number;
}

export function isBefore(left: Place, right: Place): boolean {
  return left.epoch < right.epoch || (left.epoch === right.epoch && left.seq < right.seq);
}

/** By call, each call's facts as they came. */
export function byCall(facts: readonly StoredFact[]): Map<string, StoredFact[]> {
  return Map.groupBy(facts, ({ callSid }) => callSid);
}
