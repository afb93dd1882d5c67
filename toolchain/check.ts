import { importFaults, readSources } from './imports.ts';
import { collect, ROOT, type Ended } from './programs.ts';

const TOGETHER_MAX = 2;

interface Step {
  name: string;
  run(): Promise<Ended>;
}

const STEPS: Step[] = [
  { name: 'types', run: () => collect('tsc', ['-p', '.', '--pretty', 'false']) },
  { name: 'lint', run: () => collect('oxlint', ['--type-aware', '--deny-warnings', '--format=unix']) },
  { name: 'dead code', run: () => collect('knip', ['--no-progress', '--treat-config-hints-as-errors']) },
  { name: 'import direction', run: checkImports },
  { name: 'format', run: () => collect('oxfmt', ['--list-different']) },
];

async function checkImports(): Promise<Ended> {
  const faults = importFaults(await readSources(ROOT));
  return { code: faults.length > 0 ? 1 : 0, output: faults.join('\n') };
}

/** Runs every check, says one line for each, and what a failed one found. Returns how many passed and failed. */
export async function check(say: (line: string) => void): Promise<{ passed: number; failed: number }> {
  const waiting = [...STEPS];
  let failed = 0;
  const work = async (): Promise<void> => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const started = performance.now();
      const { code, output } = await step.run();
      const seconds = ((performance.now() - started) / 1_000).toFixed(1);
      say(`${code === 0 ? 'ok    ' : 'FAILED'} ${step.name} (${seconds} s)`);
      if (code === 0) continue;
      failed++;
      say(output.replaceAll(`${ROOT}/`, '').trimEnd());
    }
  };
  await Promise.all(Array.from({ length: TOGETHER_MAX }, work));
  return { passed: STEPS.length - failed, failed };
}

async function fix(): Promise<void> {
  const linted = await collect('oxlint', ['--fix', '--format=unix']);
  const formatted = await collect('oxfmt', ['--write']);
  if (formatted.code !== 0) console.error(formatted.output);
  if (linted.code === 0 && formatted.code === 0) console.log('fixed what can be fixed by itself');
}

if (import.meta.main) {
  if (process.argv.includes('--fix')) await fix();
  const { failed } = await check(console.log);
  process.exitCode = failed > 0 ? 1 : 0;
}
