/** Wakes somebody, waits for the working day, or only shows that alerts arrive. */
export type Severity = 'page' | 'ticket' | 'none';

export interface Recording {
  /** `level:metric:operations`: what dashboards and alerts name. */
  record: string;
  expr: string;
  labels?: Readonly<Record<string, string>>;
}

export interface Alert {
  /** Name of its runbook, too. */
  alert: string;
  expr: string;
  /** True for so long before anybody is told. */
  for?: string;
  /** Goes on being told for so long after it is no longer true: what comes and goes is one alert. */
  keepFiringFor?: string;
  severity: Severity;
  labels?: Readonly<Record<string, string>>;
  /** One line, with the figure: `{{ $value }}` is the value of the expression. */
  summary: string;
  /** What callers feel. */
  callers: string;
}

export type Rule = Recording | Alert;

export interface Group {
  name: string;
  /** Between two evaluations; the server's own where it is left out. */
  interval?: string;
  rules: readonly Rule[];
}

export const isAlert = (rule: Rule): rule is Alert => 'alert' in rule;
