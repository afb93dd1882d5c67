import { growthPlots } from './growth-plot.ts';
import { barPlot, linePlot } from './plot.ts';
import { type Plot, plotOf } from './plot-file.ts';
import type { BenchResult } from './results.ts';
import { scalePlots } from './scale-plots.ts';

export interface Section {
  /** Names the measure and, without its ending, the file. */
  measure: string;
  title: string;
  plots(result: BenchResult): Plot[];
}

type Pick = (name: string) => boolean;

interface Bars {
  title: string;
  unit: string;
  /** All of that unit unless named. */
  only?: RegExp;
  without?: RegExp;
}

/** Bars of the figures that have one unit. A single bar compares nothing and is left to the table. */
function bars(...wanted: Bars[]): Section['plots'] {
  return ({ measure, figures }) =>
    wanted.flatMap(({ title, unit, only = /./, without = /^$/ }, index) => {
      const isMeant: Pick = (name) => only.test(name) && !without.test(name);
      const shown = figures.filter((figure) => figure.unit === unit && isMeant(figure.name));
      if (shown.length < 2) return [];
      const drawn = shown.map(({ name, value, target }) => ({
        name,
        value: value ?? Number.NaN,
        ...(target && { target: target.value }),
      }));
      return [plotOf(`${measure}-${index + 1}`, title, barPlot({ title, unit, bars: drawn }))];
    });
}

const nodesOf = /^(\d+) nodes/;
const scriptsShown = ['a ping, to compare', 'reserve', 'poll the waiting room', 'heartbeat'];

/** What a script costs Redis, over the number of nodes: what stays level does not grow with the fleet. */
function scriptsByNodes({ measure, figures }: BenchResult): Plot[] {
  const series = scriptsShown.map((name) => ({
    name,
    points: figures
      .filter((figure) => figure.name === `${name}: CPU of Redis` && nodesOf.test(figure.beside))
      .map(({ beside, value }) => [Number(nodesOf.exec(beside)?.[1]), value ?? Number.NaN] as const),
  }));
  if (series.every(({ points }) => points.length === 0)) return [];
  const title = 'CPU of Redis for one run of a script';
  const svg = linePlot({ title, xLabel: 'nodes', yLabel: 'CPU of Redis', unit: 'µs', series });
  return [plotOf(measure, title, svg)];
}

const section = (measure: string, title: string, plots: Section['plots']): Section => ({ measure, title, plots });

/** In the order in which they stand on the page. */
export const sections: readonly Section[] = [
  section(
    'path',
    'The audio path beside its references',
    bars(
      { title: 'CPU for a second of one call, each at half of its own knee', unit: '×' },
      { title: 'Calls that one core carries with p99 < 20 ms', unit: '', only: /^calls on a core/ },
      { title: 'What a node adds to a frame at 200 calls', unit: 'ms', only: /^(speech )?to the/ },
      { title: 'Pauses for collections at 200 calls', unit: 'ms', only: /^collection/ },
    ),
  ),
  section('scale', 'As the work grows', scalePlots),
  section(
    'latency',
    'Latency of a frame',
    bars({ title: 'Latency of a frame that the node adds, both ways', unit: 'ms', without: /CPU/ }),
  ),
  section('memory', 'Memory', bars({ title: 'Memory for one live call', unit: 'KiB' })),
  section('growth', 'What calls leave behind', growthPlots),
  section(
    'frame',
    'Splicing beside parsing',
    bars({ title: 'How much faster a message is spliced than parsed and written anew', unit: '×' }),
  ),
  section(
    'socket',
    "The model's WebSocket",
    bars({ title: 'CPU for a message, beside ws', unit: '×' }, { title: 'CPU for a message', unit: 'µs' }),
  ),
  section('talk', 'At the ear of a caller', bars({ title: 'What a caller hears, p95 and longest', unit: 'ms' })),
  section(
    'takeover',
    'A stream that broke',
    bars({ title: 'From /voice/next to the next audio, 300 ms of it the model', unit: 'ms' }),
  ),
  section('webhook', 'The webhook', bars({ title: 'From /voice to its answer', unit: 'ms', only: /answer, p/ })),
  section('placement', 'Placement', bars({ title: 'How long a place takes', unit: 'ms' })),
  section('directory', 'Scripts of Redis', scriptsByNodes),
  section(
    'redis',
    'A call in Redis',
    bars({ title: 'Memory of Redis for a live call of ten minutes', unit: 'KiB', only: /^of it/ }),
  ),
  section(
    'journal',
    'The journal',
    bars(
      { title: 'A fact into journal and outbox, by the size of its batch', unit: 'µs', without: /CPU/ },
      { title: 'CPU of Redis for a fact, by the size of its batch', unit: 'µs', only: /CPU/ },
    ),
  ),
  section('relay', 'The outbox', bars({ title: 'A fact out of the outbox', unit: 'µs' })),
  section(
    'actor',
    'The machine of a call',
    bars(
      { title: 'The machine of a call, beside a bare machine of XState', unit: '×' },
      { title: 'Heap for one machine', unit: 'KiB' },
    ),
  ),
  section(
    'tools',
    'Tools',
    bars({
      title: 'A tool that answers from memory, asked and answered',
      unit: 'µs',
      without: /^search_|^what|^an ask/,
    }),
  ),
];

/** A measure that nobody has described here: its figures by unit. */
export function plainSection(measure: string): Section {
  const units = ['×', 'ms', 'µs', 'KiB'];
  return section(measure, measure, bars(...units.map((unit) => ({ title: `${measure}, ${unit}`, unit }))));
}
