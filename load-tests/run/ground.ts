import { join } from 'node:path';
import { startChild } from '../bench/child.ts';
import { asStarted } from '../bench/node-flags.ts';
import { freePort, type RedisServer, startRedis } from '../../src/embedded/redis.ts';
import { PUBLIC_URL } from '../../src/sim/fleet.ts';
import type { NodeProcess } from '../../src/sim/node-process.ts';
import { startTcpProxy } from '../../src/sim/parts/tcp-proxy.ts';
import { type Stack, startStack } from '../../src/sim/stack.ts';
import { type CarrierRest, startCarrierRest } from './carrier-rest.ts';
import { Pinning } from './pinning.ts';
import type { ScenarioPlan } from './scenario.ts';
import type { Parts } from './usage.ts';

const strictModel = join(import.meta.dirname, '../../src/sim/model/main.ts');
const leanModel = join(import.meta.dirname, '../../src/sim/load/main.ts');
/** The model that is called: it starts to speak so long after a turn is over. */
export const modelFirstDeltaMs = 250;
/** As a handshake with a far server takes. */
export const modelOpenMs = 500;
/** To the strict model and back to it from the nodes, each. */
export const modelWayMs = 40;
const readyMsMax = 30_000;
const readyPollMs = 50;

/** Where callers call, and how they sign. */
export interface Target {
  /** `https://…`, as the carrier knows it. */
  url: string;
  accountSid: string;
  /** The account's auth token. */
  token: string;
  /** Where the public names really are: `https://name` → `127.0.0.1:port`, …; empty: where the DNS says. */
  hosts: Readonly<Record<string, readonly string[]>>;
}

export interface GroundOptions {
  nodes: number;
  /** Calls that one node takes. */
  callsMax: number;
  model: ScenarioPlan['model'];
  /** From the nodes to Redis, and back, each. */
  redisWayMs: number;
  /** More settings of every node. */
  env?: Readonly<Record<string, string>>;
  /** More flags of Node for every node: `--import=FILE`, `--cpu-prof`. */
  nodeOptions?: string;
  onLog?: (line: string, node: number) => void;
  onStep?: (step: string) => void;
}

/** Everything that a run on this machine needs but its callers. */
export class Ground {
  readonly target: Target;
  readonly modelUrl: string;
  readonly #stack: Stack;
  readonly #model: Model;
  readonly #rest: CarrierRest;
  readonly pinning: Pinning;

  private constructor(stack: Stack, parts: { model: Model; rest: CarrierRest; pinning: Pinning }) {
    this.#stack = stack;
    this.#model = parts.model;
    this.#rest = parts.rest;
    this.pinning = parts.pinning;
    this.modelUrl = parts.model.url;
    const { TWILIO_ACCOUNT_SID: accountSid = '', TWILIO_AUTH_TOKEN: token = '' } = stack.env;
    const hosts = Object.entries(stack.twilio.hosts).map(([name, at]) => [name, typeof at === 'string' ? [at] : at]);
    this.target = { url: PUBLIC_URL, accountSid, token, hosts: Object.fromEntries(hosts) as Target['hosts'] };
  }

  static async start(options: GroundOptions): Promise<Ground> {
    const pinning = await Pinning.begin(options.nodes);
    const model = await startModel(options.model);
    const rest = await startCarrierRest();
    try {
      const stack = await startNodes(options, model.url, rest.url);
      const ground = new Ground(stack, { model, rest, pinning });
      await Promise.all(stack.nodes.map((node, index) => pinning.node(index, node.pid)));
      return ground;
    } catch (error) {
      await Promise.all([model.stop(), rest.close(), pinning.end()]);
      throw error;
    }
  }

  get nodes(): readonly NodeProcess[] {
    return this.#stack.nodes;
  }

  get stack(): Stack {
    return this.#stack;
  }

  /** Process ids by part, as they are now. */
  get parts(): Parts {
    const { redis, database, nodes } = this.#stack;
    return {
      nodes: nodes.map(({ pid }) => pid),
      model: [this.#model.pid],
      redis: [redis.pid],
      database: [database.pid],
      runner: [process.pid],
    };
  }

  /** What ended though nobody asked it to. */
  get deaths(): string[] {
    const parts = {
      'the model': this.#model.pid,
      Redis: this.#stack.redis.pid,
      'the database': this.#stack.database.pid,
    };
    return Object.entries(parts).flatMap(([part, pid]) =>
      isAlive(pid) ? [] : [`${part} ended in the middle of the run`],
    );
  }

  /** Starts a node again at its old address; resolves when it takes calls. */
  async restart(index: number): Promise<void> {
    const node = await this.#stack.startNode(index);
    await this.pinning.node(index, node.pid);
    await takesCalls(node);
  }

  async stop(): Promise<void> {
    await this.#stack.stop();
    await Promise.all([this.#model.stop(), this.#rest.close()]);
    await this.pinning.end();
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

export interface Model {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/** A fake as a process of its own. Both begin an answer 250 ms after the end of a turn. */
export async function startModel(kind: ScenarioPlan['model']): Promise<Model> {
  const openMs = String(modelOpenMs);
  const { ready, pid, stop } = await (kind === 'lean'
    ? startChild(leanModel, ['model', '--open-late', openMs])
    : startChild(strictModel, [
        ...['--first-delta-ms', String(modelFirstDeltaMs), '--open-ms', openMs],
        ...['--way-ms', String(modelWayMs)],
      ]));
  return { url: (ready as { url: string }).url, pid, stop };
}

/** Every node keeps its ports over restarts: generators know them from the beginning. */
async function startNodes(options: GroundOptions, modelUrl: string, restUrl: string): Promise<Stack> {
  const { nodes, callsMax, redisWayMs, env, nodeOptions, onLog, onStep } = options;
  const ports = await Promise.all(Array.from({ length: nodes }, () => Promise.all([freePort(), freePort()])));
  const flags = await asStarted(...(nodeOptions ? [nodeOptions] : []));
  return startStack({
    nodes,
    model: null,
    ...(redisWayMs === 0 ? {} : { redis: () => farRedis(redisWayMs) }),
    each: (index) => ({ env: { PORT: String(ports[index]?.[0]), OPS_PORT: String(ports[index]?.[1]) } }),
    env: {
      ...flags,
      TWILIO_API_URL: restUrl,
      OPENAI_REALTIME_URL: modelUrl,
      // The model's voice is all that can be had: nothing is rendered while calls are measured.
      OPENAI_API_URL: restUrl,
      CALLS_MAX: String(callsMax),
      ...env,
    },
    ...(onLog ? { onLog } : {}),
    ...(onStep ? { onStep } : {}),
  });
}

async function farRedis(wayMs: number): Promise<RedisServer> {
  const redis = await startRedis();
  const way = await startTcpProxy(redis.port);
  await way.set({ delayMs: wayMs });
  return {
    ...redis,
    url: `redis://127.0.0.1:${way.port}`,
    async stop() {
      await way.close();
      await redis.stop();
    },
  };
}

async function takesCalls({ opsPort }: NodeProcess): Promise<void> {
  const untilMs = performance.now() + readyMsMax;
  while (performance.now() < untilMs) {
    const answer = await fetch(`http://127.0.0.1:${opsPort}/readyz`).catch(() => null);
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, readyPollMs));
  }
  throw new Error('a node that was started again takes no calls');
}
