import type { ClosedBehaviour } from '../../entities/store-settings.ts';
import type { Catalog } from './catalog.ts';
import { areHoursKnown, currentOpening, nextOpens, openNow } from './hours.ts';
import { wallTime } from './local-time.ts';

export interface ClosedNow {
  behaviour: ClosedBehaviour;
  /** The store's own line or ours, and when it opens. */
  words: string;
}

/** What callers get now; null while the store is open, and for one of whose hours nothing is known. */
export function closedNow({ closed, schedule }: Catalog, now: number, language: string): ClosedNow | null {
  if (!areHoursKnown(schedule) || currentOpening(schedule, now) !== null) return null;
  const { date } = wallTime(now, schedule.timeZone);
  const own = schedule.exceptions.get(date)?.closedLine?.[language] ?? closed.lines[language];
  if (own === undefined) return { behaviour: closed.behaviour, words: openNow(schedule, now, language).message };
  const opens = nextOpens(schedule, now, language);
  return { behaviour: closed.behaviour, words: opens === null ? own : `${own} ${opens}` };
}
