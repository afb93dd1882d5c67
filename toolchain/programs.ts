import { spawn } from 'node:child_process';
import { join } from 'node:path';

const PROGRAM_TIMEOUT_MS = 120_000;

export const ROOT = join(import.meta.dirname, '..');

/** Where the programs of npm packages are, to be run by this very Node. */
export const PROGRAMS = {
  tsc: 'node_modules/typescript/bin/tsc',
  oxlint: 'node_modules/oxlint/bin/oxlint',
  oxfmt: 'node_modules/oxfmt/bin/oxfmt',
  knip: 'node_modules/knip/bin/knip.js',
  vitest: 'node_modules/vitest/vitest.mjs',
} as const;

export interface Ended {
  code: number;
  /** Both streams, in order of arrival. */
  output: string;
}

/** Runs a program of an npm package to its end, collecting what it prints. */
export function collect(program: keyof typeof PROGRAMS, args: string[], cwd = ROOT): Promise<Ended> {
  const child = spawn(process.execPath, [join(ROOT, PROGRAMS[program]), ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OXLINT_TSGOLINT_PATH: join(ROOT, 'node_modules/.bin/tsgolint') },
    timeout: PROGRAM_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({
        code: code ?? 1,
        output: code === null ? `${output}\n${program} took more than ${PROGRAM_TIMEOUT_MS / 1_000} s` : output,
      }),
    );
  });
}
