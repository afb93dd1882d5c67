import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import type { Fault } from '../faults.ts';

const ROOT = join(import.meta.dirname, '../..');
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;
const LOG_LINES_MAX = 5_000;
/** Of the environment that this process has, only this much goes on: settings come from whoever starts the node. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ'];

/** A running Aida process. */
export interface NodeProcess {
  pid: number;
  /** Webhooks and media, on 127.0.0.1. */
  port: number;
  /** Health, metrics, console. */
  opsPort: number;
  /** The last lines that it wrote, oldest first. */
  log: string[];
  /** Resolves with the exit code, null after a signal. */
  exited: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  /** For a node that was started with `--faults`. Resolves when it was heard, before it happens. */
  inflict(fault: Fault): Promise<void>;
  /** SIGTERM, and SIGKILL when it does not end by itself. */
  stop(): Promise<void>;
}

export interface NodeProcessOptions {
  args?: readonly string[];
  /** Another checkout's `src/main.ts`. */
  entry?: string;
  onLine?: (line: string) => void;
}

/** Starts `src/main.ts` with this environment and waits for its ready line: JSON with `port` and `opsPort`. */
export async function spawnNode(
  env: Record<string, string>,
  { args = [], entry = join(ROOT, 'src/main.ts'), onLine = () => undefined }: NodeProcessOptions = {},
): Promise<NodeProcess> {
  const inherited = Object.fromEntries(
    INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...args], {
    cwd: join(dirname(entry), '..'),
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(args.includes('--faults') ? (['ipc'] as const) : [])],
  });
  const log: string[] = [];
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const ports = await new Promise<{ port: number; opsPort: number }>((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`the node ${why}: ${log.slice(-20).join('\n')}`));
    };
    const timer = setTimeout(() => fail(`was not ready after ${READY_TIMEOUT_MS} ms`), READY_TIMEOUT_MS);
    child.once('exit', (code) => fail(`ended with ${code}`));
    const take = (line: string): void => {
      log.push(line);
      if (log.length > LOG_LINES_MAX) log.shift();
      onLine(line);
      const ready = portsIn(line);
      if (!ready) return;
      clearTimeout(timer);
      resolve(ready);
    };
    for (const stream of [child.stdout, child.stderr]) if (stream) eachLine(stream, take);
  });
  return {
    ...ports,
    pid: child.pid ?? 0,
    log,
    exited,
    kill: (signal) => void child.kill(signal),
    async inflict(fault) {
      if (!child.channel) throw new Error('the node was started without --faults');
      const taken = once(child, 'message');
      child.send(fault);
      await taken;
    },
    async stop() {
      // A frozen one could not hear of its end.
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') take(line);
  });
}

function portsIn(line: string): { port: number; opsPort: number } | null {
  try {
    const value = JSON.parse(line) as { port?: unknown; opsPort?: unknown };
    const { port, opsPort } = value;
    // A node without the role `call` has no port for calls.
    const isReady = typeof opsPort === 'number' && (typeof port === 'number' || port === null);
    return isReady ? { port: typeof port === 'number' ? port : 0, opsPort } : null;
  } catch {
    return null;
  }
}
