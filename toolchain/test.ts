import { spawn, type ChildProcess } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { check } from './check.ts';
import { PROGRAMS, ROOT } from './programs.ts';

const SUITE_TIMEOUT_MS = 30 * 60_000;
const REPORT = join(ROOT, '.toolchain/vitest.json');
/** Parts that only tests need: a whole run fetches them beside the checks and the first tests; who needs one waits for it. */
const TEST_PARTS = ['postgres', 'haproxy', 'chromium', 'k6', 'helm', 'prometheus', 'alertmanager', 'kafka'];

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; name: string; assertionResults: unknown[] }[];
}

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** Where something failed. */
  files: string[];
}

/** So few files that failed are run once more, one at a time: what fails only beside others is named, and does not fail the run. */
const AGAIN_FILES_MAX = 3;

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => child.once('error', () => resolve(1)).once('exit', (code) => resolve(code ?? 1)));
}

/** The whole suite; then, alone, the few files that failed. */
async function runTests(args: string[]): Promise<Counts & { again: number }> {
  const first = await runVitest(args);
  if (first.files.length === 0 || first.files.length > AGAIN_FILES_MAX) return { ...first, again: 0 };
  console.log(`\naida: ${first.failed} failed; run again alone: ${first.files.join(' ')}`);
  const second = await runVitest(['--maxWorkers=1', ...first.files]);
  const again = Math.max(0, first.failed - second.failed);
  return { ...second, passed: first.passed + again, failed: first.failed - again, skipped: first.skipped, again };
}

async function runVitest(args: string[]): Promise<Counts> {
  await rm(REPORT, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
  const vitest = spawn(process.execPath, [join(ROOT, PROGRAMS.vitest), 'run', ...reporters, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const timer = setTimeout(() => {
    console.error(`aida: the tests were not done after ${SUITE_TIMEOUT_MS / 60_000} minutes`);
    vitest.kill('SIGKILL');
  }, SUITE_TIMEOUT_MS);
  const code = await ended(vitest);
  clearTimeout(timer);
  const counts = count(await readFile(REPORT, 'utf8').catch(() => null));
  // An exit code with every test green: an error outside of tests, or nothing to run.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** A file that failed before its first test counts as one failed test. */
function count(text: string | null): Counts {
  if (text === null) return { passed: 0, failed: 1, skipped: 0, files: [] };
  const report = JSON.parse(text) as Report;
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
    files: report.testResults.filter(({ status }) => status === 'failed').map(({ name }) => relative(ROOT, name)),
  };
}

const args = process.argv.slice(2);
const whole = args.length === 0;
const fetched = whole
  ? ended(spawn(join(ROOT, 'toolchain/fetch'), TEST_PARTS, { stdio: ['ignore', 'inherit', 'inherit'] }))
  : null;
const checks = await check(console.log);
const tests = await runTests(args);
await fetched;
const passed = checks.passed + tests.passed;
const failed = checks.failed + tests.failed;
console.log(
  `\nchecks: ${checks.passed} of ${checks.passed + checks.failed}, tests: ${tests.passed} of ${tests.passed + tests.failed}`,
);
const asides = [`${tests.skipped} skipped`, `${tests.again} passed only when run again`];
console.log([`${passed} passed, ${failed} failed`, ...asides.filter((aside) => !aside.startsWith('0 '))].join(', '));
process.exitCode = failed > 0 ? 1 : 0;
