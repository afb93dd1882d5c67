import type { FleetRow, LevelRow } from '../bench/scale-figures.ts';
import { linePlot } from './plot.ts';
import type { BenchResult } from './results.ts';
import { type Plot, plotOf } from './plot-file.ts';
import { scaleOf } from './scale-details.ts';

type Points = readonly (readonly [number, number])[];

interface Lines {
  title: string;
  xLabel: string;
  yLabel: string;
  unit: string;
  series: readonly { name: string; points: Points }[];
  bound?: { name: string; value: number };
}

/** CPU, latency, memory and requests to Redis over calls, and over nodes with as many calls each. */
export function scalePlots({ measure, details }: BenchResult): Plot[] {
  const scale = scaleOf(details);
  if (!scale) return [];
  const { idle, levels: busy, fleet } = scale;
  const levels = idle ? [idle, ...busy] : busy;
  const overCalls = (value: (row: LevelRow) => number | null): Points =>
    busy.map((row) => [row.calls, value(row) ?? Number.NaN]);
  const overNodes = (value: (row: FleetRow) => number): Points => fleet.map((row) => [row.size, value(row)]);
  const calls = { xLabel: 'calls' };
  const nodes = { xLabel: 'nodes of a fleet' };
  const cpu = 'CPU of nodes for a second of one call';
  const drawn: Lines[] = [
    {
      ...calls,
      title: `${cpu}, one node`,
      yLabel: 'CPU',
      unit: 'ms',
      series: [
        { name: 'all of it', points: overCalls((row) => (1_000 * row.cores) / row.calls) },
        {
          name: 'without what an idle node uses',
          points: overCalls((row) => (1_000 * (row.cores - (idle?.cores ?? 0))) / row.calls),
        },
      ],
    },
    {
      ...calls,
      title: 'What one node adds to a frame',
      yLabel: 'p99',
      unit: 'ms',
      series: [
        { name: 'to the model', points: overCalls(({ toModelMs }) => toModelMs.p99) },
        { name: 'to the caller', points: overCalls(({ toCallerMs }) => toCallerMs.p99) },
      ],
      bound: { name: 'promised at 200 calls', value: 10 },
    },
    {
      ...calls,
      title: 'Memory of one node',
      yLabel: 'resident',
      unit: 'MiB',
      series: [{ name: 'resident', points: levels.map((row) => [row.calls, row.rssMiB]) }],
    },
    {
      ...calls,
      title: 'Requests to Redis, one node',
      yLabel: 'requests',
      unit: '/s',
      series: [{ name: 'requests', points: levels.map((row) => [row.calls, row.commandsPerSecond]) }],
    },
    {
      ...nodes,
      title: `${cpu}, more nodes`,
      yLabel: 'CPU',
      unit: 'ms',
      series: [{ name: 'CPU', points: overNodes((row) => (1_000 * row.cores) / row.calls) }],
    },
    {
      ...nodes,
      title: 'Requests to Redis for a second of one call, more nodes',
      yLabel: 'requests',
      unit: '/s',
      series: [{ name: 'requests', points: overNodes((row) => row.commandsPerSecond / row.calls) }],
    },
  ];
  return drawn
    .filter(({ series }) => series.some(({ points }) => points.length > 1))
    .map((lines, index) => plotOf(`${measure}-${index + 1}`, lines.title, linePlot(lines)));
}
