import type { ClosedBehaviour, StoreSettings, TextByLanguage } from '../../entities/store-settings.ts';
import { defaultLanguage, isLanguage } from './languages.ts';
import { dateOf, isTimeZone } from './local-time.ts';

/** What a store may write, beyond what its columns allow by themselves. */
export const storeLimits = {
  languagesMax: 8,
  /** About ten seconds of speech. */
  closedLineCharsMax: 160,
  callMinutesMin: 2,
  callMinutesMax: 240,
} as const;

/** What is used where a store wrote nothing that can be. */
export const storeDefaults: { timeZone: string; closedBehaviour: ClosedBehaviour; callMinutes: number } = {
  timeZone: 'America/New_York',
  closedBehaviour: 'assistant',
  callMinutes: 30,
};

const E164 = /^\+[1-9]\d{6,14}$/;
const LOCAL_MINUTE = /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d$/;
const SHOWN_CHARS_MAX = 60;

const closedBehaviours: readonly string[] = ['assistant', 'announce', 'voicemail'] satisfies ClosedBehaviour[];

/** Says of one value which rule it breaks and what is used in its place: one line, for whoever wrote it. */
export type OnProblem = (problem: string) => void;

function problemOf(place: string, value: unknown, rule: string, used: string): string {
  const shown = (JSON.stringify(value) ?? 'undefined').slice(0, SHOWN_CHARS_MAX);
  return `${place} ${shown}: ${rule}; ${used}`;
}

type Checked = Pick<
  StoreSettings,
  'timeZone' | 'languages' | 'closedBehaviour' | 'closedLine' | 'maxCallMinutes' | 'staffNumbers' | 'sharedNumbers'
>;

/** Settings that every part may rely on: a value that cannot be used is replaced by its default, and told of. */
export function checkedSettings(settings: Checked, onProblem: OnProblem): Checked {
  const told = (column: string, value: unknown, rule: string, used: string) =>
    onProblem(problemOf(`store_settings.${column}`, value, rule, used));
  const good = <T>(column: string, value: T, usual: T, isGood: boolean, rule: string): T => {
    if (isGood) return value;
    told(column, value, rule, `${String(usual)} is used`);
    return usual;
  };
  const numbers = (column: string, values: readonly string[]) =>
    values.filter((value) => {
      if (E164.test(value)) return true;
      told(column, value, 'not a number as in +12075550143', 'it is left out');
      return false;
    });
  const { timeZone, closedBehaviour, maxCallMinutes: minutes } = settings;
  const { callMinutesMin: least, callMinutesMax: most } = storeLimits;
  const areMinutes = Number.isInteger(minutes) && least <= minutes && minutes <= most;
  const { timeZone: usualZone, closedBehaviour: usualBehaviour, callMinutes } = storeDefaults;
  return {
    timeZone: good('time_zone', timeZone, usualZone, isTimeZone(timeZone), `no time zone as in ${usualZone}`),
    closedBehaviour: good(
      'closed_behaviour',
      closedBehaviour,
      usualBehaviour,
      closedBehaviours.includes(closedBehaviour),
      `none of ${closedBehaviours.join(', ')}`,
    ),
    maxCallMinutes: good(
      'max_call_minutes',
      minutes,
      callMinutes,
      areMinutes,
      `not a whole number from ${least} to ${most}`,
    ),
    languages: checkedLanguages(settings.languages, (value, rule, used) => told('languages', value, rule, used)),
    closedLine: checkedLines('store_settings.closed_line', settings.closedLine, onProblem),
    staffNumbers: numbers('staff_numbers', settings.staffNumbers),
    sharedNumbers: numbers('shared_numbers', settings.sharedNumbers),
  };
}

function checkedLanguages(
  languages: readonly string[],
  told: (value: unknown, rule: string, used: string) => void,
): string[] {
  const good = languages.filter((code) => {
    if (isLanguage(code)) return true;
    told(code, 'no language of ISO 639-1 as in en', 'it is left out');
    return false;
  });
  const offered = [...new Set(good)].slice(0, storeLimits.languagesMax);
  if (offered.length > 0) return offered;
  told(languages, 'no language', `${defaultLanguage} is used`);
  return [defaultLanguage];
}

/** Texts by language; those that cannot be said are left out. */
export function checkedLines(place: string, lines: unknown, onProblem: OnProblem): TextByLanguage {
  if (typeof lines !== 'object' || lines === null || Array.isArray(lines)) {
    onProblem(problemOf(place, lines, 'not texts by language as in {"en": "…"}', 'nothing is used'));
    return {};
  }
  const { closedLineCharsMax } = storeLimits;
  const good = Object.entries(lines).flatMap(([language, line]: [string, unknown]) => {
    const isText = typeof line === 'string' && line.trim() !== '' && line.length <= closedLineCharsMax;
    if (isLanguage(language) && isText) return [[language, line.trim()] as const];
    const rule = isLanguage(language)
      ? `not a text of up to ${closedLineCharsMax} characters`
      : `${language} is no language of ISO 639-1`;
    onProblem(problemOf(place, line, rule, 'it is left out'));
    return [];
  });
  return Object.fromEntries(good);
}

/** True for a minute that the calendar has, `YYYY-MM-DDTHH:MM`. */
export function isLocalMinute(text: string): boolean {
  const parts = LOCAL_MINUTE.exec(text);
  return parts !== null && dateOf(Number(parts[1]), Number(parts[2]), Number(parts[3])) !== null;
}

/** A promotion that can be said; its questions are those that have an answer. Null: it is left out. */
export function checkedPromotion<P extends { slug: string; startsLocal: string; endsLocal: string }>(
  promotion: P & { questions: unknown },
  onProblem: OnProblem,
): (P & { questions: { question: string; answer: string }[] }) | null {
  const { slug, startsLocal, endsLocal, questions } = promotion;
  const place = `promotion ${slug}`;
  for (const [column, value] of Object.entries({ starts_local: startsLocal, ends_local: endsLocal })) {
    if (isLocalMinute(value)) continue;
    onProblem(problemOf(`${place} ${column}`, value, 'no minute of the calendar', 'the promotion is left out'));
    return null;
  }
  const listed: unknown[] = Array.isArray(questions) ? questions : [questions];
  const good = listed.filter((each): each is { question: string; answer: string } => {
    if (isQuestion(each)) return true;
    onProblem(problemOf(`${place} questions`, each, 'no {"question": "…", "answer": "…"}', 'it is left out'));
    return false;
  });
  return { ...promotion, questions: good };
}

function isQuestion(each: unknown): each is { question: string; answer: string } {
  if (typeof each !== 'object' || each === null) return false;
  const { question, answer } = each as Record<string, unknown>;
  return typeof question === 'string' && question.trim() !== '' && typeof answer === 'string' && answer.trim() !== '';
}
