import { series, type SeriesSet } from './healthy.fixture.ts';
import type { Severity } from './rule.ts';

/** One thing that goes wrong in a fleet in which all else is well, or that looks as if. */
export interface Case {
  alert: string;
  severity: Severity;
  /** The sentence that the test says. */
  when: string;
  /** Instead of the healthy series of the same name and labels, or beside them. */
  series: SeriesSet;
  /** Minutes after the beginning at which the alert fires; of several windows: with which long one. */
  fires?: number;
  long?: string;
  /** Minutes at which it must be silent: not yet, no longer, or never. */
  silent: readonly number[];
  /** What else fires then, as `alert severity`: a consequence, or the same for more severe. */
  also?: readonly string[];
}

/** What goes wrong begins here: before that an hour was well. */
export const from = 60;
export const both = (set: (instance: string) => SeriesSet): SeriesSet => ({ ...set('node-1'), ...set('node-2') });
export const fleet = (name: string, labels: Record<string, string>, at: (minute: number) => number | null): SeriesSet =>
  both((node) => ({ [series(name, labels, node)]: at }));
export const one = (
  name: string,
  labels: Record<string, string>,
  at: (minute: number) => number | null,
): SeriesSet => ({
  [series(name, labels)]: at,
});
/** Level from the minute on at which it goes wrong, until it is well again. */
export const between =
  (start: number, end: number, before: number, then: number): ((minute: number) => number) =>
  (minute) =>
    minute >= start && minute < end ? then : before;
/** So many a minute between two minutes, none before and after. */
export const burst =
  (perMinute: number, start: number, end = Number.POSITIVE_INFINITY): ((minute: number) => number) =>
  (minute) =>
    perMinute * Math.max(0, Math.min(minute, end) - start);
