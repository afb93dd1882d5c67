import { addDays, dayNames, dayOfWeek, instantOf, spokenDate, wallTime } from './local-time.ts';

/** How far ahead the next opening is looked for; a store closed for longer has none. */
const SEARCH_DAYS_MAX = 370;
/** Openings that follow each other without a gap for this many days are "around the clock". */
const CONTINUOUS_DAYS_MAX = 8;
const MINUTES_PER_DAY = 1440;

/** Times are `HH:MM` on the store's wall. Closing at or before opening means the next day: 18:00–02:00, 00:00–00:00. */
export interface DaySchedule {
  openTime: string;
  closeTime: string;
  isClosed: boolean;
}

/** Hours of one date that replace those of its weekday. */
export interface HoursException extends DaySchedule {
  date: string;
  reason: string;
}

export interface Schedule {
  timeZone: string;
  /** By dayOfWeek, 0–6 from Sunday. A missing day is closed. */
  week: readonly (DaySchedule | undefined)[];
  exceptions: ReadonlyMap<string, HoursException>;
}

export interface DayHours {
  dayName: string;
  /** `Closed` or `HH:MM - HH:MM`. */
  formattedHours: string;
}

export interface DateHours extends DayHours {
  date: string;
  /** Why the hours differ from the usual ones, '' where they don't. */
  reason: string;
}

export interface OpenNow {
  isOpen: boolean;
  message: string;
}

/** Open from `opensAt` up to, not including, `closesAt`; ms since the epoch. */
export interface Opening {
  opensAt: number;
  closesAt: number;
}

/** The usual hours of a weekday. */
export function weekdayHours(schedule: Schedule, day: number): DayHours {
  return { dayName: dayNames[day] ?? '', formattedHours: formatHours(schedule.week[day]) };
}

/** The hours of a date, exceptions included. */
export function dateHours(schedule: Schedule, date: string): DateHours {
  const exception = schedule.exceptions.get(date);
  const day = dayOfWeek(date);
  return {
    dayName: dayNames[day] ?? '',
    formattedHours: formatHours(exception ?? schedule.week[day]),
    date,
    reason: exception?.reason ?? '',
  };
}

function formatHours(day: DaySchedule | undefined): string {
  return day && !day.isClosed ? `${day.openTime} - ${day.closeTime}` : 'Closed';
}

/** The opening that begins on this date, or null on a closed day. */
export function openingOf(schedule: Schedule, date: string): Opening | null {
  const day = schedule.exceptions.get(date) ?? schedule.week[dayOfWeek(date)];
  if (!day || day.isClosed) return null;
  const opens = minuteOf(day.openTime);
  const closes = minuteOf(day.closeTime);
  const opensAt = instantOf(date, opens, schedule.timeZone);
  const closesAt =
    closes > opens
      ? instantOf(date, closes, schedule.timeZone)
      : instantOf(addDays(date, 1), closes % MINUTES_PER_DAY, schedule.timeZone);
  return closesAt > opensAt ? { opensAt, closesAt } : null;
}

/** Minutes since local midnight of `HH:MM`. */
export function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

/** The opening in which the store is now; one that an adjoining or overlapping opening continues is joined with it. */
export function currentOpening(schedule: Schedule, now: number): Opening | null {
  const today = wallTime(now, schedule.timeZone).date;
  let current: Opening | null = null;
  for (let day = -1; day <= CONTINUOUS_DAYS_MAX; day += 1) {
    const opening = openingOf(schedule, addDays(today, day));
    if (!opening) continue;
    if (current && opening.opensAt <= current.closesAt) {
      current = { opensAt: current.opensAt, closesAt: Math.max(current.closesAt, opening.closesAt) };
    } else if (!current && opening.opensAt <= now && now < opening.closesAt) {
      current = opening;
    }
  }
  return current;
}

/** The first opening that begins after now, or null. */
export function nextOpening(schedule: Schedule, now: number): Opening | null {
  const today = wallTime(now, schedule.timeZone).date;
  for (let day = 0; day <= SEARCH_DAYS_MAX; day += 1) {
    const opening = openingOf(schedule, addDays(today, day));
    if (opening && opening.opensAt > now) return opening;
  }
  return null;
}

/** Whether the store is open at this instant, in a sentence to be spoken. */
export function openNow(schedule: Schedule, now: number): OpenNow {
  const { timeZone } = schedule;
  const today = wallTime(now, timeZone).date;
  const current = currentOpening(schedule, now);
  if (current) {
    const continuous = current.closesAt >= instantOf(addDays(today, CONTINUOUS_DAYS_MAX), 0, timeZone);
    const message = continuous
      ? "We're open around the clock."
      : `We're open until ${spokenClosing(timeZone, today, current.closesAt)}.`;
    return { isOpen: true, message };
  }
  const closed = openingOf(schedule, today) ? "We're currently closed." : "We're closed today.";
  const next = nextOpening(schedule, now);
  if (!next) return { isOpen: false, message: closed };
  const wall = wallTime(next.opensAt, timeZone);
  return {
    isOpen: false,
    message: `${closed} We open at ${[clock(wall.minute), ...relativeDay(today, wall.date)].join(' ')}.`,
  };
}

function spokenClosing(timeZone: string, today: string, at: number): string {
  const wall = wallTime(at, timeZone);
  if (wall.minute === 0 && wall.date === addDays(today, 1)) return 'midnight tonight';
  return [clock(wall.minute), ...(wall.date === today ? ['today'] : relativeDay(today, wall.date))].join(' ');
}

/** The reverse of `minuteOf`. */
export function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** A day as it is said after a time: nothing for today, `tomorrow`, `on Friday` within the week, else `on Friday, January 2`. */
export function relativeDay(today: string, date: string): string[] {
  if (date === today) return [];
  if (date === addDays(today, 1)) return ['tomorrow'];
  const name = dayNames[dayOfWeek(date)] ?? '';
  return date < addDays(today, 7) ? [`on ${name}`] : [`on ${name}, ${spokenDate(date)}`];
}
