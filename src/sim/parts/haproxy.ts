import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { findPart } from '../../embedded/parts.ts';

/** What HAProxy says of one request, or of one socket at its end. */
export interface ProxiedRequest {
  backend: string;
  /** `<NOSRV>` where nobody could be asked. */
  server: string;
  status: number;
  /** `POST /voice` or `GET /1/media-stream`. */
  request: string;
}

export interface Haproxy {
  /** One for each line of its log, oldest first. */
  requests: ProxiedRequest[];
  /** Everything it wrote. */
  output(): string;
  stop(): Promise<void>;
}

const READY_MS_MAX = 10_000;
const POLL_MS = 20;
/** More would need more open files than every machine allows. */
const CONNECTIONS_MAX = 400;
const LINE = /^\S+ \[[^\]]+\] \S+ ([^/\s]+)\/(\S+) \S+ (-?\d+) .*"(\S+ [^?\s"]*)/;

/** Runs this configuration in the foreground; resolves when `port` of 127.0.0.1, which it binds, is listened on. */
export async function startHaproxy(config: string, port: number): Promise<Haproxy> {
  const { bin, env } = await findPart('haproxy');
  const dir = await mkdtemp(join(tmpdir(), 'aida-haproxy-'));
  const file = join(dir, 'haproxy.cfg');
  await writeFile(file, config);
  const child = spawn(bin, ['-db', '-n', String(CONNECTIONS_MAX), '-f', file], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const requests: ProxiedRequest[] = [];
  let output = '';
  let rest = '';
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, backend, server, status, request] = LINE.exec(line) ?? [];
      if (backend && server && request) requests.push({ backend, server, status: Number(status), request });
    }
  };
  child.stdout.on('data', take);
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(dir, { recursive: true, force: true });
  };
  for (const untilMs = performance.now() + READY_MS_MAX; !(await listens(port));) {
    if (child.exitCode !== null || performance.now() > untilMs) {
      await stop();
      throw new Error(`HAProxy does not listen on ${port}: ${output}`);
    }
    await wait(POLL_MS);
  }
  return { requests, output: () => output, stop };
}

function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}
