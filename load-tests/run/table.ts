import type { TrendName, TrendSummary } from '../lib/summary.ts';
import { type PercentileName, samplesNeeded, shares } from './merge.ts';
import type { LoadResult } from './result.ts';
import { parseThreshold } from './threshold.ts';

export interface FigureRow {
  name: string;
  found: string;
  limit: string;
  /** `ok`, `FAILED`, `?` for too few samples. */
  word: string;
  beside: string;
}

/** Each threshold with what was found. */
export function rowsOf({ judgement, summary }: LoadResult): FigureRow[] {
  return judgement.thresholds.map(({ name, ok, value, limit, isThin, samples, ownMs }) => {
    const isBound = !summary.isExact && parseThreshold(name)?.share !== null && samples !== null;
    const found = value === null ? 'nothing' : isThin ? '–' : `${isBound ? '≤ ' : ''}${numberText(value)}`;
    const notes = [
      ...(samples === null ? [] : [`${samples} samples${isThin ? ', too few' : ''}`]),
      ...(ownMs === null ? [] : [`rig ${numberText(ownMs)} ms`]),
    ];
    return {
      name,
      found,
      limit: numberText(limit),
      word: isThin ? '?' : ok ? 'ok' : 'FAILED',
      beside: notes.join(', '),
    };
  });
}

/** What callers and nodes say of the same run, in a line, and what they differ in. */
export function agreementLines({ agreements }: LoadResult): string[] {
  if (!agreements) return [];
  const differ = agreements.filter(({ ok }) => !ok);
  return [
    `Callers and nodes agree on ${agreements.length - differ.length} of ${agreements.length} figures.`,
    ...differ.map(({ name, callers, nodes }) => `  ${name}: callers ${numberText(callers)}, nodes ${nodes}`),
  ];
}

const percentiles = Object.keys(shares) as PercentileName[];

/** The verdict's table, times and counts, as lines of text. */
export function tableOf(result: LoadResult): string[] {
  const { summary } = result;
  const rows = rowsOf(result).map(({ name, found, limit, word, beside }) => [name, found, limit, word, beside]);
  const times = (Object.entries(summary.trends) as [TrendName, TrendSummary][]).map(([name, trend]) => [
    name,
    String(trend.count),
    trend.count === 0 ? '–' : numberText(trend.mean),
    ...percentiles.map((one) => figure(trend, one, summary.isExact)),
    trend.count === 0 ? '–' : numberText(trend.max),
  ]);
  const { calls } = summary;
  const most = (what: 'live' | 'waiting'): number => Math.max(...result.timeline.map((moment) => moment[what]));
  const failures = Object.entries(calls.failed).map(([why, count]) => `${count} ${why}`);
  return [
    ...columns([['threshold', 'found', 'limit', '', ''], ...rows], [0, 3, 4]),
    '',
    ...columns([['ms', 'samples', 'mean', 'p50', 'p90', 'p95', 'p99', 'p99.9', 'max'], ...times], [0]),
    '',
    `calls ${calls.started}: ${calls.answered} answered, ${calls.refused} refused, ${calls.waited} waited, ${calls.completed} completed, ${calls.hungUpByUs} hung up by us; failed: ${failures.join(', ') || 'none'}`,
    ...(result.timeline.length > 0 ? [`most at once: ${most('live')} on a node, ${most('waiting')} waiting`] : []),
    `core-seconds: ${Object.entries(summary.cpu)
      .map(([part, seconds]) => `${part} ${seconds.toFixed(1)}`)
      .join(', ')}`,
  ];
}

/** Never from too few samples. */
function figure(trend: TrendSummary, name: PercentileName, isExact: boolean): string {
  if (trend.count < samplesNeeded(shares[name])) return '–';
  return `${isExact ? '' : '≤'}${numberText(trend[name])}`;
}

export function numberText(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toPrecision(3);
}

/** Text to the left, figures to the right. */
function columns(rows: readonly (readonly string[])[], textColumns: readonly number[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const cell = (text: string, column: number): string =>
    textColumns.includes(column) ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(cell).join('  ').trimEnd());
}
