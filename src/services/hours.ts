import { defaultLanguage } from './languages.ts';
import { type LineName, type LineValues, lineText } from './lines.ts';
import { addDays, dayNames, dayOfWeek, instantOf, wallTime } from './local-time.ts';
import { spokenClosing, spokenOpening } from './spoken-time.ts';

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
  /** Its name, said to callers: `Thanksgiving`. */
  reason: string;
  /** By language; what is said first while the store is closed on that date, in place of the usual line. */
  closedLine?: Readonly<Record<string, string>>;
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

/** False for a store that has told nothing of its hours: it is not said to be closed. */
export function areHoursKnown({ week, exceptions }: Schedule): boolean {
  return exceptions.size > 0 || week.some((day) => day !== undefined);
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

/** Whether the store is open at this instant, in sentences to be spoken in this language. */
export function openNow(schedule: Schedule, now: number, language = defaultLanguage): OpenNow {
  const { timeZone } = schedule;
  const today = wallTime(now, timeZone).date;
  const current = currentOpening(schedule, now);
  const said = (line: LineName, values: LineValues = {}) => lineText(line, nobody, language, values);
  if (current) {
    if (current.closesAt >= instantOf(addDays(today, CONTINUOUS_DAYS_MAX), 0, timeZone))
      return { isOpen: true, message: said('openAlways') };
    const when = spokenClosing({ ...onTheWall(current.closesAt, timeZone), today, language });
    return { isOpen: true, message: said('openUntil', { when }) };
  }
  const reason = schedule.exceptions.get(today)?.reason.trim() ?? '';
  const closed = openingOf(schedule, today)
    ? said('closedNow')
    : said(reason === '' ? 'closedToday' : 'closedFor', { reason });
  const opens = nextOpens(schedule, now, language);
  return { isOpen: false, message: opens === null ? closed : `${closed} ${opens}` };
}

/** `We open at 07:00 tomorrow.`, or null for a store that opens no more. */
export function nextOpens(schedule: Schedule, now: number, language: string): string | null {
  const next = nextOpening(schedule, now);
  if (next === null) return null;
  const today = wallTime(now, schedule.timeZone).date;
  const when = spokenOpening({ ...onTheWall(next.opensAt, schedule.timeZone), today, language });
  return lineText('opensAt', nobody, language, { when });
}

/** Sentences about hours do not name the store. */
const nobody = { name: '', greeting: '', languages: [] };

function onTheWall(at: number, timeZone: string): { date: string; time: string } {
  const { date, minute } = wallTime(at, timeZone);
  return { date, time: clock(minute) };
}

/** The reverse of `minuteOf`. */
export function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}
