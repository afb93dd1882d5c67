import { type Violation, violationsOf } from './checker.ts';
import { type JudgedGap, judgedGaps } from './gaps.ts';
import type { History, RecordedCall } from './history.ts';

export interface GapFigures {
  /** The fault that explains them, `none` for the others. */
  fault: string;
  gaps: number;
  p50Ms: number;
  p95Ms: number;
  maxMs: number;
}

/** What callers heard in one run. */
export interface Report {
  seed: number;
  calls: number;
  faults: number;
  callsLost: number;
  turnsSaid: number;
  turnsLost: number;
  gaps: GapFigures[];
  violations: Violation[];
}

/**
 * What `npm test` allows for a gap, as a factor: other tests run beside it on machines that others use too, and it judges
 * what happens, not how fast. The bounds themselves are for `npm run chaos` and `npm run verify`.
 */
export const sharedMachinePatience = 2;

export function reportOf(history: History, patience = 1): Report {
  const { seed, calls, faults } = history;
  return {
    seed,
    calls: calls.length,
    faults: faults.length,
    callsLost: calls.filter(({ lost }) => lost !== null).length,
    turnsSaid: calls.reduce((sum, call) => sum + spokenTurns(call).length, 0),
    turnsLost: calls.reduce((sum, call) => sum + lostTurns(call).length, 0),
    gaps: figures(judgedGaps(history, patience)),
    violations: violationsOf(history, patience),
  };
}

/** What the caller said to its end while a stream was there to carry it. */
function spokenTurns({ said, streams }: RecordedCall): string[] {
  return said.flatMap(({ text, fromMs, toMs, whole }) => {
    const carried = streams.some(
      ({ openedMs, endedMs }) => openedMs !== null && openedMs <= fromMs && toMs <= (endedMs ?? Infinity),
    );
    return whole && carried ? [text] : [];
  });
}

/** Of these, what the journal does not know. */
export function lostTurns(call: RecordedCall): string[] {
  const known = call.journal.flatMap((entry) =>
    entry.kind === 'fact' && entry.fact.type === 'caller.said' ? [entry.fact.text] : [],
  );
  return spokenTurns(call).filter((text) => {
    const at = known.findIndex((words) => words.includes(text));
    // The same words said twice are known only if they stand there twice.
    if (at >= 0) known[at] = (known[at] ?? '').replace(text, '');
    return at < 0;
  });
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function figures(gaps: readonly JudgedGap[]): GapFigures[] {
  return [...Map.groupBy(gaps, ({ fault }) => fault?.kind ?? 'none')].map(([fault, own]) => {
    const ms = own.map((gap) => gap.ms);
    return {
      fault,
      gaps: ms.length,
      p50Ms: Math.round(quantile(ms, 0.5)),
      p95Ms: Math.round(quantile(ms, 0.95)),
      maxMs: Math.round(quantile(ms, 1)),
    };
  });
}

const VIOLATIONS_SHOWN_MAX = 60;

/** The report as lines for people. */
export function rendered(report: Report): string {
  const { seed, calls, faults, callsLost, turnsSaid, turnsLost, gaps, violations } = report;
  const rows = gaps.map(({ fault, gaps: count, p50Ms, p95Ms, maxMs }) =>
    [fault.padEnd(16), String(count).padStart(6), ...[p50Ms, p95Ms, maxMs].map((ms) => `${ms} ms`.padStart(10))].join(
      '',
    ),
  );
  const shown = violations.slice(0, VIOLATIONS_SHOWN_MAX);
  return [
    `seed ${seed}: ${calls} calls, ${faults} faults`,
    `calls lost: ${callsLost}; turns lost: ${turnsLost} of ${turnsSaid}`,
    `${'silence during'.padEnd(16)}${'times'.padStart(6)}${['p50', 'p95', 'most'].map((name) => name.padStart(10)).join('')}`,
    ...rows,
    violations.length === 0 ? 'no invariant is violated' : `${violations.length} violations:`,
    ...shown.map(({ invariant, about, what }) => `  ${invariant} ${about}: ${what}`),
    ...(violations.length > shown.length ? [`  and ${violations.length - shown.length} more`] : []),
  ].join('\n');
}
