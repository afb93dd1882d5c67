/** `void`: the machine or the rig disturbed the measurement too much to tell. */
export type Verdict = 'ok' | 'missed' | 'void';

export interface Target {
  is: '<' | '≤' | '≥' | '=';
  value: number;
}

export interface Figure {
  name: string;
  value: number;
  unit: string;
  target: Target | null;
  /** Null where nothing was promised. */
  verdict: Verdict | null;
  /** What stands beside it: the reference of the same run, the rig's own share. */
  beside: string;
}

export interface Outcome {
  figures: Figure[];
  /** How often it was measured, and how many of these runs the machine was quiet enough for. */
  runs: { measured: number; quiet: number };
  /** What the figures were drawn from, for whoever doubts them. */
  details: unknown;
}

/** One thing that is measured; `say` is for progress. */
export interface Measure {
  name: string;
  /** What it is, in a line. */
  title: string;
  run(say: (line: string) => void): Promise<Outcome>;
}

const comparisons: Record<Target['is'], (value: number, bound: number) => boolean> = {
  '<': (value, bound) => value < bound,
  '≤': (value, bound) => value <= bound,
  '≥': (value, bound) => value >= bound,
  '=': (value, bound) => value === bound,
};

/**
 * Disturbances only make a figure worse: one that keeps its target keeps it whatever else ran. One that does not
 * counts as missed only where nothing else explains it.
 */
export function judge(value: number, target: Target, isTrusted: boolean): Verdict {
  if (!Number.isFinite(value)) return 'void';
  if (comparisons[target.is](value, target.value)) return 'ok';
  return isTrusted ? 'missed' : 'void';
}

export interface FigureInput {
  name: string;
  value: number;
  unit: string;
  target?: Target;
  beside?: string;
}

export function figure({ name, value, unit, target, beside = '' }: FigureInput, isTrusted: boolean): Figure {
  const verdict = target ? judge(value, target, isTrusted) : null;
  return { name, value, unit, target: target ?? null, verdict, beside };
}
