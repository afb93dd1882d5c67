import { figure, type Figure } from './figure.ts';

interface Latency {
  p50: number | null;
  p99: number | null;
  p999: number | null;
}

/** One window; cores and requests of all nodes together. */
export interface Reading {
  calls: number;
  /** Calls that still had a stream when it was over. */
  stayed: number;
  cores: number;
  rigCores: number;
  redisCores: number;
  commandsPerSecond: number;
  rssMiB: number;
  /** How late callers of ours were at the worst. */
  rigLatestMs: number;
  toModelMs: Latency;
  toCallerMs: Latency;
}

export interface LevelRow extends Reading {
  isQuiet: boolean;
}

/** Figures of all fleets together. */
export interface FleetRow extends LevelRow {
  /** Nodes of each fleet. */
  size: number;
  fleets: number;
  /** Before the first call. */
  idleCores: number;
  idleCommandsPerSecond: number;
  failed: number;
}

/** What a call may cost more or less in a fleet of several nodes than on one. */
const awayMax = 0.1;

const msPerCallSecond = ({ cores, calls }: Reading): number => (cores * 1000) / calls;
const commandsPerCallSecond = ({ commandsPerSecond, calls }: Reading): number => commandsPerSecond / calls;

export function scaleFigures(levels: readonly LevelRow[], fleet: readonly FleetRow[]): Figure[] {
  const idle = levels.find(({ calls }) => calls === 0);
  return [
    ...levels.filter(({ calls }) => calls > 0).flatMap((row) => levelFigures(row, idle)),
    ...fleet.flatMap((row) => fleetFigures(row, fleet[0] ?? row)),
  ];
}

function levelFigures(row: LevelRow, idle: LevelRow | undefined): Figure[] {
  const { calls, isQuiet, toModelMs, toCallerMs, cores, rigCores, commandsPerSecond, redisCores, rssMiB } = row;
  const named = (name: string, value: number, unit: string, beside: string): Figure =>
    figure({ name: `${calls} calls: ${name}`, value, unit, beside }, isQuiet);
  const tails = ({ p50, p999 }: Latency): string => `p50 ${told(p50)}, p99.9 ${told(p999)} ms`;
  const idleMiB = idle?.rssMiB ?? Number.NaN;
  return [
    named(
      'CPU for a second of one',
      msPerCallSecond(row),
      'ms',
      `${cores.toFixed(2)} of a core; rig ${rigCores.toFixed(2)}`,
    ),
    named('p99 to the model', toModelMs.p99 ?? Number.NaN, 'ms', tails(toModelMs)),
    named('p99 to the caller', toCallerMs.p99 ?? Number.NaN, 'ms', tails(toCallerMs)),
    named(
      'requests to Redis for a second of one',
      commandsPerCallSecond(row),
      '1/s',
      `${commandsPerSecond.toFixed(0)} a second, ${redisCores.toFixed(3)} of a core of Redis`,
    ),
    named(
      'memory of the node',
      rssMiB,
      'MiB',
      `${(((rssMiB - idleMiB) * 1024) / calls).toFixed(0)} KiB a call, not collected`,
    ),
  ];
}

const told = (ms: number | null): string => ms?.toFixed(2) ?? 'of too few frames';

function fleetFigures(row: FleetRow, one: FleetRow): Figure[] {
  const { size, fleets, isQuiet, idleCores, idleCommandsPerSecond } = row;
  const where = `${size} ${size === 1 ? 'node' : 'nodes'}`;
  const isJudged = isQuiet && one.isQuiet;
  const count = size * fleets;
  const pair = (name: string, of: (row: FleetRow) => number, unit: string, beside: string): Figure[] => {
    const found = figure({ name: `${where}: ${name}`, value: of(row), unit, beside }, isQuiet);
    if (row === one) return [found];
    const target = { is: '≤', value: awayMax } as const;
    const compared = `${of(row).toPrecision(3)} beside ${of(one).toPrecision(3)}`;
    const away = { value: Math.abs(of(row) / of(one) - 1), unit: '', target, beside: compared };
    return [found, figure({ name: `${where}: ${name}, away from one node's`, ...away }, isJudged)];
  };
  return [
    ...pair(
      'CPU for a second of a call',
      msPerCallSecond,
      'ms',
      `idle ${((idleCores * 1000) / count).toFixed(1)} ms a second for a node`,
    ),
    ...pair(
      'requests to Redis for a second of a call',
      commandsPerCallSecond,
      '1/s',
      `idle ${(idleCommandsPerSecond / count).toFixed(0)} a second for a node`,
    ),
  ];
}
