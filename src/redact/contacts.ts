import { findRuns, type NumberRun } from './numbers.ts';
import { merge, type Span } from './spans.ts';

const INTERNATIONAL_DIGITS_MIN = 8;
const INTERNATIONAL_DIGITS_MAX = 15;
/** With the two zeros that stand for a plus. */
const ZEROS_DIGITS_MIN = 11;
const COUNTED_MIN = 5;
/** A number without country code, or with the North American one. */
const NATIONAL_DIGITS = [10, 11];
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
    if (plus && digits.length >= (digits.startsWith('00') ? ZEROS_DIGITS_MIN : INTERNATIONAL_DIGITS_MIN)) found = last;
    const whole = first === 0 && last === run.length - 1;
    if (!plus && !listed && NATIONAL_DIGITS.includes(digits.length) && (whole || isGrouped(run, first, last)))
      found = last;
  }
  return found === null || isCounting(run, first, found) ? null : found;
}

/** "One, two, three …", or down again. */
function isCounting(run: NumberRun, first: number, last: number): boolean {
  const numbers = run.slice(first, last + 1).map(({ digits }) => Number(digits));
  const step = (numbers[1] ?? 0) - (numbers[0] ?? 0);
  return (
    numbers.length >= COUNTED_MIN &&
    Math.abs(step) === 1 &&
    numbers.every((number, index) => index === 0 || number - (numbers[index - 1] ?? 0) === step)
  );
}

/** 3-3-4 digits, with or without a leading 1. */
function isGrouped(run: NumberRun, first: number, last: number): boolean {
  const lengths = run
    .slice(first, last + 1)
    .map((token) => token.digits.length)
    .join('-');
  return lengths === '3-3-4' || (lengths === '1-3-3-4' && run[first]?.digits === '1');
}
