import type { LiveCall } from '../live/live-call.ts';
import { isUrgent, type LiveGroup, stateOf } from '../live/row.ts';
import { durationWords } from '../words.ts';

export interface LiveSummary {
  all: number;
  byGroup: Record<LiveGroup, number>;
  urgent: number;
  /** Of whoever waits longest; null for nobody. */
  longestWait: string | null;
}

/** What goes on, in numbers. `now`: Redis-clock ms. */
export function liveSummary(calls: readonly LiveCall[], now: number): LiveSummary {
  const byGroup: LiveSummary['byGroup'] = { talking: 0, waiting: 0, staff: 0, other: 0 };
  let [urgent, waitingSince] = [0, Infinity];
  for (const call of calls) {
    const { group } = stateOf(call.state);
    byGroup[group] += 1;
    if (isUrgent(call)) urgent += 1;
    if (group === 'waiting') waitingSince = Math.min(waitingSince, call.stateAt);
  }
  const waitedS = Math.floor(Math.max(0, now - waitingSince) / 1_000);
  return { all: calls.length, byGroup, urgent, longestWait: waitingSince === Infinity ? null : durationWords(waitedS) };
}
