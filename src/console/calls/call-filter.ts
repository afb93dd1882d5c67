import { addDays, instantOf } from '../../services/local-time.ts';
import { type CallFilter, type CallPlace, digitsMin, type Turned } from '../../services/call-search.ts';

/** What was typed into the form, as it stands in the address. */
export type Asked = Record<(typeof fields)[number], string>;

const fields = ['from', 'until', 'number', 'intent', 'outcome', 'promotion', 'words'] as const;
const DATE = /^2\d{3}-\d{2}-\d{2}$/;
const TEXT_CHARS_MAX = 200;
/** The last moment that a Date can be. */
const TIME_MAX = 8.64e15;
const PLACE = /^(\d{1,16})-([\w-]{1,64})$/;

export const outcomeWords: Readonly<Record<string, string>> = {
  live: 'Going on',
  answered: 'Answered by Aida',
  transferred: 'Put through to staff',
  voicemail: 'Left a message',
  callback: 'To be called back',
  abandoned: 'Gave up waiting',
  menu: 'Keypad menu',
  missed: 'Missed',
  waiting: 'Waiting',
};

export interface Search {
  asked: Asked;
  /** What is wrong, by field. */
  faults: Partial<Record<keyof Asked, string>>;
  /** Null while something is wrong. */
  filter: CallFilter | null;
  turned: Turned;
  isFiltered: boolean;
}

export function readSearch(search: URLSearchParams, timeZone: string): Search {
  const textOf = (name: string): string => (search.get(name) ?? '').trim().slice(0, TEXT_CHARS_MAX);
  const asked = Object.fromEntries(fields.map((name) => [name, textOf(name)])) as Asked;
  const faults: Search['faults'] = {};
  for (const name of ['from', 'until'] as const)
    if (asked[name] !== '' && !isDate(asked[name])) faults[name] = 'Write the date as 2026-11-23.';
  if (!faults.from && !faults.until && asked.from && asked.until && asked.until < asked.from)
    faults.until = 'This is before the first day.';
  const digits = asked.number.replaceAll(/\D/g, '');
  if (asked.number !== '' && digits.length < digitsMin) faults.number = `At least ${digitsMin} digits of it.`;
  const isWrong = Object.keys(faults).length > 0;
  return {
    asked,
    faults,
    filter: isWrong ? null : filterOf(asked, timeZone),
    turned: turnOf(search),
    isFiltered: fields.some((name) => asked[name] !== ''),
  };
}

const isDate = (text: string): boolean => DATE.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));

/** Spaces and brackets in a number are for people. */
function filterOf({ from, until, number, intent, outcome, promotion, words }: Asked, timeZone: string): CallFilter {
  const digits = number.replaceAll(/[^\d+]/g, '');
  return {
    ...(from && { from: new Date(instantOf(from, 0, timeZone)) }),
    ...(until && { until: new Date(instantOf(addDays(until, 1), 0, timeZone)) }),
    ...(number && { number: digits }),
    ...(intent && { intent }),
    ...(outcome && { outcome }),
    ...(promotion && { promotion }),
    ...(words && { words }),
  };
}

function turnOf(search: URLSearchParams): Turned {
  const [older, newer] = [placeOf(search.get('older')), placeOf(search.get('newer'))];
  if (older) return { older };
  return newer ? { newer } : null;
}

function placeOf(text: string | null): CallPlace | null {
  const [, at, callSid] = PLACE.exec(text ?? '') ?? [];
  if (at === undefined || callSid === undefined || Number(at) > TIME_MAX) return null;
  return { at: new Date(Number(at)), callSid };
}

/** The address of the same search, elsewhere in it. */
export function searchHref(path: string, asked: Asked, more: Record<string, string> = {}): string {
  const query = new URLSearchParams();
  for (const name of fields) if (asked[name] !== '') query.set(name, asked[name]);
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

export const placeText = ({ startedAt, callSid }: { startedAt: Date; callSid: string }): string =>
  `${startedAt.getTime()}-${callSid}`;
