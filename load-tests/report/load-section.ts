import type { TrendName } from '../lib/summary.ts';
import { kneeWords, type Step } from '../run/knee.ts';
import { samplesNeeded, shares } from '../run/merge.ts';
import { rowsOf } from '../run/table.ts';
import { cells, table } from './markdown.ts';
import { barPlot, linePlot } from './plot.ts';
import type { LoadRun } from './results.ts';
import { type Plot, plotOf } from './plot-file.ts';

const heard: Partial<Record<TrendName, string>> = {
  aida_first_word: 'first word',
  aida_silence: 'silence before an answer',
  aida_barge_in: 'interruption until silent',
  aida_webhook: 'webhook',
};
const shown = ['p50', 'p95', 'p99'] as const;

/** A scenario's pictures: how many calls there were over time, what they heard, and where it began to hurt. */
export function loadPlots(run: LoadRun): Plot[] {
  const { summary, timeline } = run;
  const name = `load-${summary.scenario}`;
  const over = `${summary.scenario}: calls over time`;
  const ear = `${summary.scenario}: at the caller's ear`;
  const series = [
    { name: 'live', points: timeline.map(({ s, live }) => [s, live] as const) },
    { name: 'waiting', points: timeline.map(({ s, waiting }) => [s, waiting] as const) },
  ];
  const bars = (Object.entries(heard) as [TrendName, string][]).flatMap(([trend, words]) => {
    const known = summary.trends[trend];
    if (!known) return [];
    const enough = shown.filter((one) => known.count >= samplesNeeded(shares[one]));
    return enough.map((one) => ({ name: `${words}, ${one}`, value: known[one] }));
  });
  return [
    ...(timeline.length > 1
      ? [plotOf(`${name}-calls`, over, linePlot({ title: over, xLabel: 'seconds', yLabel: 'calls', unit: '', series }))]
      : []),
    ...(bars.length > 0 ? [plotOf(`${name}-ear`, ear, barPlot({ title: ear, unit: 'ms', bars }))] : []),
    ...kneePlots(name, run),
  ];
}

function kneePlots(name: string, { knee, summary }: LoadRun): Plot[] {
  if (!knee || knee.steps.length < 2) return [];
  const silence = `${summary.scenario}: silence before an answer by calls`;
  const cpu = `${summary.scenario}: CPU of the nodes by calls`;
  const { steps } = knee;
  const points = (value: (step: Step) => number | null) =>
    steps.map((step) => [step.calls, value(step) ?? Number.NaN] as const);
  const p95 = [{ name: 'p95', points: points(({ p95Ms }) => p95Ms) }];
  const cores = [{ name: 'cores', points: points(({ nodeCores }) => nodeCores) }];
  const of = { xLabel: 'calls' };
  return [
    plotOf(`${name}-knee`, silence, linePlot({ ...of, title: silence, yLabel: 'p95', unit: 'ms', series: p95 })),
    plotOf(`${name}-cpu`, cpu, linePlot({ ...of, title: cpu, yLabel: 'cores', unit: '', series: cores })),
  ];
}

/** What a scenario found, against its limits. */
export function loadLines(run: LoadRun): string[] {
  const { summary, reasons, happenings, knee } = run;
  const { calls } = summary;
  const failed = Object.values(calls.failed).reduce((sum, count) => sum + count, 0);
  const told = [...reasons, ...happenings.map(({ atMs, what }) => `${(atMs / 1_000).toFixed(1)} s: ${what}`)];
  const rows = rowsOf({ ...run, judgement: run }).map((row) => [row.name, row.found, row.limit, row.word, row.beside]);
  return [
    `${calls.started} calls: ${calls.answered} answered, ${calls.waited} waited, ${calls.refused} refused, ${failed} failed.`,
    '',
    ...(knee ? [cells(kneeWords(knee)), ''] : []),
    ...told.map((line) => `- ${cells(line)}`),
    ...(told.length > 0 ? [''] : []),
    ...table(['threshold', 'found', 'limit', '', 'beside'], rows),
  ];
}
