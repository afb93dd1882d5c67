import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Agreement } from './agreement.ts';
import type { MergedSummary } from './merge.ts';
import type { JudgedThreshold, RigReport, Verdict } from './verdict.ts';

const root = join(import.meta.dirname, '../..');

/** What `npm run load` leaves behind, as it is written. */
export interface Written {
  verdict: Verdict;
  interference: number | null;
  reasons: string[];
  thresholds: JudgedThreshold[];
  summary: MergedSummary;
  agreements: Agreement[] | null;
  rig: RigReport;
}

export interface Ran {
  code: number | null;
  output: string;
  result: Written;
  junit: string;
  page: string;
}

/** Ctrl-C once this was written. */
interface Interrupted {
  interruptAt: string;
}

/** `npm run load -- …` with a folder of its own for the results. */
export async function runLoadCommand(
  scenario: string,
  args: readonly string[] = [],
  interrupted: Interrupted | null = null,
): Promise<Ran> {
  const out = await mkdtemp(join(tmpdir(), 'aida-load-test-'));
  try {
    const { code, output } = await run([scenario, ...args, '--out', out], interrupted);
    const file = (ending: string): Promise<string> =>
      readFile(join(out, `load-${scenario}.${ending}`), 'utf8').catch(() => Promise.reject(new Error(output)));
    const result = JSON.parse(await file('json')) as Written;
    return { code, output, result, junit: await file('xml'), page: await file('html') };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

function run(
  args: readonly string[],
  interrupted: Interrupted | null,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'load-tests/load.ts', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let isInterrupted = interrupted === null;
  const onData = (chunk: Buffer): void => {
    output += chunk.toString();
    if (isInterrupted || !output.includes(interrupted?.interruptAt ?? '')) return;
    isInterrupted = true;
    child.kill('SIGINT');
  };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', onData);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
