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
  },
  es: {
    midnight: 'la medianoche de hoy',
    bare: las,
    today: (time) => `${las(time)} de hoy`,
    tomorrow: (time) => `${las(time)} de mañana`,
    onDay: (time, day) => `${las(time)} del ${day}`,
    onDate: (time, day, date) => `${las(time)} del ${day} ${date}`,
  },
  fr: {
    midnight: 'minuit ce soir',
    bare: (time) => time,
    today: (time) => `${time} aujourd’hui`,
    tomorrow: (time) => `${time} demain`,
    onDay: (time, day) => `${time} ${day}`,
    onDate: (time, day, date) => `${time} le ${day} ${date}`,
  },
};

const days = calendars({ weekday: 'long' });
const dates = calendars({ month: 'long', day: 'numeric' });

function calendars(options: Intl.DateTimeFormatOptions): Record<LineLanguage, Intl.DateTimeFormat> {
  const calendar = (language: string) => new Intl.DateTimeFormat(language, { ...options, timeZone: 'UTC' });
  return { en: calendar('en-US'), es: calendar('es'), fr: calendar('fr') };
}

/** `Friday`, `viernes`. */
export function spokenWeekday(date: string, language: string): string {
  return days[lineLanguage(language)].format(new Date(`${date}T00:00:00Z`));
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
  const day = spokenWeekday(date, language);
  if (date < addDays(today, 7)) return saying.onDay(time, day);
  return saying.onDate(time, day, dates[lineLanguage(language)].format(new Date(`${date}T00:00:00Z`)));
}

/** Until when it is open: `18:00 today`, `midnight tonight`, else as an opening. */
export function spokenClosing(when: SpokenWhen): string {
  const { time, date, today, language } = when;
  const saying = sayings[lineLanguage(language)];
  if (time === '00:00' && date === addDays(today, 1)) return saying.midnight;
  return date === today ? saying.today(time) : spokenOpening(when);
}
