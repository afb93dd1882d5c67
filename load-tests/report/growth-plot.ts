import type { Held } from '../bench/node-memory.ts';
import { linePlot } from './plot.ts';
import { type Plot, plotOf } from './plot-file.ts';
import type { BenchResult } from './results.ts';

interface Reading {
  calls: number;
  held: Held;
}

const mib = 1024 * 1024;

/** What a node held after so many calls had ended: level lines are a node that forgets. */
export function growthPlots({ measure, details }: BenchResult): Plot[] {
  if (typeof details !== 'object' || details === null || !('readings' in details)) return [];
  if (!Array.isArray(details.readings) || details.readings.length < 2) return [];
  const readings: readonly Reading[] = details.readings;
  const over = (value: (held: Held) => number) =>
    readings.map(({ calls, held }) => [calls, value(held) / mib] as const);
  const title = 'What a node holds after so many calls have ended';
  const series = [
    { name: 'resident', points: over(({ rss }) => rss) },
    { name: 'objects that live', points: over(({ heapUsed }) => heapUsed) },
    { name: 'buffers', points: over(({ external }) => external) },
  ];
  const svg = linePlot({ title, xLabel: 'calls that have ended', yLabel: 'held', unit: 'MiB', series });
  return [plotOf(measure, title, svg)];
}
