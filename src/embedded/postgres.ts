import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;

export interface DatabaseServer {
  /** `postgres://…` on 127.0.0.1. */
  url: string;
  port: number;
  pid: number;
  stop(): Promise<void>;
}

export interface PgliteOptions {
  /** Keep the data in this folder; default: in memory. */
  dir?: string;
  port?: number;
}

/**
 * Starts the embedded database, PGlite with pg_trgm, in a process of its own, which ends with this one.
 * It has one session: a transaction makes all other connections wait, so keep it free of other awaits.
 * Session settings, advisory locks, LISTEN and server-side timeouts are not to be used with it.
 */
export async function startPglite(options: PgliteOptions = {}): Promise<DatabaseServer> {
  const args = [join(import.meta.dirname, 'pglite-process.ts'), `--cache=${await cachePath()}`];
  if (options.dir) args.push(`--dir=${options.dir}`);
  if (options.port) args.push(`--port=${options.port}`);
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], cwd: ROOT });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`embedded database not ready after ${READY_TIMEOUT_MS} ms`));
    }, READY_TIMEOUT_MS);
    let seen = '';
    child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      const ready = /\{"port":(\d+)\}\n/.exec(seen);
      if (!ready) return;
      clearTimeout(timer);
      resolve(Number(ready[1]));
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`embedded database ended with ${code}`));
    });
  });
  child.stdin.on('error', () => {});
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** An empty database of this PGlite version, kept from its first start on. */
async function cachePath(): Promise<string> {
  const text = await readFile(join(ROOT, 'node_modules/@electric-sql/pglite/package.json'), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return join(ROOT, '.toolchain/pglite', `${version}.tar`);
}
