import type { Result } from './runner.ts';

const NAME_CHARS = 64;

/** A line for each scenario, what went wrong with the timeline of each that failed, and the sum. */
export function rendered(results: readonly Result[]): string {
  const lines = results.map(lineOf);
  const failed = results.filter(isFailed);
  for (const { scenario, failures, timeline, variant } of failed) {
    lines.push('', `${scenario.id} (${variant}): ${scenario.about}`);
    lines.push(...failures.map((failure) => `  wrong  ${failure}`), ...timeline.map((event) => `  ${event}`));
  }
  lines.push('', sumOf(results));
  return lines.join('\n');
}

export function lineOf(result: Result): string {
  const { scenario, skipped, ms } = result;
  const verdict = skipped !== null ? 'skipped' : isFailed(result) ? 'FAILED' : 'ok';
  const name = `${scenario.id}: ${scenario.name}`.slice(0, NAME_CHARS).padEnd(NAME_CHARS);
  return `${verdict.padEnd(7)}  ${name}  ${skipped ?? `${(ms / 1000).toFixed(1).padStart(5)} s`}`;
}

export function isFailed({ failures }: Result): boolean {
  return failures.length > 0;
}

function sumOf(results: readonly Result[]): string {
  const failed = results.filter(isFailed).length;
  const skipped = results.filter((result) => result.skipped !== null).length;
  return `${results.length - failed - skipped} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
