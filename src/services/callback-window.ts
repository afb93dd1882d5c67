import { clock, minuteOf } from './hours.ts';
import { type LineLanguage, lineLanguage } from './lines.ts';
import { addDays, instantOf, wallTime } from './local-time.ts';
import { spokenClosing, spokenDay } from './spoken-time.ts';

/** What a store promises to callers who would rather be called back. */
export interface CallbackPolicy {
  offered: boolean;
  /** Minutes of the hours below within which the call comes. */
  withinMinutes: number;
  /** `HH:MM` on the store's wall, each day; from the first up to the second, which is later. */
  openTime: string;
  closeTime: string;
  /** Dials by itself. */
  dialler: boolean;
  callsPerMinute: number;
  attemptsMax: number;
}

/** Milliseconds since the epoch. */
export interface CallbackWindow {
  start: number;
  end: number;
}

const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;
/** A promise is kept within so many days, whatever its minutes and hours are. */
const DAYS_MAX = 30;

/** Calls are made in it, whatever was promised. */
export function isCallbackTime(policy: CallbackPolicy, timeZone: string, at: number): boolean {
  const { minute } = wallTime(at, timeZone);
  return minuteOf(policy.openTime) <= minute && minute < minuteOf(policy.closeTime);
}

/** When whoever asks now is called back: the minutes count only while calls are made. */
export function callbackWindow(policy: CallbackPolicy, timeZone: string, askedAt: number): CallbackWindow {
  const { date: today } = wallTime(askedAt, timeZone);
  let start: number | null = null;
  let end = askedAt;
  let leftMs = policy.withinMinutes * MINUTE_MS;
  for (let day = 0; day < DAYS_MAX && leftMs > 0; day += 1) {
    const date = addDays(today, day);
    const opens = Math.max(askedAt, instantOf(date, minuteOf(policy.openTime), timeZone));
    const closes = instantOf(date, minuteOf(policy.closeTime), timeZone);
    if (closes <= opens) continue;
    start ??= opens;
    end = Math.min(closes, opens + leftMs);
    leftMs -= end - opens;
  }
  return { start: start ?? askedAt, end };
}

/** `within 2 hours`, `tomorrow between 09:00 and 11:00`, `by 10:30 tomorrow`: no more than what is configured. */
export function spokenCallback(policy: CallbackPolicy, timeZone: string, askedAt: number, language: string): string {
  const { start, end } = callbackWindow(policy, timeZone, askedAt);
  const today = wallTime(askedAt, timeZone).date;
  const [from, until] = [wallTime(start, timeZone), wallTime(end, timeZone)];
  const words = promises[lineLanguage(language)];
  if (start === askedAt && end - start === policy.withinMinutes * MINUTE_MS)
    return words.within(spokenMinutes(policy.withinMinutes, words));
  if (from.date !== until.date)
    return words.by(spokenClosing({ time: clock(until.minute), date: until.date, today, language }));
  return words.between(spokenDay({ date: from.date, today, language }), clock(from.minute), clock(until.minute));
}

interface PromiseWords {
  /** For one, and more. */
  minutes: readonly [string, string];
  hours: readonly [string, string];
  within(duration: string): string;
  between(day: string, from: string, until: string): string;
  by(when: string): string;
}

const promises: Readonly<Record<LineLanguage, PromiseWords>> = {
  en: {
    minutes: ['a minute', 'minutes'],
    hours: ['an hour', 'hours'],
    within: (duration) => `within ${duration}`,
    between: (day, from, until) => `${day} between ${from} and ${until}`,
    by: (when) => `by ${when}`,
  },
  es: {
    minutes: ['un minuto', 'minutos'],
    hours: ['una hora', 'horas'],
    within: (duration) => `en menos de ${duration}`,
    between: (day, from, until) => `${day} entre las ${from} y las ${until}`,
    by: (when) => `antes de ${when}`,
  },
  fr: {
    minutes: ['une minute', 'minutes'],
    hours: ['une heure', 'heures'],
    within: (duration) => `d’ici ${duration}`,
    between: (day, from, until) => `${day} entre ${from} et ${until}`,
    by: (when) => `avant ${when}`,
  },
};

function spokenMinutes(minutes: number, words: PromiseWords): string {
  const hours = minutes / HOUR_MINUTES;
  const [count, [one, many]] = Number.isInteger(hours) ? [hours, words.hours] : [minutes, words.minutes];
  return count === 1 ? one : `${count} ${many}`;
}
