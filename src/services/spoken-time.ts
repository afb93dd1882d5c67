import { lineLanguage, type LineLanguage } from './lines.ts';
import { addDays } from './local-time.ts';

/** How a language says a time with the day that it is on. Times are `HH:MM`. */
interface Saying {
  midnight: string;
  bare(time: string): string;
  today(time: string): string;
  tomorrow(time: string): string;
  onDay(time: string, day: string): string;
  onDate(time: string, day: string, date: string): string;
  /** The days alone. */
  days: { today: string; tomorrow: string; weekday(day: string): string; date(day: string, date: string): string };
}

const las = (time: string) => `${time.startsWith('01:') ? 'la' : 'las'} ${time}`;

const sayings: Readonly<Record<LineLanguage, Saying>> = {
  en: {
    midnight: 'midnight tonight',
    bare: (time) => time,
    today: (time) => `${time} today`,
    tomorrow: (time) => `${time} tomorrow`,
    onDay: (time, day) => `${time} on ${day}`,
    onDate: (time, day, date) => `${time} on ${day}, ${date}`,
    days: {
      today: 'today',
      tomorrow: 'tomorrow',
      weekday: (day) => `on ${day}`,
      date: (day, date) => `on ${day}, ${date}`,
    },
  },
  es: {
    midnight: 'la medianoche de hoy',
    bare: las,
    today: (time) => `${las(time)} de hoy`,
    tomorrow: (time) => `${las(time)} de mañana`,
    onDay: (time, day) => `${las(time)} del ${day}`,
    onDate: (time, day, date) => `${las(time)} del ${day} ${date}`,
    days: {
      today: 'hoy',
      tomorrow: 'mañana',
      weekday: (day) => `el ${day}`,
      date: (day, date) => `el ${day} ${date}`,
    },
  },
  fr: {
    midnight: 'minuit ce soir',
    bare: (time) => time,
    today: (time) => `${time} aujourd’hui`,
    tomorrow: (time) => `${time} demain`,
    onDay: (time, day) => `${time} ${day}`,
    onDate: (time, day, date) => `${time} le ${day} ${date}`,
    days: {
      today: 'aujourd’hui',
      tomorrow: 'demain',
      weekday: (day) => day,
      date: (day, date) => `le ${day} ${date}`,
    },
  },
};

const days = calendars({ weekday: 'long' });
const dates = calendars({ month: 'long', day: 'numeric' });

function calendars(options: Intl.DateTimeFormatOptions): Record<LineLanguage, Intl.DateTimeFormat> {
  const calendar = (language: string) => new Intl.DateTimeFormat(language, { ...options, timeZone: 'UTC' });
  return { en: calendar('en-US'), es: calendar('es'), fr: calendar('fr') };
}

function weekdayOf(date: string, language: string): string {
  return days[lineLanguage(language)].format(new Date(`${date}T00:00:00Z`));
}

function dateOf(date: string, language: string): string {
  return dates[lineLanguage(language)].format(new Date(`${date}T00:00:00Z`));
}

/** `today`, `tomorrow`, `on Friday` within the week, else `on Friday, January 2`. */
export function spokenDay({ date, today, language }: Omit<SpokenWhen, 'time'>): string {
  const { days: say } = sayings[lineLanguage(language)];
  if (date === today) return say.today;
  if (date === addDays(today, 1)) return say.tomorrow;
  const day = weekdayOf(date, language);
  return date < addDays(today, 7) ? say.weekday(day) : say.date(day, dateOf(date, language));
}

export interface SpokenWhen {
  /** `HH:MM` on the store's wall. */
  time: string;
  /** `YYYY-MM-DD`, of the time and of the day on which it is said. */
  date: string;
  today: string;
  language: string;
}

/** When the store opens: `07:00`, `07:00 tomorrow`, `07:00 on Friday`, `07:00 on Friday, January 2`. */
export function spokenOpening({ time, date, today, language }: SpokenWhen): string {
  const saying = sayings[lineLanguage(language)];
  if (date === today) return saying.bare(time);
  if (date === addDays(today, 1)) return saying.tomorrow(time);
  const day = weekdayOf(date, language);
  if (date < addDays(today, 7)) return saying.onDay(time, day);
  return saying.onDate(time, day, dateOf(date, language));
}

/** Until when it is open: `18:00 today`, `midnight tonight`, else as an opening. */
export function spokenClosing(when: SpokenWhen): string {
  const { time, date, today, language } = when;
  const saying = sayings[lineLanguage(language)];
  if (time === '00:00' && date === addDays(today, 1)) return saying.midnight;
  return date === today ? saying.today(time) : spokenOpening(when);
}
