import { addDays, dateOf, dayNames, dayOfWeek, monthNames } from './local-time.ts';

/** Longest text that is read as a day; more is no day. */
const DAY_TEXT_CHARS_MAX = 80;
const DATES_MAX = 7;

const relative: Record<string, number> = {
  today: 0,
  tonight: 0,
  now: 0,
  'this morning': 0,
  'this afternoon': 0,
  'this evening': 0,
  'right now': 0,
  'day after tomorrow': 2,
  tomorrow: 1,
  'tomorrow morning': 1,
  'tomorrow afternoon': 1,
  'tomorrow evening': 1,
  'tomorrow night': 1,
  yesterday: -1,
};

const ordinals = [
  'first',
  'second',
  'third',
  'fourth',
  'fifth',
  'sixth',
  'seventh',
  'eighth',
  'ninth',
  'tenth',
  'eleventh',
  'twelfth',
  'thirteenth',
  'fourteenth',
  'fifteenth',
  'sixteenth',
  'seventeenth',
  'eighteenth',
  'nineteenth',
  'twentieth',
  'twenty first',
  'twenty second',
  'twenty third',
  'twenty fourth',
  'twenty fifth',
  'twenty sixth',
  'twenty seventh',
  'twenty eighth',
  'twenty ninth',
  'thirtieth',
  'thirty first',
];

const filler = new Set([
  'on',
  'the',
  'of',
  'this',
  'next',
  'coming',
  'for',
  'day',
  'upcoming',
  'until',
  'at',
  's',
  'please',
  'holiday',
]);

const timeOfDay = new Set(['and', 'or', 'morning', 'afternoon', 'evening', 'night']);

export interface SpecialDay {
  date: string;
  reason: string;
}

/**
 * The dates that a caller means by a day's name, a date or a holiday, in order, at most seven; null if it names no day.
 * A weekday, or a date without a year, is the next one, today included. Holidays are found among the special days'
 * reasons, from today on.
 */
export function spokenDates(text: string, today: string, specialDays: readonly SpecialDay[]): string[] | null {
  if (text.length > DAY_TEXT_CHARS_MAX) return null;
  const words = text.normalize('NFKD').toLowerCase().replaceAll(/['’.]/g, '').trim();
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:t.*)?$/.exec(words);
  if (iso) return found(dateOf(Number(iso[1]), Number(iso[2]), Number(iso[3])));
  const spoken = words.replaceAll(/[^a-z0-9/]+/g, ' ').trim();
  const offset = Object.hasOwn(relative, spoken.replace(/^the /, ''))
    ? relative[spoken.replace(/^the /, '')]
    : undefined;
  if (offset !== undefined) return [addDays(today, offset)];
  const tokens = spoken.split(' ').filter((token) => token !== '' && !filler.has(token));
  return (
    weekdays(tokens, spoken.startsWith('next ') ? addDays(today, 1) : today) ??
    monthAndDay(tokens, today) ??
    dayOfMonth(tokens, today) ??
    holiday(spoken, tokens, today, specialDays)
  );
}

function found(date: string | null): string[] | null {
  return date === null ? null : [date];
}

function weekdays(tokens: string[], from: string): string[] | null {
  const days = new Set<number>();
  for (const token of tokens) {
    if (timeOfDay.has(token)) continue;
    const named = weekdaysOf(token);
    if (named.length === 0) return null;
    for (const day of named) days.add(day);
  }
  const dates = Array.from({ length: 7 }, (_, ahead) => addDays(from, ahead)).filter((date) =>
    days.has(dayOfWeek(date)),
  );
  return dates.length > 0 ? dates : null;
}

function weekdaysOf(token: string): number[] {
  if (token === 'weekend' || token === 'weekends') return [6, 0];
  if (token === 'weekday' || token === 'weekdays') return [1, 2, 3, 4, 5];
  const day = dayNames.findIndex((name) => {
    const lower = name.toLowerCase();
    return (
      token === lower || token === `${lower}s` || (token.length >= 3 && token.length <= 5 && lower.startsWith(token))
    );
  });
  return day < 0 ? [] : [day];
}

/** `december 24`, `24th december 2026`, `dec twenty fourth`, `12/24`. */
function monthAndDay(tokens: string[], today: string): string[] | null {
  const numeric = /^(\d{1,2})\/(\d{1,2})(?:\/(\d{4}))?$/.exec(tokens.join(' '));
  if (numeric)
    return found(nearest(Number(numeric[1]), Number(numeric[2]), numeric[3] ? Number(numeric[3]) : null, today));
  const at = tokens.findIndex((token) => monthOf(token) > 0);
  if (at < 0) return null;
  const rest = tokens.filter((_, index) => index !== at);
  const year = rest.find((token) => /^\d{4}$/.test(token));
  const day = dayNumber(rest.filter((token) => token !== year));
  return day === null ? null : found(nearest(monthOf(tokens[at] ?? ''), day, year ? Number(year) : null, today));
}

function monthOf(token: string): number {
  return (
    monthNames.findIndex((name) => {
      const lower = name.toLowerCase();
      return token === lower || (token.length >= 3 && token.length <= 4 && lower.startsWith(token));
    }) + 1
  );
}

function dayNumber(tokens: string[]): number | null {
  const text = tokens.join(' ');
  const digits = /^(\d{1,2})(?:st|nd|rd|th)?$/.exec(text);
  if (digits) return Number(digits[1]);
  const ordinal = ordinals.indexOf(text);
  return ordinal < 0 ? null : ordinal + 1;
}

function nearest(month: number, day: number, year: number | null, today: string): string | null {
  if (year !== null) return dateOf(year, month, day);
  const thisYear = Number(today.slice(0, 4));
  for (let ahead = 0; ahead <= 8; ahead += 1) {
    const date = dateOf(thisYear + ahead, month, day);
    if (date !== null && date >= today) return date;
  }
  return null;
}

/** `the 24th`: of this month, else of the next that has such a day. A bare number is no day. */
function dayOfMonth(tokens: string[], today: string): string[] | null {
  if (tokens.length === 1 && /^\d+$/.test(tokens[0] ?? '')) return null;
  const day = dayNumber(tokens);
  if (day === null || day < 1 || day > 31) return null;
  const year = Number(today.slice(0, 4));
  const month = Number(today.slice(5, 7));
  for (let ahead = 0; ahead <= 2; ahead += 1) {
    const date = dateOf(year + Math.floor((month - 1 + ahead) / 12), ((month - 1 + ahead) % 12) + 1, day);
    if (date !== null && date >= today) return [date];
  }
  return null;
}

function holiday(spoken: string, tokens: string[], today: string, specialDays: readonly SpecialDay[]): string[] | null {
  if (tokens.length === 0) return null;
  const named = specialDays
    .filter(({ date }) => date >= today)
    .map(({ date, reason }) => ({
      date,
      said: ` ${reason
        .toLowerCase()
        .replaceAll(/['’.]/g, '')
        .replaceAll(/[^a-z0-9]+/g, ' ')} `,
    }));
  const exact = named.filter(({ said }) => said.includes(` ${spoken} `));
  const matching = exact.length > 0 ? exact : named.filter(({ said }) => tokens.every((token) => hasWord(said, token)));
  const dates = matching.map(({ date }) => date).toSorted();
  const [first] = dates;
  return first === undefined ? null : dates.filter((date) => date < addDays(first, DATES_MAX));
}

function hasWord(said: string, token: string): boolean {
  return said.includes(` ${token} `) || said.includes(` ${token}s `);
}
