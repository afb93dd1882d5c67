import type { Alert, Recording, Severity } from './rule.ts';
import type { Scale } from './scale.ts';

/** Something that callers are promised, of which a share may fail. */
export interface Objective {
  /** In the labels of recordings: `aida:slo_errors:ratio_rate5m{slo="answered"}`. */
  slo: string;
  /** Name of its alerts. */
  alert: string;
  /** Share that has to be good, over 30 days. */
  objective: number;
  /** Counted over a window: what went wrong, and all. */
  bad: (window: string) => string;
  all: (window: string) => string;
  /** In words, good; and what callers feel where it is not. */
  promise: string;
  callers: string;
}

interface Burn {
  severity: Severity;
  /** How many times faster than evenly over 30 days the budget goes: 2 % of it in an hour, 5 % in six, 10 % in three days. */
  factor: number;
  short: string;
  long: string;
}

/** Windows and factors of the SRE workbook, chapter 5. */
const burns: readonly Burn[] = [
  { severity: 'page', factor: 14.4, short: '5m', long: '1h' },
  { severity: 'page', factor: 6, short: '30m', long: '6h' },
  { severity: 'ticket', factor: 1, short: '6h', long: '3d' },
];
/** Fewer failures in the long window are chance: at night one call in ten is a tenth of all. */
const failuresMin = 5;
/** What is extrapolated from samples may come out below the count. */
const countedShare = 0.9;

const windows = ['5m', '30m', '1h', '6h', '3d'] as const;
/** They move slowly, and are dear to read. */
const slow: ReadonlySet<string> = new Set(['6h', '3d']);

const ratio = (window: string): string => `aida:slo_errors:ratio_rate${window}`;
const failures = (window: string): string => `aida:slo_failures:increase${window}`;

export function recordingsOf({ slo, bad, all }: Objective, scale: Scale, isSlow: boolean): Recording[] {
  return windows
    .filter((window) => slow.has(window) === isSlow)
    .flatMap((text) => {
      const window = scale.window(text);
      const labels = { slo };
      return [
        { record: failures(text), expr: bad(window), labels },
        // Nobody called: nothing went wrong.
        { record: ratio(text), expr: `(${bad(window)}) / ((${all(window)}) > 0)`, labels },
      ];
    });
}

/** What is promised, as series that boards draw. */
export const objectiveOf = ({ slo, objective }: Objective): Recording => ({
  record: 'aida:slo:objective',
  expr: `vector(${objective})`,
  labels: { slo },
});

export function burnAlertsOf({ slo, alert, objective, promise, callers }: Objective, scale: Scale): Alert[] {
  const budget = rounded(1 - objective);
  return burns.map(({ severity, factor, short, long }) => {
    const over = (window: string): string => `${ratio(window)}{slo="${slo}"} > ${rounded(factor * budget)}`;
    const enough = `${failures(long)}{slo="${slo}"} > ${countedShare * scale.count(failuresMin)}`;
    return {
      alert,
      expr: `${over(long)} and ${over(short)} and ${enough}`,
      severity,
      labels: { long, short },
      summary: `${promise}: not so for {{ $value | humanizePercentage }} in ${long}, and ${rounded(100 * budget)} % may`,
      callers,
    };
  });
}

const rounded = (value: number): number => Number(value.toPrecision(6));
