import { z } from 'zod';
import { isLanguage } from '../languages.ts';
import { dateOf } from '../local-time.ts';
import type { Problems } from './form.ts';

/** Fields of forms: what was typed in, checked and tidied, or a sentence that says what is wrong. */

const CONTROLS = /[\p{Cc}\p{Cs}]/gu;
const CONTROLS_BUT_LINES = /[\p{Cs}]|(?![\n\t])\p{Cc}/gu;
const AMOUNT = /^\$?\s*(\d{1,6})(?:[.,](\d{1,2}))?$/;
const TIME = /^(\d{1,2}):([0-5]\d)$/;
const E164 = /^\+[1-9]\d{6,14}$/;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const EMAIL_CHARS_MAX = 200;
const SLUG = /^[\p{Ll}\p{N}]+(?:-[\p{Ll}\p{N}]+)*$/u;
const SPACES = / {2,}/g;

const typed = z.string().default('');

interface TextRule {
  max: number;
  /** Said when nothing is written; absent: it may be empty. */
  required?: string;
}

/** One line. */
export function line({ max, required }: TextRule) {
  return bounded(
    typed.transform((text) => text.toWellFormed().replaceAll(CONTROLS, ' ').replaceAll(SPACES, ' ').trim()),
    { max, ...(required !== undefined && { required }) },
  );
}

/** Several lines. */
export function block({ max, required }: TextRule) {
  return bounded(
    typed.transform((text) => text.replaceAll(/\r\n?/g, '\n').replaceAll(CONTROLS_BUT_LINES, ' ').trim()),
    { max, ...(required !== undefined && { required }) },
  );
}

function bounded(text: z.ZodType<string>, { max, required }: TextRule) {
  return text.superRefine((value, check) => {
    if (value === '' && required !== undefined) check.addIssue({ code: 'custom', message: required });
    if (value.length > max)
      check.addIssue({
        code: 'custom',
        message: `At most ${max.toLocaleString('en')} characters; these are ${value.length.toLocaleString('en')}.`,
      });
  });
}

/** What is left empty is nothing. */
export const orNull = (text: z.ZodType<string>) => text.transform((value) => (value === '' ? null : value));

export const box = z
  .string()
  .optional()
  .transform((value) => value !== undefined && value !== '' && value !== 'off');

export function whole(least: number, most: number) {
  const message = `A whole number from ${least} to ${most.toLocaleString('en')}.`;
  return typed.transform((text, check) => {
    const value = /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    check.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

/** `'4.50'` of `4.5`, `$4.50` and `4,50`. */
export const price = typed.transform((text, check) => {
  const [, units, hundredths = ''] = AMOUNT.exec(text.trim()) ?? [];
  if (units !== undefined) return `${Number(units)}.${hundredths.padEnd(2, '0')}`;
  check.addIssue({
    code: 'custom',
    message: text.trim() === '' ? 'A price is missing, as in 4.50.' : 'Not a price as in 4.50.',
  });
  return z.NEVER;
});

/** `07:00` of `7:00`. */
export const timeOfDay = typed.transform((text, check) => {
  const [, hour = '', minute = ''] = TIME.exec(text.trim().slice(0, 5)) ?? [];
  if (hour !== '' && Number(hour) < 24) return `${hour.padStart(2, '0')}:${minute}`;
  check.addIssue({ code: 'custom', message: 'Not a time as in 07:30 or 18:00.' });
  return z.NEVER;
});

export const calendarDate = typed.transform((text, check) => {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text.trim()) ?? [];
  const date = year === undefined ? null : dateOf(Number(year), Number(month), Number(day));
  if (date !== null) return date;
  check.addIssue({ code: 'custom', message: 'Not a date of the calendar as in 2026-12-24.' });
  return z.NEVER;
});

/** E.164, written with or without spaces and brackets. */
export function phoneOf(text: string): string | null {
  const number = text.replaceAll(/[\s().-]/g, '').replace(/^00/, '+');
  return E164.test(number) ? number : null;
}

const NUMBER_RULE = 'with the country code, as in +1 207 555 0143.';

export const phone = typed.transform((text, check) => {
  const number = phoneOf(text);
  if (number !== null) return number;
  check.addIssue({ code: 'custom', message: `A telephone number ${NUMBER_RULE}` });
  return z.NEVER;
});

/** One in each line. */
export function phones(max: number) {
  return listOf(max, (each) => phoneOf(each) ?? { problem: `“${shown(each)}” is no telephone number ${NUMBER_RULE}` });
}

/** ISO 639-1, one in each line, at least one. */
export function languageList(max: number) {
  return listOf(max, (each) => {
    const code = each.toLowerCase();
    return isLanguage(code) ? code : { problem: `“${shown(each)}” is no language as in en, es or fr.` };
  }).refine((codes) => codes.length > 0, 'At least one language, as in en.');
}

function listOf(max: number, read: (text: string) => string | { problem: string }) {
  return typed.transform((text, check) => {
    const parts = text.split(/[\n,;]/).map((each) => each.trim());
    const found = new Set<string>();
    for (const each of parts.filter((part) => part !== '')) {
      const value = read(each);
      if (typeof value === 'string') found.add(value);
      else check.addIssue({ code: 'custom', message: value.problem });
    }
    if (found.size > max) check.addIssue({ code: 'custom', message: `At most ${max}.` });
    return [...found];
  });
}

/** Texts by language; what is left empty is not said. */
export function linesByLanguage(charsMax: number) {
  return z
    .record(z.string(), z.string())
    .default({})
    .transform((lines, check) => {
      const said: Record<string, string> = {};
      for (const [language, text] of Object.entries(lines)) {
        const read = line({ max: charsMax }).safeParse(text);
        const message = isLanguage(language)
          ? read.error?.issues[0]?.message
          : 'This is no language as in en, es or fr.';
        if (message !== undefined) check.addIssue({ code: 'custom', path: [language], message });
        else if (read.data) said[language] = read.data;
      }
      return said;
    });
}

/** One that is too long is told so, and not looked through. */
export const email = line({ max: EMAIL_CHARS_MAX }).refine(
  (text) => text === '' || text.length > EMAIL_CHARS_MAX || EMAIL.test(text),
  'An e-mail address as in hello@example.com.',
);

/** Empty: made of the name. */
export const slug = line({ max: 100 })
  .transform((text) => text.toLowerCase())
  .refine((text) => text === '' || SLUG.test(text), 'Small letters, digits and hyphens, as in oat-milk-latte.');

export const shown = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** The first problem of each field. */
export function problemsOf(error: z.ZodError): Problems {
  const problems: Problems = {};
  for (const { path, message } of error.issues) problems[path.join('.') || 'form'] ??= message;
  return problems;
}
