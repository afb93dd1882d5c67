import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connectRedis, type RedisLink } from '../../directory/redis.ts';
import { findPart } from '../../embedded/parts.ts';
import { freePort, type RedisServer, startRedis } from '../../embedded/redis.ts';

export interface SentinelOptions {
  /** So many watch; more than half of them must agree. 1 when left out. */
  sentinels?: number;
  /** A primary that does not answer for so long is down. */
  downAfterMs?: number;
}

/** A primary with one replica, watched by Sentinels: `url` is for `REDIS_URL`, `port` and `pid` are the first primary's. */
export interface SentinelRedis extends RedisServer {
  /** The port that the Sentinels give for the primary. */
  primaryPort(): Promise<number>;
  /**
   * The replica takes nothing more in from now on: what the primary acknowledges is lost with it. Kill it within
   * eight seconds: then the Sentinels set the replica right.
   */
  cutReplication(): Promise<void>;
  /** SIGKILL, or SIGSTOP for one that comes back and does not know; resolves with the new primary's port. */
  failOver(signal?: 'SIGKILL' | 'SIGSTOP'): Promise<number>;
  /** Brings the one that is no primary any more back, as a replica of the new one. */
  revive(): Promise<void>;
}

const NAME = 'aida';
const DOWN_AFTER_MS = 700;
const FAILOVER_MS = 3_000;
const INFO_MS = 500;
const SETTLE_MS_MAX = 30_000;
const POLL_MS = 50;

export async function startSentinelRedis(options: SentinelOptions = {}): Promise<SentinelRedis> {
  const cluster = new Watched(await mkdtemp(join(tmpdir(), 'aida-sentinel-')));
  try {
    await cluster.start(options.sentinels ?? 1, options.downAfterMs ?? DOWN_AFTER_MS);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

class Watched implements SentinelRedis {
  url = '';
  port = 0;
  pid = 0;
  private readonly dir: string;
  private readonly sentinels: ChildProcess[] = [];
  private readonly ports = new Set<number>();
  /** Those that live, by port. */
  private readonly servers = new Map<number, RedisServer>();
  private asked: RedisLink | null = null;

  constructor(dir: string) {
    this.dir = dir;
  }

  async start(count: number, downAfterMs: number): Promise<void> {
    const primary = await this.server(await freePort(), null);
    this.port = primary.port;
    this.pid = primary.pid;
    await this.server(await freePort(), primary.port);
    const ports = [];
    for (let index = 0; index < count; index++) ports.push(await this.watcher(index, count, downAfterMs));
    this.url = `redis+sentinel://${ports.map((port) => `127.0.0.1:${port}`).join(',')}/${NAME}`;
    const links = await Promise.all(ports.map((port) => connectRedis(`redis://127.0.0.1:${port}`)));
    for (const link of links) {
      await this.until(async () => {
        if (!link.ready) return false;
        await link.command('sentinel', 'debug', 'info-period', INFO_MS);
        const known = fieldsOf(await link.command('sentinel', 'master', NAME));
        return Number(known['num-slaves']) === 1 && Number(known['num-other-sentinels']) === count - 1;
      });
    }
    this.asked = links[0] ?? null;
    await Promise.all(links.slice(1).map((link) => link.close()));
  }

  async primaryPort(): Promise<number> {
    const reply = await this.asked?.command('sentinel', 'get-master-addr-by-name', NAME);
    const port: unknown = Array.isArray(reply) ? reply[1] : null;
    return Number(port);
  }

  async cutReplication(): Promise<void> {
    const primary = await this.primaryPort();
    const nowhere = await freePort();
    for (const port of this.servers.keys()) {
      if (port !== primary) await commandAt(port, 'replicaof', '127.0.0.1', nowhere);
    }
  }

  async failOver(signal: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL'): Promise<number> {
    const old = await this.primaryPort();
    const server = this.servers.get(old);
    if (!server) throw new Error(`the Sentinels name ${old}, which is none of ours`);
    process.kill(server.pid, signal);
    if (signal === 'SIGKILL') await this.gone(old, server);
    await this.until(async () => {
      const port = await this.primaryPort();
      return port !== old && (await roleAt(port)) === 'master';
    });
    return this.primaryPort();
  }

  async revive(): Promise<void> {
    const primary = await this.primaryPort();
    for (const [port, server] of this.servers) {
      if (port !== primary) await this.end(port, server);
    }
    for (const port of this.ports) {
      if (port !== primary) await this.server(port, primary);
    }
    await this.until(async () => fieldIn(await infoAt(primary), 'connected_slaves') === '1');
  }

  async stop(): Promise<void> {
    await this.asked?.close();
    for (const sentinel of this.sentinels) {
      if (sentinel.exitCode !== null) continue;
      sentinel.kill('SIGKILL');
      await once(sentinel, 'exit');
    }
    for (const [port, server] of this.servers) await this.end(port, server);
    await rm(this.dir, { recursive: true, force: true });
  }

  private async server(port: number, primary: number | null): Promise<RedisServer> {
    const args = primary === null ? [] : ['--replicaof', `127.0.0.1 ${primary}`];
    const server = await startRedis({ port, args: ['--repl-diskless-sync-delay', '0', ...args] });
    this.ports.add(port);
    this.servers.set(port, server);
    if (primary !== null) await this.until(async () => (await infoAt(port)).includes('master_link_status:up'));
    return server;
  }

  private async watcher(index: number, count: number, downAfterMs: number): Promise<number> {
    const port = await freePort();
    const file = join(this.dir, `sentinel-${index}.conf`);
    const quorum = Math.floor(count / 2) + 1;
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${this.dir}`,
      `sentinel monitor ${NAME} 127.0.0.1 ${this.port} ${quorum}`,
      `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${NAME} ${FAILOVER_MS}`,
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    const { bin, env } = await findPart('redis');
    const child = spawn(bin, [file, '--sentinel'], { env, stdio: 'ignore' });
    this.sentinels.push(child);
    await once(child, 'spawn');
    return port;
  }

  private async end(port: number, server: RedisServer): Promise<void> {
    process.kill(server.pid, 'SIGKILL');
    await this.gone(port, server);
  }

  private async gone(port: number, server: RedisServer): Promise<void> {
    this.servers.delete(port);
    await server.stop();
  }

  private async until(holds: () => Promise<boolean>): Promise<void> {
    const untilMs = performance.now() + SETTLE_MS_MAX;
    while (!(await holds().catch(() => false))) {
      if (performance.now() > untilMs) throw new Error(`the Sentinels have not settled within ${SETTLE_MS_MAX} ms`);
      await wait(POLL_MS);
    }
  }
}

async function commandAt(port: number, name: string, ...args: (string | number)[]): Promise<unknown> {
  const link = await connectRedis(`redis://127.0.0.1:${port}`);
  try {
    return await link.command(name, ...args);
  } finally {
    await link.close();
  }
}

const infoAt = async (port: number): Promise<string> => String(await commandAt(port, 'info', 'replication'));
const roleAt = async (port: number): Promise<string | undefined> => fieldIn(await infoAt(port), 'role');
const fieldIn = (info: string, name: string): string | undefined =>
  new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];

function fieldsOf(reply: unknown): Record<string, string> {
  const flat = Array.isArray(reply) ? reply.map(String) : [];
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])));
}
