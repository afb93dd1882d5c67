import { beyond } from './buckets.ts';
import {
  type CounterName,
  counterNames,
  failureReasons,
  type LoadSummary,
  type ThresholdResult,
  trendBoundsMs,
  type TrendName,
  trendNames,
  type TrendSummary,
} from './summary.ts';

/** What k6 hands to `handleSummary`, as far as it is used. */
export interface K6Data {
  metrics: Readonly<
    Record<string, { values: Readonly<Record<string, number>>; thresholds?: Readonly<Record<string, { ok: boolean }>> }>
  >;
  state: { testRunDurationMs: number };
}

export const trendStats = ['count', 'avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)', 'p(99.9)'];
/** A bound that every count keeps: k6 tells of a metric's parts only where something is asked of them. */
const anyCount = 'count>=0';

/** What has to be asked of k6 so that buckets and reasons stand in its summary. */
export function partsAsked(): Record<string, string[]> {
  const parts: Record<string, string[]> = {};
  for (const why of failureReasons) parts[`aida_failed{why:${why}}`] = [anyCount];
  for (const name of trendNames)
    for (const le of [...trendBoundsMs[name], beyond]) parts[`${name}_bucket{le:${le}}`] = [anyCount];
  return parts;
}

export function summaryOf(
  data: K6Data,
  { generator, scenario }: Pick<LoadSummary, 'generator' | 'scenario'>,
): LoadSummary {
  const count = (name: string): number => data.metrics[name]?.values['count'] ?? 0;
  const counters = Object.fromEntries(counterNames.map((name) => [name, count(name)])) as Record<CounterName, number>;
  const failed = failureReasons.map((why) => [why, count(`aida_failed{why:${why}}`)] as const);
  const { testRunDurationMs } = data.state;
  return {
    generator,
    scenario,
    startedAt: new Date(Date.now() - testRunDurationMs).toISOString(),
    seconds: testRunDurationMs / 1_000,
    calls: {
      started: counters.aida_calls,
      answered: counters.aida_answered,
      refused: counters.aida_refused,
      waited: counters.aida_waited,
      completed: counters.aida_completed,
      failed: Object.fromEntries(failed.filter(([, times]) => times > 0)),
      hungUpByUs: counters.aida_hung_up_by_us,
    },
    trends: Object.fromEntries(trendNames.map((name) => [name, trendOf(data, name)])),
    counters,
    cpu: {},
    thresholds: thresholdsOf(data),
  };
}

function trendOf(data: K6Data, name: TrendName): TrendSummary {
  const values = data.metrics[name]?.values ?? {};
  const of = (stat: string): number => values[stat] ?? 0;
  let below = 0;
  const buckets = trendBoundsMs[name].map((le) => {
    below += data.metrics[`${name}_bucket{le:${le}}`]?.values['count'] ?? 0;
    return { le, count: below };
  });
  return {
    count: of('count'),
    min: of('min'),
    mean: of('avg'),
    max: of('max'),
    p50: of('med'),
    p90: of('p(90)'),
    p95: of('p(95)'),
    p99: of('p(99)'),
    p999: of('p(99.9)'),
    buckets,
  };
}

/**
 * Rules on whole metrics; those on parts are ours, to make k6 tell of them. A figure without samples keeps no rule; where
 * nothing was ever torn there is no gap to judge.
 */
function thresholdsOf(data: K6Data): ThresholdResult[] {
  return Object.entries(data.metrics).flatMap(([metric, { values, thresholds = {} }]) =>
    metric.includes('{') || (metric === 'aida_gap' && (values['count'] ?? 0) === 0)
      ? []
      : Object.entries(thresholds).map(([rule, { ok }]) => {
          const [, figure = '', bound = ''] = /^(.+?)(?:<=|>=|==|<|>)(.+)$/.exec(rule) ?? [];
          const isEmpty = 'avg' in values && (values['count'] ?? 0) === 0;
          const value = isEmpty ? null : (values[figure] ?? null);
          return { name: `${metric} ${rule}`, ok: ok && value !== null, value, limit: Number(bound) };
        }),
  );
}

const nameChars = 30;
const figureChars = 11;

/** The same for people. */
export function textOf(summary: LoadSummary): string {
  const { calls, trends, counters, thresholds } = summary;
  const cell = (text: string | number): string => String(text).padStart(figureChars);
  const lines = [
    `${summary.scenario}, ${summary.seconds.toFixed(0)} s: ${calls.started} calls, ${calls.answered} answered, ${calls.completed} completed, ${calls.waited} waited, ${calls.refused} refused, ${counters.aida_left} left, ${calls.hungUpByUs} hung up by us`,
    ...Object.entries(calls.failed).map(([why, times]) => `  failed: ${times} × ${why}`),
    '',
    `${'ms at the ear'.padEnd(nameChars)}${['samples', 'mean', 'p50', 'p95', 'p99', 'max'].map(cell).join('')}`,
    ...trendNames.map((name) => {
      const { count = 0, mean = 0, p50 = 0, p95 = 0, p99 = 0, max = 0 } = trends[name] ?? {};
      const figures = count === 0 ? [] : [mean, p50, p95, p99, max].map((ms) => ms.toFixed(1));
      return `${name.padEnd(nameChars)}${[count, ...figures].map(cell).join('')}`;
    }),
    '',
    ...counterNames
      .filter((name) => (counters[name] ?? 0) > 0)
      .map((name) => `${name.padEnd(nameChars)}${cell(counters[name] ?? 0)}`),
    '',
    ...thresholds.map(({ name, ok, value }) => {
      const found = value === null ? 'nothing measured' : Number.isInteger(value) ? value : value.toFixed(2);
      return `${ok ? '  ok    ' : '  MISSED'} ${name}: ${found}`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}
