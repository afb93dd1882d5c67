/** What a colour says, the same on every board. */
export const colours = {
  good: 'green',
  watch: 'orange',
  bad: 'red',
  /** Says nothing about good or bad. */
  plain: 'blue',
} as const;

/** Series that mean the same wherever they are drawn. Others take a colour of the palette by their name. */
export const seriesColours: Readonly<Record<string, string>> = {
  p50: 'light-blue',
  p95: 'blue',
  p99: 'purple',
  limit: 'dark-red',
  capacity: 'dark-yellow',
  live: 'green',
  load: 'green',
  'kept free': 'light-orange',
  waiting: 'orange',
  ringing: 'light-blue',
  conversation: 'green',
  detached: 'red',
  dialing: 'purple',
  recording: 'light-purple',
  menu: 'yellow',
  answered: 'green',
  transferred: 'blue',
  voicemail: 'purple',
  callback: 'light-blue',
  abandoned: 'orange',
  missed: 'red',
  ok: 'green',
  refused: 'orange',
  late: 'dark-orange',
  failed: 'red',
};

/**
 * Where a value turns from good to one to watch to a bad one: `above` for what should be low, `below` for what should
 * be high.
 */
export type Bounds =
  | { above: readonly [watch: number, bad: number] }
  | { below: readonly [watch: number, bad: number] };

export interface Step {
  value: number | null;
  color: string;
}

/** In Grafana's order: from the lowest value up, the first without one. */
export function stepsOf(bounds: Bounds): Step[] {
  if ('above' in bounds) {
    const [watch, bad] = bounds.above;
    return steps(colours.good, [watch, colours.watch], [bad, colours.bad]);
  }
  const [watch, bad] = bounds.below;
  return steps(colours.bad, [bad, colours.watch], [watch, colours.good]);
}

/** Two bounds at one value are one step: what is between them does not exist. */
function steps(base: string, first: readonly [number, string], second: readonly [number, string]): Step[] {
  if (first[0] > second[0]) throw new RangeError(`thresholds out of order: ${first[0]} before ${second[0]}`);
  const above = first[0] === second[0] ? [second] : [first, second];
  return [{ value: null, color: base }, ...above.map(([value, color]) => ({ value, color }))];
}
