import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseServer } from '../../embedded/postgres.ts';
import { freePort, type RedisServer, startRedis } from '../../embedded/redis.ts';
import { startPostgres } from '../parts/postgres.ts';

interface Server {
  url: string;
  port: number;
  pid: number;
  stop(): Promise<void>;
}

/** A server that can be killed, and started again at its port with its data. */
export class Mortal<S extends Server> implements Server {
  readonly url: string;
  readonly port: number;
  private readonly dir: string;
  private readonly begin: (place: { dir: string; port: number }) => Promise<S>;
  private server: S;
  private isDead = false;

  private constructor(dir: string, begin: Mortal<S>['begin'], server: S) {
    this.dir = dir;
    this.begin = begin;
    this.server = server;
    this.url = server.url;
    this.port = server.port;
  }

  static async start<S extends Server>(begin: Mortal<S>['begin']): Promise<Mortal<S>> {
    const dir = await mkdtemp(join(tmpdir(), 'aida-mortal-'));
    const port = await freePort();
    return new Mortal(dir, begin, await begin({ dir, port }));
  }

  get pid(): number {
    return this.server.pid;
  }

  /** Resolves when it is gone. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    this.isDead = true;
    process.kill(this.server.pid, signal);
    await this.server.stop();
  }

  async revive(): Promise<void> {
    this.server = await this.begin({ dir: this.dir, port: this.port });
    this.isDead = false;
  }

  async stop(): Promise<void> {
    if (!this.isDead) await this.server.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** With an append-only file: what it acknowledged outlives it. */
export const startMortalRedis = (): Promise<Mortal<RedisServer>> => Mortal.start((place) => startRedis(place));

export const startMortalPostgres = (): Promise<Mortal<DatabaseServer>> =>
  Mortal.start((place) => startPostgres({ ...place, durable: true }));
