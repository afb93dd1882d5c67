import { spawn } from 'node:child_process';

const readyMsMax = 30_000;

export interface Child {
  pid: number;
  /** The first line that it wrote, as JSON. */
  ready: unknown;
  stop(): Promise<void>;
}

/** Runs a TypeScript file as a process of its own until it says where it listens. `env`: more than this process has. */
export function startChild(file: string, args: readonly string[], env?: Record<string, string>): Promise<Child> {
  return startProgram(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], env);
}

/** The same with any program. */
export async function startProgram(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Child> {
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ready = await new Promise<unknown>((resolve, reject) => {
    const timer = setTimeout(() => fail('said nothing'), readyMsMax);
    function fail(why: string): void {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`${[program, ...args].join(' ')} ${why}`));
    }
    let seen = '';
    child.once('exit', (code) => fail(`ended with ${code}`));
    child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      const end = seen.indexOf('\n');
      if (end < 0) return;
      clearTimeout(timer);
      child.stdout.removeAllListeners('data').resume();
      resolve(JSON.parse(seen.slice(0, end)));
    });
  });
  return {
    pid: child.pid ?? 0,
    ready,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
