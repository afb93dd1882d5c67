import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { DirectoryError, toDirectoryError } from './errors.ts';
import { directoryLimits } from './limits.ts';
import { parseRedisUrl, type RedisAddress } from './redis-url.ts';
import type { RedisMeter } from '../telemetry/backend-meters.ts';
import type { Script } from './scripts/script.ts';

export type RedisArgument = string | number;

/** A connection to Redis, single, sentinel or cluster alike. */
export interface RedisLink {
  readonly ready: boolean;
  /** Runs a script by its hash; by its source when Redis does not know it yet. Rejects with DirectoryError only. */
  run(script: Script, keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown>;
  /** Runs a command; `key` first where it has one. Rejects with DirectoryError only. */
  command(name: string, ...args: RedisArgument[]): Promise<unknown>;
  /** Called after each reconnect and each change of primary: what was acked last may be gone. Returns the way to stop. */
  onRestored(listener: () => void): () => void;
  close(): Promise<void>;
}

/** For commands that look through everything: a node knows the names of its keys. */
export interface RedisScan {
  /** Names of all keys like the pattern, in pieces; one may come twice, one made meanwhile may not come. */
  scan(pattern: string): AsyncGenerator<string[]>;
}

export interface RedisLinkOptions {
  /** For blocking reads, on a connection of their own: the longest block in ms. */
  blockMsMax?: number;
  /** Told of connection errors, at most one for each attempt. */
  onError?: (error: Error) => void;
  meter?: RedisMeter;
}

const RETRY_DELAY_STEP_MS = 50;
const SCAN_COUNT = 500;

function retryDelay(times: number): number {
  return Math.min(RETRY_DELAY_STEP_MS * times, directoryLimits.retryDelayMaxMs);
}

function redisOptions(address: RedisAddress, options: RedisLinkOptions): RedisOptions {
  const blocking = options.blockMsMax ?? 0;
  return {
    username: address.username || undefined,
    password: address.password || undefined,
    db: address.db,
    ...(address.tls ? { tls: {} } : {}),
    commandTimeout: directoryLimits.commandTimeoutMs + blocking,
    socketTimeout: directoryLimits.socketTimeoutMs + blocking,
    connectTimeout: directoryLimits.connectTimeoutMs,
    maxRetriesPerRequest: 1,
    // A command that waited out an outage would run long after its caller gave up: nothing queues, the caller decides.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: retryDelay,
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    lazyConnect: true,
  };
}

function createClient(address: RedisAddress, options: RedisLinkOptions): Redis | Cluster {
  const shared = redisOptions(address, options);
  if (address.form === 'single') return new Redis({ ...shared, ...address.place });
  if (address.form === 'sentinel') {
    return new Redis({
      ...shared,
      sentinels: address.sentinels,
      name: address.primary,
      // Without these two the client speaks plainly, whatever `tls` says.
      ...(address.tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
      sentinelRetryStrategy: retryDelay,
    });
  }
  return new Cluster(address.seeds, {
    redisOptions: shared,
    enableOfflineQueue: false,
    lazyConnect: true,
    clusterRetryStrategy: retryDelay,
    slotsRefreshTimeout: directoryLimits.connectTimeoutMs,
  });
}

class Link implements RedisLink, RedisScan {
  private readonly client: Redis | Cluster;
  private readonly listeners = new Set<() => void>();
  private readonly meter: RedisMeter | null;
  private underWay = 0;
  private wasReady = false;
  private isCorked = false;

  constructor(client: Redis | Cluster, { onError = () => {}, meter }: RedisLinkOptions) {
    this.client = client;
    this.meter = meter ?? null;
    client.on('error', onError);
    client.on('ready', () => this.restored());
    client.on('+node', () => this.wasReady && this.restored());
  }

  get ready(): boolean {
    return this.client.status === 'ready';
  }

  private restored(): void {
    if (this.wasReady) {
      this.meter?.restored();
      for (const listener of this.listeners) listener();
    }
    this.wasReady = true;
  }

  run(script: Script, keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown> {
    return this.guard(async () => {
      this.gatherWrites();
      try {
        return await this.client.evalsha(script.sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return await this.client.eval(script.source, keys.length, ...keys, ...args);
      }
    });
  }

  /** What one turn of the loop has to say leaves in one write. */
  private gatherWrites(): void {
    if (this.isCorked || this.client instanceof Cluster || !this.ready) return;
    const { stream } = this.client;
    this.isCorked = true;
    stream.cork();
    process.nextTick(() => {
      this.isCorked = false;
      stream.uncork();
    });
  }

  command(name: string, ...args: RedisArgument[]): Promise<unknown> {
    return this.guard(() => this.client.call(name, ...args));
  }

  async *scan(pattern: string): AsyncGenerator<string[]> {
    const { client } = this;
    for (const server of client instanceof Cluster ? client.nodes('master') : [client]) {
      let cursor = '0';
      do {
        const [next, keys] = await this.guard(() => server.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT));
        cursor = next;
        if (keys.length > 0) yield keys;
      } while (cursor !== '0');
    }
  }

  private async guard<T>(work: () => Promise<T>): Promise<T> {
    if (this.underWay >= directoryLimits.commandsMax) throw new DirectoryError('busy', `${this.underWay} under way`);
    this.underWay += 1;
    this.meter?.began();
    const startedAt = performance.now();
    let code: string | null = null;
    try {
      return await work();
    } catch (error) {
      const fault = toDirectoryError(error);
      code = fault.code;
      throw fault;
    } finally {
      this.underWay -= 1;
      this.meter?.ended(performance.now() - startedAt, code);
    }
  }

  onRestored(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async connect(): Promise<void> {
    await this.client.connect();
  }

  async close(): Promise<void> {
    this.listeners.clear();
    const isConnected = this.client.status !== 'end' && this.client.status !== 'reconnecting';
    const ended = new Promise<void>((resolve) => this.client.once('end', () => resolve()));
    this.client.disconnect();
    // While it waits for its next attempt there is no socket whose end it would tell of.
    if (isConnected) await withinMs(ended, directoryLimits.connectTimeoutMs);
  }
}

/** Waits for the promise, but no longer than this. */
async function withinMs(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, bound]);
  clearTimeout(timer);
}

/**
 * Connects and waits for the first answer, at most `connectTimeoutMs`; the link goes on trying by itself either way,
 * so that a process may start while Redis is away (`ready` says which).
 * @throws RangeError for a malformed address
 */
export async function connectRedis(url: string, options: RedisLinkOptions = {}): Promise<RedisLink & RedisScan> {
  const link = new Link(createClient(parseRedisUrl(url), options), options);
  await withinMs(
    link.connect().catch(() => {}),
    directoryLimits.connectTimeoutMs,
  );
  return link;
}

/**
 * Calls back for every message on a channel, and after each reconnect, since messages may have been missed. Needs no
 * answer to start: it goes on trying. Returns the way to stop.
 */
export function subscribe(
  url: string,
  channel: string,
  listener: () => void,
  options: RedisLinkOptions = {},
): () => void {
  const client = createClient(parseRedisUrl(url), options);
  const failed = options.onError ?? (() => {});
  let wasReady = false;
  client.on('error', failed);
  client.on('message', listener);
  client.on('ready', () => {
    client.subscribe(channel).catch(failed);
    if (wasReady) listener();
    wasReady = true;
  });
  client.connect().catch(failed);
  return () => client.disconnect();
}
