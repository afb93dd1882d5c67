import type { StaffMember } from '../../entities/staff-member.ts';
import { clock, currentOpening, type DaySchedule, nextOpening, type Schedule } from './hours.ts';
import { wallTime } from './local-time.ts';
import { spokenOpening } from './spoken-time.ts';

/** Somebody who takes calls, as the catalog knows it. */
export interface StaffPerson {
  name: string;
  /** E.164. */
  number: string;
  ringS: number;
  /** `warm`: is told who calls and accepts by key. */
  mode: 'warm' | 'cold';
  /** By weekday from Sunday, undefined for a day off. */
  hours: 'always' | 'store' | readonly (DaySchedule | undefined)[];
}

const RING_S = 25;
const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

/**
 * Who is on the staff, in the order in which they are rung: the rows of those who are not away. A store without any
 * row has a list of numbers instead, which are put through at any hour.
 */
export function staffOf(rows: readonly StaffMember[], numbers: readonly string[]): StaffPerson[] {
  if (rows.length === 0) {
    return numbers.map((number) => ({ name: '', number, ringS: RING_S, mode: 'cold', hours: 'always' }));
  }
  return rows
    .filter(({ isAvailable }) => isAvailable)
    .toSorted((a, b) => a.sortOrder - b.sortOrder || a.id - b.id)
    .map(({ name, number, ringSeconds, mode, hours }) => ({
      name,
      number,
      ringS: ringSeconds,
      mode,
      hours: hours === null ? 'store' : hours.map(dayOf),
    }));
}

/** Rows are written by people: a day that is not understood is a day off. */
function dayOf(day: Partial<DaySchedule> | null): DaySchedule | undefined {
  const { openTime = '', closeTime = '' } = day ?? {};
  return TIME.test(openTime) && TIME.test(closeTime) ? { openTime, closeTime, isClosed: false } : undefined;
}

/** Nobody comes on a holiday, whatever the weekday says. */
function scheduleOf({ hours }: StaffPerson, store: Schedule): Schedule {
  if (hours === 'always' || hours === 'store') return store;
  const holidays = [...store.exceptions].filter(([, { isClosed }]) => isClosed);
  return { timeZone: store.timeZone, week: hours, exceptions: new Map(holidays) };
}

/** Who may be rung now, in their order. */
export function onDuty(staff: readonly StaffPerson[], store: Schedule, now: number): StaffPerson[] {
  return staff.filter((person) => person.hours === 'always' || currentOpening(scheduleOf(person, store), now) !== null);
}

/** When the first of them is there again, to be spoken after "at"; null where nobody ever is. */
export function staffReturns(
  staff: readonly StaffPerson[],
  store: Schedule,
  now: number,
  language: string,
): string | null {
  const openings = staff.map((person) => nextOpening(scheduleOf(person, store), now)?.opensAt ?? Infinity);
  const opensAt = Math.min(...openings);
  if (opensAt === Infinity) return null;
  const { date, minute } = wallTime(opensAt, store.timeZone);
  const today = wallTime(now, store.timeZone).date;
  return spokenOpening({ time: clock(minute), date, today, language });
}
