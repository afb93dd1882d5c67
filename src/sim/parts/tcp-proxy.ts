import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Lane, PASS_ALL, type Switches } from './tcp-lane.ts';

export interface ProxyCounters {
  /** Connections made through it. */
  connections: number;
  /** Connections broken by a switch. */
  broken: number;
  bytesToServer: number;
  bytesToClient: number;
  /** Replies cut after their request had gone through. */
  repliesCut: number;
}

/** The switches of one proxy, or of several at once. */
export interface ProxyControls {
  readonly switches: Readonly<Switches>;
  readonly counters: Readonly<ProxyCounters>;
  set(change: Partial<Switches>): Promise<void>;
  /** All switches back to where they were in the beginning. */
  heal(): Promise<void>;
  /** Breaks every open connection with a reset, at both ends. */
  reset(): void;
  /**
   * Passes the next request of which a chunk satisfies `is`, swallows what answers it and breaks the connection: the
   * request was applied, its sender cannot know. Resolves when that has happened.
   */
  cutReply(is?: (request: Buffer) => boolean): Promise<void>;
}

/** A TCP proxy on 127.0.0.1 whose line can be made bad. */
export interface TcpProxy extends ProxyControls {
  port: number;
  /** Connections from now on go there; 0: nobody listens there. */
  target(port: number): Promise<void>;
  close(): Promise<void>;
}

const LISTEN_TRIES_MAX = 50;
const LISTEN_AGAIN_MS = 100;

interface Cut {
  is: (request: Buffer) => boolean;
  done: () => void;
}

/** `targetPort` on 127.0.0.1; 0: nobody listens there yet. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const proxy = new Proxy(targetPort);
  await proxy.open();
  return proxy;
}

class Proxy implements TcpProxy {
  readonly counters: ProxyCounters = { connections: 0, broken: 0, bytesToServer: 0, bytesToClient: 0, repliesCut: 0 };
  switches: Switches = PASS_ALL;
  port = 0;
  #server: Server | null = null;
  #targetPort: number;
  #cut: Cut | null = null;
  #closed = false;
  /** Came in while nobody was there and nobody was to know. */
  readonly #lost: Socket[] = [];
  readonly #lines = new Set<Line>();

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  target(port: number): Promise<void> {
    this.#targetPort = port;
    return this.#settle();
  }

  async open(): Promise<void> {
    await this.#listen();
    await this.#settle();
  }

  set(change: Partial<Switches>): Promise<void> {
    this.switches = { ...this.switches, ...change };
    for (const line of this.#lines) line.changed();
    if (this.switches.drop === 'none') for (const socket of this.#lost.splice(0)) socket.resetAndDestroy();
    return this.#settle();
  }

  heal(): Promise<void> {
    return this.set(PASS_ALL);
  }

  reset(): void {
    for (const line of this.#lines) line.break();
  }

  cutReply(is: (request: Buffer) => boolean = () => true): Promise<void> {
    return new Promise((done) => (this.#cut = { is, done }));
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#closed = true;
    this.reset();
    for (const socket of this.#lost.splice(0)) socket.resetAndDestroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  /** Listens while there is somebody to reach, or nobody may know that there is not. */
  async #settle(): Promise<void> {
    const { refuse, drop } = this.switches;
    const listens = !refuse && (this.#targetPort !== 0 || drop !== 'none');
    if (!listens) {
      this.#server?.close();
      this.#server = null;
    } else if (!this.#server) await this.#listen();
  }

  async #listen(): Promise<void> {
    // Half a line may end before the other half.
    const server = createServer({ allowHalfOpen: true }, (near) => this.#accept(near));
    this.#server = server;
    for (let tries = 1; ; tries++) {
      try {
        await once(server.listen(this.port, '127.0.0.1'), 'listening');
        break;
      } catch (error) {
        // Somebody's outgoing connection may stand on our port for a while.
        if (tries === LISTEN_TRIES_MAX) throw error;
        await setTimeout(LISTEN_AGAIN_MS);
      }
    }
    const address = server.address();
    this.port = typeof address === 'object' && address ? address.port : 0;
    if (this.#closed) server.close();
  }

  #accept(near: Socket): void {
    near.on('error', () => undefined);
    if (this.#targetPort === 0) return void this.#lost.push(near);
    this.counters.connections += 1;
    const line: Line = new Line(near, connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true }), {
      switches: () => this.switches,
      requested: (bytes) => this.#requested(line, bytes),
      replied: (bytes) => this.#replied(line, bytes),
      broken: () => (this.counters.broken += 1),
      over: () => this.#lines.delete(line),
    });
    this.#lines.add(line);
  }

  #requested(line: Line, bytes: Buffer): boolean {
    this.counters.bytesToServer += bytes.length;
    if (!this.#cut || line.cut || !this.#cut.is(bytes)) return true;
    line.cut = this.#cut.done;
    this.#cut = null;
    return true;
  }

  #replied(line: Line, bytes: Buffer): boolean {
    if (!line.cut) {
      this.counters.bytesToClient += bytes.length;
      return true;
    }
    this.counters.repliesCut += 1;
    line.cut();
    line.break();
    return false;
  }
}

interface LineHost {
  switches: () => Switches;
  requested: (bytes: Buffer) => boolean;
  replied: (bytes: Buffer) => boolean;
  broken: () => void;
  over: () => void;
}

/** One connection through a proxy. */
class Line {
  /** Its next reply is to be cut, and whoever asked for that told. */
  cut: (() => void) | null = null;
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #host: LineHost;
  readonly #lanes: [Lane, Lane];
  /** An end that is gone while nobody may be told. */
  #gone: 'toServer' | 'toClient' | null = null;

  constructor(near: Socket, far: Socket, host: LineHost) {
    this.#near = near;
    this.#far = far;
    this.#host = host;
    const { switches } = host;
    this.#lanes = [
      new Lane({ from: near, to: far, direction: 'toServer', switches, pass: host.requested }),
      new Lane({ from: far, to: near, direction: 'toClient', switches, pass: host.replied }),
    ];
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.#lost(socket));
      socket.on('close', () => this.#closed());
    }
  }

  /** The switches were. */
  changed(): void {
    for (const lane of this.#lanes) lane.retime();
    if (this.#gone && !this.#isShut(this.#gone)) this.#end();
  }

  break(): void {
    this.#host.broken();
    this.#end();
  }

  /** One end broke: the other is told, unless that way is dead. */
  #lost(socket: Socket): void {
    const direction = socket === this.#near ? 'toServer' : 'toClient';
    if (this.#isShut(direction)) this.#gone = direction;
    else this.#end();
  }

  #isShut(direction: 'toServer' | 'toClient'): boolean {
    const { drop } = this.#host.switches();
    return drop === 'both' || drop === direction;
  }

  #end(): void {
    for (const lane of this.#lanes) lane.stop();
    this.#near.resetAndDestroy();
    this.#far.resetAndDestroy();
    this.#host.over();
  }

  #closed(): void {
    if (!this.#near.destroyed || !this.#far.destroyed) return;
    for (const lane of this.#lanes) lane.stop();
    this.#host.over();
  }
}

/** The switches of several proxies as one. A cut reply is the first one of any of them. */
export function together(proxies: readonly ProxyControls[]): ProxyControls {
  return {
    get switches() {
      return proxies[0]?.switches ?? PASS_ALL;
    },
    get counters() {
      const sum: ProxyCounters = { connections: 0, broken: 0, bytesToServer: 0, bytesToClient: 0, repliesCut: 0 };
      for (const { counters } of proxies) {
        for (const name of Object.keys(sum) as (keyof ProxyCounters)[]) sum[name] += counters[name];
      }
      return sum;
    },
    set: async (change) => void (await Promise.all(proxies.map((proxy) => proxy.set(change)))),
    heal: async () => void (await Promise.all(proxies.map((proxy) => proxy.heal()))),
    reset: () => proxies.forEach((proxy) => proxy.reset()),
    cutReply: (is) => Promise.race(proxies.map((proxy) => proxy.cutReply(is))),
  };
}
