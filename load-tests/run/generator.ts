import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import type { LoadSummary } from '../lib/summary.ts';

/** A generator that was asked to end gets so long for its summary. */
const endMsMax = 15_000;
const linesKept = 40;

export interface GeneratorStart {
  /** In sentences about it. */
  name: string;
  bin: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Where it leaves its summary. */
  summaryFile: string;
  /** It is asked to end after so long, whatever it does. */
  boundMs: number;
}

export interface Generated {
  name: string;
  /** Null: it left none. */
  summary: LoadSummary | null;
  trouble: string | null;
  /** The last lines that it wrote. */
  tail: string[];
}

/** Linux gives each session a share of its own, whatever the priority of its processes: a generator gets what we have. */
async function samePriority(pid: number): Promise<void> {
  const own = await readFile('/proc/self/autogroup', 'latin1').catch(() => '');
  const nice = / nice (-?\d+)/.exec(own)?.[1];
  if (nice !== undefined) await writeFile(`/proc/${pid}/autogroup`, nice).catch(() => undefined);
}

/** A process that plays callers until its scenario is over: asked to end at its bound, killed where it does not. */
export class Generator {
  readonly pid: number;
  readonly done: Promise<Generated>;
  readonly #child: ChildProcess;
  readonly #tail: string[] = [];
  #bound: NodeJS.Timeout;
  #isLate = false;
  #killer: NodeJS.Timeout | null = null;

  constructor(start: GeneratorStart) {
    this.#child = spawn(start.bin, start.args, { env: start.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.pid = this.#child.pid ?? 0;
    void samePriority(this.pid);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => this.#keep(chunk));
    this.#bound = setTimeout(() => {
      this.#isLate = true;
      this.end();
    }, start.boundMs);
    this.done = this.#over(start);
  }

  /** As Ctrl-C does; a second time, or where nothing helps, it is killed. */
  end(): void {
    if (this.#killer) return void this.#child.kill('SIGKILL');
    this.#child.kill('SIGINT');
    this.#killer = setTimeout(() => this.#child.kill('SIGKILL'), endMsMax);
  }

  async #over({ name, summaryFile, boundMs }: GeneratorStart): Promise<Generated> {
    const ended = await new Promise<string | null>((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('close', (_code, signal) => resolve(signal === null ? null : `was ended by ${signal}`));
    });
    clearTimeout(this.#bound);
    if (this.#killer) clearTimeout(this.#killer);
    const read = await readFile(summaryFile, 'utf8').then(
      (text) => JSON.parse(text) as LoadSummary,
      () => null,
    );
    const late = this.#isLate ? `was not over after ${Math.round(boundMs / 1000)} s` : null;
    const why = late ?? ended ?? (read === null ? 'left no summary' : null);
    return { name, summary: read, trouble: why === null ? null : `${name} ${why}`, tail: this.#tail };
  }

  #keep(chunk: Buffer): void {
    this.#tail.push(
      ...chunk
        .toString()
        .split('\n')
        .filter((line) => line.trim() !== ''),
    );
    this.#tail.splice(0, Math.max(0, this.#tail.length - linesKept));
  }
}
