import { type NodeProcess, spawnNode } from './node-process.ts';
import { healProxies, type StackProxies } from './stack-proxies.ts';
import type { Hosts } from './twilio/index.ts';

/** What every node of the stack is told. */
export const PUBLIC_HOST = 'aida.example.com';
export const PUBLIC_URL = `https://${PUBLIC_HOST}`;
export const OVERRIDES = '#ct=1000&rt=2500&rc=3&rp=all';

/** What is different for one node. */
export interface NodeStart {
  env?: Record<string, string>;
  args?: readonly string[];
  /** `src/main.ts` of another checkout: a node of another release. */
  entry?: string;
}

export interface FleetOptions {
  /** The carrier's way to the nodes; kept up to date. */
  hosts: Hosts;
  proxies: StackProxies | null;
  /** What every node is told. */
  env: Record<string, string>;
  /** Each node has a media address of its own. */
  ownMedia: boolean;
  each: (index: number) => NodeStart;
  onLog?: (line: string, node: number) => void;
}

/** Nodes of `src/main.ts` behind a balancer that checks nothing: a dead one refuses the connection. */
export class Fleet {
  /** The last process of each node. */
  readonly nodes: NodeProcess[] = [];
  readonly #options: FleetOptions;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  async start(index: number, start: NodeStart = this.#options.each(index)): Promise<NodeProcess> {
    const { onLog, proxies } = this.#options;
    const node = await spawnNode(this.#envOf(index, start), {
      args: start.args ?? [],
      ...(start.entry === undefined ? {} : { entry: start.entry }),
      ...(onLog ? { onLine: (line: string) => onLog(line, index) } : {}),
    });
    this.nodes[index] = node;
    await this.#point(index, node.port, node.opsPort);
    if (proxies) {
      void node.exited.then(async () => {
        if (this.nodes[index] === node) await this.#point(index, 0, 0);
      });
    }
    this.#publish();
    return node;
  }

  async stop(): Promise<void> {
    if (this.#options.proxies) await healProxies(this.#options.proxies);
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  #envOf(index: number, start: NodeStart): Record<string, string> {
    const { env, ownMedia, proxies } = this.#options;
    const redis = proxies?.redisOf[index];
    return {
      ...env,
      NODE_ID: nodeId(index),
      ...(ownMedia ? { MEDIA_URL: `wss://${mediaHost(index)}/media-stream` } : {}),
      ...(redis ? { REDIS_URL: `redis://127.0.0.1:${redis.port}` } : {}),
      ...(proxies ? { NODE_URL: `http://127.0.0.1:${proxies.nodeOps[index]?.port}` } : {}),
      ...(proxies ? { TWILIO_API_URL: `http://127.0.0.1:${proxies.carrier.port}` } : {}),
      ...start.env,
    };
  }

  async #point(index: number, port: number, opsPort: number): Promise<void> {
    const { proxies } = this.#options;
    await Promise.all([
      proxies?.web[index]?.target(port),
      proxies?.media[index]?.target(port),
      proxies?.nodeOps[index]?.target(opsPort),
    ]);
  }

  #publish(): void {
    const { hosts, proxies, ownMedia } = this.#options;
    const at = (kind: 'web' | 'media') =>
      this.nodes.map((node, index) => `127.0.0.1:${proxies?.[kind][index]?.port ?? node.port}`);
    hosts[PUBLIC_URL] = at('web');
    hosts[`wss://${PUBLIC_HOST}`] = at('media');
    if (ownMedia) at('media').forEach((address, index) => (hosts[`wss://${mediaHost(index)}`] = address));
  }
}

const nodeId = (index: number): string => `node-${index + 1}`;
const mediaHost = (index: number): string => `${nodeId(index)}.${PUBLIC_HOST}`;
