import { spawn } from 'node:child_process';
import { ROOT } from '../../toolchain/programs.ts';

/** A process of the image, without one. */
export interface Running {
  name: string;
  pid: number;
  /** Null after a signal. */
  exited: Promise<number | null>;
  /** The last lines that it wrote, oldest first. */
  lines: readonly string[];
  /** SIGTERM, and SIGKILL when it does not end by itself. */
  stop(): Promise<void>;
}

const INHERITED = ['PATH', 'HOME', 'TMPDIR'];
const LINES_MAX = 2_000;
const STOP_MS_MAX = 30_000;

/** Starts `command` as the image's entrypoint does, with this environment and nothing else. */
export function start(
  name: string,
  command: readonly string[],
  env: Record<string, string>,
  onLine: (line: string) => void = () => undefined,
): Running {
  const inherited = INHERITED.flatMap((key) => (process.env[key] === undefined ? [] : [[key, process.env[key]]]));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...command], {
    cwd: ROOT,
    env: { ...(Object.fromEntries(inherited) as Record<string, string>), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const take = (line: string): void => {
    if (line === '') return;
    lines.push(line);
    if (lines.length > LINES_MAX) lines.shift();
    onLine(line);
  };
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      const whole = (rest + chunk).split('\n');
      rest = whole.pop() ?? '';
      whole.forEach(take);
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve).once('error', () => resolve(1)));
  return {
    name,
    pid: child.pid ?? 0,
    exited,
    lines,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
      await exited;
      clearTimeout(timer);
    },
  };
}
