import { escaped } from '../report/svg.ts';
import type { MergedSummary } from './merge.ts';
import type { Judgement } from './verdict.ts';

/**
 * A test case for each threshold, and one for the rig: a void result is an error of the rig and no failure of the server.
 * Thresholds with too few samples are skipped.
 */
export function junitOf(summary: MergedSummary, { verdict, reasons, thresholds }: Judgement): string {
  const suite = `load.${summary.scenario}`;
  const cases = thresholds.map(({ name, ok, value, limit, isThin, samples }) => {
    const found = value === null ? 'nothing measured' : `found ${value}`;
    if (isThin) return testCase(suite, name, `<skipped message="${escaped(`${samples ?? 0} samples are too few`)}"/>`);
    return testCase(suite, name, ok ? '' : `<failure message="${escaped(`${found}, limit ${limit}`)}"/>`);
  });
  const words = escaped(reasons.join('; '));
  cases.push(testCase(suite, 'the rig did not disturb', verdict === 'void' ? `<error message="${words}"/>` : ''));
  const failures = thresholds.filter(({ ok, isThin }) => !ok && !isThin).length;
  const skipped = thresholds.filter(({ isThin }) => isThin).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="${verdict === 'void' ? 1 : 0}" skipped="${skipped}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `<testsuite name="${escaped(suite)}" timestamp="${escaped(summary.startedAt)}" time="${summary.seconds}" ${counts}>`,
    ...cases,
    '</testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(suite: string, name: string, body: string): string {
  const head = `<testcase classname="${escaped(suite)}" name="${escaped(name)}"`;
  return body === '' ? `${head}/>` : `${head}>${body}</testcase>`;
}
