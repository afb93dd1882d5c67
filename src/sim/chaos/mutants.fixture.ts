import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');
const COPIED = [
  'src',
  'machines',
  'entities',
  'toolchain',
  'load-tests',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];
const LINKED = ['node_modules', '.toolchain'];
const RUN_MS_MAX = 600_000;

/** A safety of the project, and what is left of it when a line is taken out. */
export interface Mutant {
  safety: string;
  file: string;
  /** Stands in the file exactly once. */
  line: string;
  becomes: string;
  /** Those that must go red. */
  tests: readonly string[];
}

export const mutants: readonly Mutant[] = [
  {
    safety: 'an append of an epoch that is over is refused',
    file: 'src/directory/scripts/append.ts',
    line: "if h[1] ~= epoch then return { 'fenced', h[1], h[2] or '' } end",
    becomes: '',
    tests: ['src/directory/journal.test.ts', 'src/directory/claims.test.ts'],
  },
  {
    safety: 'an append that leaves facts out is refused',
    file: 'src/directory/scripts/append.ts',
    line: "if firstSeq > last + 1 then return { 'gap', tailSeq } end",
    becomes: '',
    tests: ['src/directory/journal.test.ts'],
  },
  {
    safety: 'a reservation counts until its call is there',
    file: 'src/directory/scripts/placement.ts',
    line: '  burden(name, 1)\n',
    becomes: '',
    tests: ['src/directory/placement.test.ts', 'src/sim/chaos/rows/burst.test.ts'],
  },
  {
    safety: 'an exchange notices that its client is gone',
    file: 'src/http/exchange.ts',
    line: '      this.finish();\n      this.stream?.aborted();\n',
    becomes: '',
    tests: ['src/http/server.test.ts'],
  },
  {
    safety: 'nobody is called dead who answers a probe',
    file: 'src/calls/fleet-watch.ts',
    line: 'if (await this.probe(one.addresses, probeMs)) return false;\n',
    becomes: 'await this.probe(one.addresses, probeMs);\n',
    tests: ['src/calls/fleet-watch.test.ts'],
  },
  {
    safety: 'nobody is placed at a node that did not answer',
    file: 'src/directory/scripts/distrust.ts',
    line: "redis.call('HSET', capacity, name, 0)\n",
    becomes: '',
    tests: ['src/directory/placement.test.ts'],
  },
];

export interface Outcome {
  passed: number;
  failed: number;
}

/** A copy of the project in which one line may be wrong. */
export class Copy {
  private readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async make(): Promise<Copy> {
    const dir = await mkdtemp(join(tmpdir(), 'aida-mutant-'));
    for (const name of COPIED) await cp(join(ROOT, name), join(dir, name), { recursive: true });
    for (const name of LINKED) await symlink(join(ROOT, name), join(dir, name));
    return new Copy(dir);
  }

  remove(): Promise<void> {
    return rm(this.dir, { recursive: true, force: true });
  }

  /** Runs the tests with the line changed, and changes it back. */
  async judge({ file, line, becomes, tests }: Mutant): Promise<Outcome> {
    const path = join(this.dir, file);
    const source = await readFile(path, 'utf8');
    if (source.split(line).length !== 2) throw new Error(`${file} does not hold this line once: ${line}`);
    await writeFile(
      path,
      source.replace(line, () => becomes),
    );
    try {
      return await this.run(tests);
    } finally {
      await writeFile(path, source);
    }
  }

  async run(tests: readonly string[]): Promise<Outcome> {
    const report = join(this.dir, 'report.json');
    await rm(report, { force: true });
    const args = ['--disable-warning=ExperimentalWarning', 'node_modules/vitest/vitest.mjs', 'run'];
    const child = spawn(
      process.execPath,
      [...args, '--maxWorkers=1', '--reporter=json', `--outputFile.json=${report}`, ...tests],
      { cwd: this.dir, env: withoutVitest(), stdio: 'ignore', timeout: RUN_MS_MAX, killSignal: 'SIGKILL' },
    );
    await new Promise((resolve) => child.once('exit', resolve));
    const text = await readFile(report, 'utf8').catch(() => null);
    // A run that ended without a report was killed by what it tested.
    if (text === null) return { passed: 0, failed: 1 };
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(text) as {
      numPassedTests: number;
      numFailedTests: number;
      testResults: { status: string }[];
    };
    const broken = testResults.filter(({ status }) => status === 'failed').length;
    return { passed: numPassedTests, failed: Math.max(numFailedTests, broken) };
  }
}

/** What this run of the tests set for itself is not for those of the copy. */
function withoutVitest(): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR = tmpdir() } = process.env;
  return { PATH, HOME, TMPDIR };
}
