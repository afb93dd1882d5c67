import type { Target } from '../bench/figure.ts';
import { kneeWords } from '../run/knee.ts';
import { withUnit } from './axis.ts';
import { loadLines, loadPlots } from './load-section.ts';
import { cells, table } from './markdown.ts';
import type { BenchResult, LoadRun, Results, StoredFigure } from './results.ts';
import type { Plot } from './plot-file.ts';
import { scaleTables } from './scale-details.ts';
import { plainSection, type Section, sections } from './sections.ts';

const scenarios = ['smoke', 'ramp', 'promotion', 'soak', 'chaos', 'deploy'];

export interface Report {
  /** Text of each file by its name: the page and its pictures. */
  files: Map<string, string>;
  /** What was promised, what was found, and by which command, as Markdown: for the page that explains the measures. */
  promised: string;
  /** What one core carries, and how that grows, as Markdown: for the page on what limits a node. */
  carried: string;
}

/** The page of all results with its pictures: nothing in it but what the results say. */
export function reportOf(results: Results): Report {
  const files = new Map<string, string>();
  const keep = (plots: readonly Plot[]): string[] =>
    plots.flatMap(({ file, title, svg }) => {
      files.set(file, svg);
      return [`![${cells(title)}](${file})`, ''];
    });
  const described = new Set(sections.map(({ measure }) => measure));
  const others = results.bench.filter(({ measure }) => !described.has(measure));
  const all = [...sections, ...others.map(({ measure }) => plainSection(measure))];
  const promised = promisedIn(results, all);
  const page = [
    '# Results',
    '',
    'Made by `npm run report` from the JSON files beside it, which `npm run bench` and `npm run load` write.',
    '[How to read it](../README.md#how-to-read-it), [what limits a node](../../docs/performance.md).',
    '',
    promised,
    ...all.flatMap((section) => benchSection(section, results.bench, keep)),
    ...scenarios.flatMap((scenario) => loadSection(scenario, results.load, keep)),
  ];
  files.set('README.md', `${page.join('\n').trimEnd()}\n`);
  return { files, promised, carried: carriedIn(results) };
}

type Keep = (plots: readonly Plot[]) => string[];

function benchSection(section: Section, bench: readonly BenchResult[], keep: Keep): string[] {
  const head = [`## ${section.title}`, ''];
  const result = bench.find(({ measure }) => measure === section.measure);
  if (!result) return [...head, notYet(`npm run bench -- ${section.measure}`), ''];
  const { measured, quiet } = result.runs;
  const told = quiet > 0 ? `${quiet} of ${measured} runs were quiet` : `no run of ${measured} was quiet`;
  return [
    ...head,
    `${cells(result.title)}. ${whence(result)}; ${told}.`,
    '',
    ...keep(section.plots(result)),
    ...figureTable(result),
    '',
  ];
}

function loadSection(scenario: string, load: readonly LoadRun[], keep: Keep): string[] {
  const head = [`## Load: ${scenario}`, ''];
  const run = load.find(({ summary }) => summary.scenario === scenario);
  if (!run) return [...head, notYet(`npm run load -- ${scenario}`), ''];
  return [
    ...head,
    `${cells(run.title)}. ${whence(run)}; verdict: **${run.verdict}**.`,
    '',
    ...keep(loadPlots(run)),
    ...loadLines(run),
    '',
  ];
}

const notYet = (command: string): string => `Not measured yet: \`${command}\`.`;

const whence = ({ command, at, machine }: BenchResult | LoadRun): string =>
  `\`${command}\`, ${at.slice(0, 10)}, ${machine.cores} cores (${cells(machine.cpu)}), Node ${machine.node}`;

const bound = (target: Target | null, unit: string): string =>
  target ? `${target.is} ${withUnit(target.value, unit)}` : '';

function figureRow({ name, value, unit, target, verdict, beside }: StoredFigure): string[] {
  return [name, withUnit(value ?? Number.NaN, unit), bound(target, unit), verdict ?? '', beside];
}

const figureTable = ({ figures }: BenchResult): string[] =>
  table(['figure', 'value', 'target', 'verdict', 'beside'], figures.map(figureRow));

/** Every figure that something was promised of, and every scenario. */
function promisedIn({ bench, load }: Results, all: readonly Section[]): string {
  const promised = all.flatMap(({ measure, title }) => {
    const result = bench.find((one) => one.measure === measure);
    const figures = result?.figures.filter(({ target }) => target !== null) ?? [];
    return figures.map((figure) => {
      const [name, value, target, verdict, beside] = figureRow(figure);
      const where = beside && figures.some((other) => other !== figure && other.name === name) ? ` (${beside})` : '';
      return [`${title}: ${name}${where}`, value ?? '', target ?? '', verdict ?? '', `bench -- ${measure}`];
    });
  });
  const run = scenarios.flatMap((scenario) => {
    const one = load.find(({ summary }) => summary.scenario === scenario);
    const kept = one?.thresholds.filter(({ ok }) => ok).length;
    return one
      ? [
          [
            `Load: ${scenario}`,
            `${one.summary.calls.started} calls`,
            `${kept} of ${one.thresholds.length} thresholds kept`,
            one.verdict,
            `load -- ${scenario}`,
          ],
        ]
      : [];
  });
  return `${table(['figure', 'value', 'target', 'verdict', '`npm run …`'], [...promised, ...run]).join('\n')}\n`;
}

/** The audio path, its cost over calls and nodes, and the knee that callers found. */
function carriedIn({ bench, load }: Results): string {
  const measured = ['path', 'scale'].flatMap((measure) => {
    const result = bench.find((one) => one.measure === measure);
    if (!result) return [notYet(`npm run bench -- ${measure}`), ''];
    const tables = measure === 'scale' ? scaleTables(result) : figureTable(result);
    return [`${cells(result.title)}. ${whence(result)}.`, '', ...tables, ''];
  });
  const ramp = load.find(({ summary }) => summary.scenario === 'ramp');
  const knee = ramp?.knee ? `${cells(kneeWords(ramp.knee))} ${whence(ramp)}.` : notYet('npm run load -- ramp');
  return `${[...measured, knee].join('\n')}\n`;
}
