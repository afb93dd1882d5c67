import type { Figure, Outcome } from './figure.ts';

const headings = ['', 'figure', 'target', 'verdict', 'beside'];

function number(value: number): string {
  if (!Number.isFinite(value)) return 'none';
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 100 ? 2 : 0);
}

function row({ name, value, unit, target, verdict, beside }: Figure): string[] {
  const bound = target ? `${target.is} ${target.value} ${unit}`.trimEnd() : '';
  return [name, `${number(value)} ${unit}`.trimEnd(), bound, verdict ?? '', beside];
}

/** Columns as wide as their longest word. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((cells) => cells.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

export function printOutcome({ figures, runs }: Outcome, say: (line: string) => void): void {
  say('');
  for (const line of table([headings, ...figures.map(row)])) say(`  ${line}`);
  say('');
  const basis = runs.quiet > 0 ? `${runs.quiet} quiet` : 'none quiet, so all';
  say(`  runs: ${runs.measured} measured, ${basis}; the median of these is shown`);
}

/** What was promised, and what people ask for first: ratios, percentiles, pauses. */
const isHeadline = ({ name, unit, target }: Figure): boolean =>
  target !== null || unit === '×' || /\bp(50|99|99\.9)\b|pause/.test(name);

/** The headlines of all measures of a run, in one table at its end. */
export function printAll(
  outcomes: readonly { measure: string; outcome: Outcome }[],
  say: (line: string) => void,
): void {
  const rows = outcomes.flatMap(({ measure, outcome }) =>
    outcome.figures.filter(isHeadline).map((figure) => {
      const [name = '', value = '', bound = '', verdict = ''] = row(figure);
      return [measure, name, value, bound, verdict || (outcome.runs.quiet === 0 ? 'noisy' : '')];
    }),
  );
  say('');
  for (const line of table([['measure', '', 'figure', 'target', 'verdict'], ...rows])) say(line);
}
