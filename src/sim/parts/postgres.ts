import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPart, unprivileged, type Part } from '../../embedded/parts.ts';
import type { DatabaseServer } from '../../embedded/postgres.ts';
import { freePort } from '../../embedded/redis.ts';

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const SAID_LENGTH_MAX = 2_000;

export interface PostgresOptions {
  /** Keep the cluster here; default: a folder that `stop` removes. It is made to belong to the user that runs it. */
  dir?: string;
  port?: number;
  /** What was committed outlives the server's sudden end. */
  durable?: boolean;
  /** Takes TLS, and from the network nothing else. PEM. */
  tls?: { cert: string; key: string };
}

/** Nothing outlives the machine: no fsync; small; on 127.0.0.1 alone. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '32MB',
  max_connections: '100',
  logging_collector: 'off',
  log_min_messages: 'log',
  timezone: 'UTC',
};

/** Starts a real PostgreSQL 15 on 127.0.0.1, as nobody where we are root. */
export async function startPostgres(options: PostgresOptions = {}): Promise<DatabaseServer> {
  const part = await findPart('postgres');
  const port = options.port ?? (await freePort());
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'aida-postgres-')));
  const { uid } = unprivileged('', []);
  if (uid !== process.getuid?.()) await chown(dir, uid, uid);
  if (!existsSync(join(dir, 'PG_VERSION'))) {
    await run(
      part,
      join(part.dir, 'initdb'),
      ['-D', dir, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '-N'],
      dir,
    );
  }
  const tls = options.tls ? await prepareTls(dir, options.tls, uid) : {};
  const durable = options.durable ? { synchronous_commit: 'on' } : {};
  const settings = Object.entries({ ...SETTINGS, ...durable, ...tls }).map(([name, value]) => `--${name}=${value}`);
  const server = launch(part, part.bin, ['-D', dir, '-p', String(port), ...settings], dir);
  await server.said('database system is ready to accept connections');
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    pid: server.child.pid ?? 0,
    async stop() {
      server.child.kill('SIGINT');
      const timer = setTimeout(() => server.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await server.exited;
      clearTimeout(timer);
      if (!options.dir) await rm(dir, { recursive: true, force: true });
    },
  };
}

async function prepareTls(dir: string, { cert, key }: NonNullable<PostgresOptions['tls']>, uid: number) {
  const [certFile, keyFile, rules] = [join(dir, 'tls.crt'), join(dir, 'tls.key'), join(dir, 'pg_hba.conf')];
  await writeFile(certFile, cert);
  await writeFile(keyFile, key, { mode: 0o600 });
  await writeFile(rules, 'hostssl all all 127.0.0.1/32 trust\n');
  if (uid !== process.getuid?.()) for (const file of [certFile, keyFile]) await chown(file, uid, uid);
  return { ssl: 'on', ssl_cert_file: certFile, ssl_key_file: keyFile };
}

async function run(part: Part, bin: string, args: string[], cwd: string): Promise<void> {
  const program = launch(part, bin, args, cwd);
  const code = await program.exited;
  if (code !== 0) throw new Error(`${bin} ended with ${code}: ${program.output()}`);
}

interface Launched {
  child: ChildProcess;
  exited: Promise<number | null>;
  output(): string;
  /** Resolves once the program has written this; rejects when it ends before, or takes too long. */
  said(words: string): Promise<void>;
}

function launch(part: Part, bin: string, args: string[], cwd: string): Launched {
  const command = unprivileged(bin, args);
  const how: SpawnOptions = {
    cwd,
    env: { ...part.env, LC_ALL: 'C.UTF-8', LC_MESSAGES: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
  };
  const child = spawn(command.bin, command.args, how);
  let output = '';
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', resolve).once('error', (error) => {
      output += error.message;
      resolve(null);
    });
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-SAID_LENGTH_MAX);
  });
  const said = (words: string) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), READY_TIMEOUT_MS);
      child.stderr?.on('data', () => {
        if (!output.includes(words)) return;
        clearTimeout(timer);
        resolve();
      });
      void exited.then((code) => {
        clearTimeout(timer);
        reject(new Error(`${bin} ended with ${code}: ${output}`));
      });
    });
  return { child, exited, output: () => output, said };
}
