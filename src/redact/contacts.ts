import { findRuns, type NumberRun } from './numbers.ts';
import { merge, type Span } from './spans.ts';

const INTERNATIONAL_DIGITS_MIN = 8;
const INTERNATIONAL_DIGITS_MAX = 15;
/** A number without country code, or with the North American one. */
const NATIONAL_DIGITS = [10, 11];
const LOCAL_PART_LENGTH_MAX = 64;
const DOMAIN_LENGTH_MAX = 255;
const localPart = /^[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]$/u;
const domainPart = /^[\p{L}\p{N}.-]$/u;
/** "jo dot smith at example dot com" */
const spokenMail =
  /\b[\w.+-]{1,64}(?: (?:dot|underscore|dash) [\w+-]{1,64}){0,4} at [\w-]{1,63}(?: dot [\w-]{1,24}){1,4}\b/gi;
/** 555-1234, only where written as one. */
const localNumber = /(?<![\d-])\d{3}-\d{4}(?![\d-])/g;

/** Telephone numbers as digits and as words. Dates, times and prices in a row are none. */
export function findPhones(text: string): Span[] {
  const local = [...text.matchAll(localNumber)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
  return merge([...findRuns(text, 'added').flatMap((run) => phonesOfRun(text, run)), ...local]);
}

function phonesOfRun(text: string, run: NumberRun): Span[] {
  const spans: Span[] = [];
  for (let first = 0; first < run.length; first += 1) {
    const end = phoneEnd(run, first);
    if (end === null) continue;
    let start = run[first]?.start ?? 0;
    while (/[+(]/.test(text[start - 1] ?? '')) start -= 1;
    spans.push({ start, end: run[end]?.end ?? 0 });
    first = end;
  }
  return spans;
}

/** Index of the last token of a telephone number that begins with this one, null if none does. */
function phoneEnd(run: NumberRun, first: number): number | null {
  const plus = run[first]?.plus ?? false;
  let digits = '';
  let listed = true;
  let found: number | null = null;
  for (let last = first; last < run.length; last += 1) {
    const token = run[last];
    if (!token || (last > first && token.plus)) break;
    digits += token.digits;
    listed &&= token.listed;
    if (digits.length > INTERNATIONAL_DIGITS_MAX) break;
    if (plus && digits.length >= INTERNATIONAL_DIGITS_MIN) found = last;
    const whole = first === 0 && last === run.length - 1;
    if (!plus && !listed && NATIONAL_DIGITS.includes(digits.length) && (whole || isGrouped(run, first, last)))
      found = last;
  }
  return found;
}

/** 3-3-4 digits, with or without a leading 1. */
function isGrouped(run: NumberRun, first: number, last: number): boolean {
  const lengths = run
    .slice(first, last + 1)
    .map((token) => token.digits.length)
    .join('-');
  return lengths === '3-3-4' || (lengths === '1-3-3-4' && run[first]?.digits === '1');
}

/** Mail addresses as written, and as said with "at" and "dot". */
export function findMails(text: string): Span[] {
  const spans: Span[] = [];
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > 0 && at - start < LOCAL_PART_LENGTH_MAX && localPart.test(text[start - 1] ?? '')) start -= 1;
    let end = at + 1;
    while (end < text.length && end - at <= DOMAIN_LENGTH_MAX && domainPart.test(text[end] ?? '')) end += 1;
    while (/[.-]/.test(text[end - 1] ?? '')) end -= 1;
    if (start < at && text.slice(at + 1, end).includes('.')) spans.push({ start, end });
  }
  if (/ at /i.test(text)) {
    for (const match of text.matchAll(spokenMail))
      spans.push({ start: match.index, end: match.index + match[0].length });
  }
  return merge(spans);
}
