import type { FleetRow, LevelRow } from '../bench/scale-figures.ts';
import { numberText } from './axis.ts';
import { table } from './markdown.ts';
import type { BenchResult } from './results.ts';

export interface Scale {
  /** A node without calls. */
  idle: LevelRow | null;
  /** One node, more and more calls. */
  levels: readonly LevelRow[];
  /** More and more nodes, as many calls on each. */
  fleet: readonly FleetRow[];
}

/** What the measure keeps beside its figures; null for anything else. */
export function scaleOf(details: unknown): Scale | null {
  if (typeof details !== 'object' || details === null || !('levels' in details) || !('fleet' in details)) return null;
  if (!Array.isArray(details.levels) || !Array.isArray(details.fleet)) return null;
  const levels: readonly LevelRow[] = details.levels;
  const fleet: readonly FleetRow[] = details.fleet;
  return {
    idle: levels.find(({ calls }) => calls === 0) ?? null,
    levels: levels.filter(({ calls }) => calls > 0),
    fleet: fleet.filter(({ size }) => Number.isFinite(size)),
  };
}

const head = [
  ...['calls', 'CPU for a second of one, ms', 'p99 to the model, ms', 'p99 to the caller, ms'],
  ...['resident, MiB', 'requests to Redis for a second of one', ''],
];

/** A row for each number of calls on one node, and one for each size of a fleet. [] where the details say nothing. */
export function scaleTables({ details }: BenchResult): string[] {
  const scale = scaleOf(details);
  if (!scale) return [];
  const { levels, fleet } = scale;
  return [
    ...table(
      head,
      levels.map((row) => [numberText(row.calls), ...cellsOf(row)]),
    ),
    ...(fleet.length > 0 ? [''] : []),
    ...table(
      ['nodes of a fleet', ...head],
      fleet.map((row) => [numberText(row.size), numberText(row.calls), ...cellsOf(row)]),
    ),
  ];
}

function cellsOf({ calls, cores, toModelMs, toCallerMs, rssMiB, commandsPerSecond, isQuiet }: LevelRow): string[] {
  const values = [
    (1_000 * cores) / calls,
    toModelMs.p99 ?? Number.NaN,
    toCallerMs.p99 ?? Number.NaN,
    rssMiB,
    commandsPerSecond / calls,
  ];
  return [...values.map(numberText), isQuiet ? '' : 'noisy'];
}
