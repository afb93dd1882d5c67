import type { TrendName } from '../lib/summary.ts';
import { barPlot, linePlot } from '../report/plot.ts';
import { escaped } from '../report/svg.ts';
import { type PercentileName, samplesNeeded, shares } from './merge.ts';
import { percent } from './verdict.ts';
import { kneeWords } from './knee.ts';
import type { LoadResult } from './result.ts';
import { type FigureRow, numberText, rowsOf } from './table.ts';

const style = `
:root{color-scheme:light dark;--ink:#1c1e21;--soft:#5a6069;--ground:#fff;--rule:#d9dce0;--good:#00795a;--bad:#b3261e;--open:#7a6000}
@media(prefers-color-scheme:dark){:root{--ink:#eceef0;--soft:#a7aeb6;--ground:#14171a;--rule:#363b41;--good:#3ddba7;--bad:#ff8a80;--open:#e6c84b}}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:var(--ink);background:var(--ground)}
table{border-collapse:collapse;width:100%;margin:1rem 0;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--rule)}
td.n,th.n{text-align:right}
.ok{color:var(--good)}.failed{color:var(--bad)}.void{color:var(--open)}
.verdict{font-size:1.2rem;font-weight:600}
.soft{color:var(--soft)}svg{max-width:100%;height:auto}figure{margin:1.5rem 0}code{font-size:.9em}
`;

const shownNames: readonly TrendName[] = ['aida_first_word', 'aida_silence', 'aida_barge_in', 'aida_webhook'];
const percentiles = Object.keys(shares) as PercentileName[];

/** One self-contained page: verdict, figures against their limits, pictures. No script, no link to load. */
export function pageOf(result: LoadResult): string {
  const { summary, judgement } = result;
  const title = `Load: ${summary.scenario}`;
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${style}</style></head><body>`,
    `<h1>${escaped(title)}</h1>`,
    `<p class="soft">${escaped(result.title)}. ${escaped(summary.startedAt)}, ${Math.round(summary.seconds)} s, by ${escaped(summary.generators.join(', '))}. <code>${escaped(result.command)}</code></p>`,
    `<p class="verdict ${judgement.verdict}">${judgement.verdict}</p>`,
    ...(judgement.reasons.length > 0
      ? ['<ul>', ...judgement.reasons.map((reason) => `<li>${escaped(reason)}</li>`), '</ul>']
      : []),
    ...(result.knee ? [`<p class="verdict">${escaped(kneeWords(result.knee))}</p>`] : []),
    `<p>${escaped(interferenceWords(result))}</p>`,
    ...table(['threshold', 'found', 'limit', ''], rowsOf(result).map(thresholdRow)),
    ...figures(result),
    ...table(['count', ''], countRows(result)),
    ...table(['callers and nodes', 'callers', 'nodes', ''], agreementRows(result)),
    ...table(
      ['core-seconds', ''],
      Object.entries(summary.cpu).map(([part, s]) => [part, s.toFixed(1)]),
    ),
    '</body></html>',
    '',
  ].join('\n');
}

export function interferenceWords({ judgement, rig }: LoadResult): string {
  const { interference } = judgement;
  const all = [
    interference === null
      ? "The rig's own part was not measured."
      : `The rig's own part is ${percent(interference)} at most.`,
    `Generators and fakes used ${percent(rig.rigBusy)} of their cores.`,
    ...(rig.nodesWaited === null ? [] : [`Nodes waited for theirs ${percent(rig.nodesWaited)} of the time.`]),
  ];
  return all.join(' ');
}

const thresholdRow = ({ name, found, limit, word, beside }: FigureRow): string[] => [
  name,
  found,
  limit,
  `${word} ${beside}`,
];

function figures({ summary, timeline, happenings, knee }: LoadResult): string[] {
  const lines = [
    { name: 'live calls', points: timeline.map(({ s, live }) => [s, live] as const) },
    { name: 'waiting', points: timeline.map(({ s, waiting }) => [s, waiting] as const) },
  ];
  const silence = (knee?.steps ?? []).map(({ calls, p95Ms }) => [calls, p95Ms ?? Number.NaN] as const);
  const pictures = [
    ...(silence.length > 1
      ? [
          linePlot({
            title: 'Silence before an answer, p95, by calls',
            xLabel: 'calls',
            yLabel: 'p95',
            unit: 'ms',
            series: [{ name: 'p95', points: silence }],
          }),
        ]
      : []),
    ...(timeline.length > 1
      ? [linePlot({ title: 'Calls', xLabel: 'seconds', yLabel: 'calls', unit: '', series: lines })]
      : []),
    ...shownNames.flatMap((name) => {
      const trend = summary.trends[name];
      if (!trend || trend.count === 0) return [];
      const known = percentiles.filter((percentile) => trend.count >= samplesNeeded(shares[percentile]));
      const bars = known.map((percentile) => ({ name: percentile.replace('p999', 'p99.9'), value: trend[percentile] }));
      const title = `${name}, ${trend.count} samples${summary.isExact ? '' : ', upper bounds of buckets'}`;
      return [barPlot({ title, unit: 'ms', bars })];
    }),
  ];
  const told = happenings.map(({ atMs, what }) => `${(atMs / 1000).toFixed(1)} s: ${what}`);
  return [
    ...pictures.map((svg) => `<figure>${svg}</figure>`),
    ...(told.length > 0 ? ['<ul>', ...told.map((line) => `<li>${escaped(line)}</li>`), '</ul>'] : []),
  ];
}

function agreementRows({ agreements }: LoadResult): string[][] {
  const rows = agreements ?? [];
  return rows.map(({ name, callers, nodes, ok }) => [name, numberText(callers), nodes, ok ? 'ok' : 'DIFFERS']);
}

function countRows({ summary }: LoadResult): string[][] {
  const failed = Object.entries(summary.calls.failed).map(([why, count]) => [`failed: ${why}`, String(count)]);
  return [...Object.entries(summary.counters).map(([name, count]) => [name, String(count)]), ...failed];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const cell = (tag: 'td' | 'th') => (text: string, index: number) =>
    `<${tag}${index > 0 && index < 3 ? ' class="n"' : ''}>${escaped(text)}</${tag}>`;
  return [
    '<table>',
    `<tr>${head.map(cell('th')).join('')}</tr>`,
    ...rows.map((row) => `<tr>${row.map(cell('td')).join('')}</tr>`),
    '</table>',
  ];
}
