/** Calendar and wall-clock arithmetic in a store's time zone. Dates are `YYYY-MM-DD`, instants are ms since the epoch. */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

export interface WallTime {
  date: string;
  /** Minutes since local midnight as the clock on the wall shows them, 0–1439. */
  minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** True if the runtime knows this IANA time zone. */
export function isTimeZone(timeZone: string): boolean {
  try {
    return formatFor(timeZone) !== undefined;
  } catch {
    return false;
  }
}

/** What the clock on the store's wall shows at an instant. */
export function wallTime(at: number, timeZone: string): WallTime {
  const part: Record<string, string> = {};
  for (const { type, value } of formatFor(timeZone).formatToParts(at)) part[type] = value;
  return { date: `${part.year}-${part.month}-${part.day}`, minute: Number(part.hour) * 60 + Number(part.minute) };
}

function asUtc(wall: WallTime): number {
  return Date.parse(`${wall.date}T00:00:00Z`) + wall.minute * MINUTE_MS;
}

function offsetMs(at: number, timeZone: string): number {
  return asUtc(wallTime(at, timeZone)) - Math.floor(at / MINUTE_MS) * MINUTE_MS;
}

/**
 * The first instant at which the store's clock shows this time or a later one: the earlier of two where the clock
 * is set back, the moment of the change where it is set forward over the time. `minute` may be 1440 or more.
 */
export function instantOf(date: string, minute: number, timeZone: string): number {
  const local = asUtc({ date, minute });
  const offsets = [offsetMs(local - DAY_MS, timeZone), offsetMs(local + DAY_MS, timeZone)];
  for (const offset of offsets) if (offsetMs(local - offset, timeZone) === offset) return local - offset;
  let low = local - Math.max(...offsets);
  let high = local - Math.min(...offsets);
  while (high - low > MINUTE_MS) {
    const middle = low + Math.floor((high - low) / MINUTE_MS / 2) * MINUTE_MS;
    if (asUtc(wallTime(middle, timeZone)) >= local) high = middle;
    else low = middle;
  }
  return high;
}

export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** 0–6 from Sunday. */
export function dayOfWeek(date: string): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay();
}

/** The date, or null where the calendar has no such day (February 30). */
export function dateOf(year: number, month: number, day: number): string | null {
  const date = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  const at = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== date ? null : date;
}

/** `December 24`, as it is said. */
export function spokenDate(date: string): string {
  return `${monthNames[Number(date.slice(5, 7)) - 1] ?? ''} ${Number(date.slice(8, 10))}`;
}
