import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { lacksPart } from '../embedded/parts.ts';
import { freePort } from '../embedded/redis.ts';
import { haproxyConfig } from '../http/haproxy.ts';
import { proxiedNodes } from '../nodes.ts';
import { PUBLIC_HOST } from './fleet.ts';
import { type Haproxy, startHaproxy } from './parts/haproxy.ts';
import { type Stack, startStack } from './stack.ts';
import type { SimCall } from './twilio/index.ts';

const NODES = 3;
const NUMBERS = [1, 2, 3];
const GREETING = 'Thanks for calling Mangy Dog Coffee!';
const HEARD_MS_MAX = 30_000;
const WAIT = { timeout: 40_000, interval: 100 };
const START = join(import.meta.dirname, '../start.ts');

interface Line {
  msg: string;
  /** Of a node its id, of what watches them its number. */
  node?: number | string;
  pid?: number;
  opsPort?: number;
}

let stack: Stack;
let haproxy: Haproxy;
let nodes: ChildProcess;
let env: Record<string, string>;
let lines: Line[] = [];
let callers = 0;

/** The first of the ports that all nodes take one after another. */
async function freePorts(): Promise<number> {
  for (;;) {
    const first = await freePort();
    const ports = Array.from({ length: 2 * NODES }, (_, index) => first + index);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

describe.skipIf(await lacksPart('haproxy'))('several nodes of one start behind HAProxy', () => {
  beforeAll(async () => {
    stack = await startStack({ nodes: 1, model: { charsPerSecond: 48 } });
    await stack.node.stop();
    const [port, bind] = [await freePorts(), await freePort()];
    env = { ...stack.env, NODE_ID: 'box', PORT: String(port), OPS_PORT: String(port + 1), DRAIN_SECONDS: '60' };
    haproxy = await startHaproxy(haproxyConfig(proxiedNodes(env, NODES), `127.0.0.1:${bind}`), bind);
    for (const scheme of ['https', 'wss']) stack.twilio.hosts[`${scheme}://${PUBLIC_HOST}`] = `127.0.0.1:${bind}`;
    start(['--nodes', String(NODES)]);
    await vi.waitFor(() => expect(ready()).toHaveLength(NODES), WAIT);
    await vi.waitFor(async () => expect(await answered()).toBe(true), WAIT);
    const up = ['webhooks', 'media-box'].flatMap((backend) =>
      NUMBERS.map((node) => `${backend}${backend === 'webhooks' ? '' : `-${node}`}/box-${node} is UP`),
    );
    await vi.waitFor(() => expect(up.filter((line) => !haproxy.output().includes(line))).toEqual([]), WAIT);
  }, 180_000);
  afterAll(async () => {
    await stack?.stop();
    if (nodes?.exitCode === null && nodes.signalCode === null) {
      nodes.kill('SIGKILL');
      await once(nodes, 'exit');
    }
    await haproxy?.stop();
  });

  test('one start runs them all, and webhooks reach each of them', async () => {
    expect(ready().toSorted()).toEqual(['box-1', 'box-2', 'box-3']);
    const calls = Array.from({ length: 2 * NODES }, call);
    await Promise.all(calls.map(greeted));
    const urls = calls.map(({ streams }) => streams[0]?.options.url);
    expect(urls.every((url) => /^wss:\/\/aida\.example\.com\/[123]\/media-stream$/.test(url ?? ''))).toBe(true);
    await hangUp(calls);
    await vi.waitFor(() => expect(through('media-box')).toHaveLength(calls.length), WAIT);
    for (const { backend, server } of through('media-box')) expect(backend).toBe(`media-${server}`);
    expect(new Set(through('webhooks').map(({ server }) => server))).toEqual(new Set(['box-1', 'box-2', 'box-3']));
    expect(stack.twilio.warnings).toEqual([]);
  });

  test('a killed node’s call goes on at another, nobody is sent to it, and it is started again', async () => {
    const [victim, others] = await callsAt(2);
    const pid = pidOf(2);
    process.kill(pid, 'SIGKILL');
    await victim.waitFor(() => victim.streams.length === 2 && victim.stream !== null, HEARD_MS_MAX);
    const calls = Array.from({ length: NODES }, call);
    await Promise.all(calls.map(greeted));
    expect([victim, ...others].map(({ ended }) => ended)).toEqual([victim, ...others].map(() => false));
    await vi.waitFor(() => expect(pidOf(2)).not.toBe(pid), WAIT);
    await vi.waitFor(() => expect(ready().filter((name) => name === 'box-2')).toHaveLength(2), WAIT);
    await hangUp([victim, ...others, ...calls]);
    expect(stack.twilio.complaints).toEqual([]);
  });

  test('a node that drains is asked nothing any more, keeps its call, and does not come back', async () => {
    await vi.waitFor(async () => expect(await answered()).toBe(true), WAIT);
    const [kept, others] = await callsAt(1);
    const said = haproxy.output().length;
    process.kill(pidOf(1), 'SIGTERM');
    await vi.waitFor(async () => expect(await statusOf(1)).toBe(503), WAIT);
    await vi.waitFor(() => expect(haproxy.output().slice(said)).toMatch(/webhooks\/box-1 is DOWN/), WAIT);
    const before = haproxy.requests.length;
    const calls = Array.from({ length: 2 * NODES }, call);
    await Promise.all(calls.map(greeted));
    const asked = haproxy.requests.slice(before).filter(({ backend }) => backend === 'webhooks');
    expect(asked.length).toBeGreaterThanOrEqual(calls.length);
    expect(asked.filter(({ server }) => server.includes('box-1'))).toEqual([]);
    expect([kept.ended, kept.streams.length]).toEqual([false, 1]);
    await hangUp([kept, ...others, ...calls]);
    await vi.waitFor(
      () => expect(lines.filter(({ msg }) => msg === 'a node has ended')).toMatchObject([{ node: 1 }]),
      WAIT,
    );
  });

  test('told to end, it ends them all and itself', async () => {
    nodes.kill('SIGTERM');
    if (nodes.exitCode === null) await once(nodes, 'exit');
    expect(nodes.exitCode).toBe(0);
    const ended = lines.flatMap(({ msg, node }) => (msg === 'a node has ended' ? [node] : []));
    expect(ended).toHaveLength(NODES);
    expect(new Set(ended)).toEqual(new Set(NUMBERS));
  });

  test('a node is renewed on demand; when the one that watches them is gone they end by themselves', async () => {
    lines = [];
    start(['--nodes=1']);
    await vi.waitFor(() => expect(ready()).toEqual(['box-1']), WAIT);
    const old = pidOf(1);
    nodes.kill('SIGHUP');
    await vi.waitFor(() => expect(lines.map(({ msg }) => msg)).toContain('all nodes have been renewed'), WAIT);
    const pid = pidOf(1);
    expect([ready(), lives(old), pid === old]).toEqual([['box-1', 'box-1'], false, false]);
    nodes.kill('SIGKILL');
    await vi.waitFor(() => expect(lives(pid)).toBe(false), WAIT);
  });
});

function start(args: readonly string[]): void {
  nodes = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', START, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let rest = '';
  nodes.stdout?.on('data', (chunk: Buffer) => {
    const whole = (rest + chunk.toString()).split('\n');
    rest = whole.pop() ?? '';
    lines.push(...whole.map((line) => JSON.parse(line) as Line));
  });
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const ready = (): string[] => lines.flatMap(({ node, opsPort }) => (typeof node === 'string' && opsPort ? [node] : []));
const pidOf = (node: number): number =>
  lines.findLast((line) => line.msg === 'a node starts' && line.node === node)?.pid ?? 0;
const through = (backend: string) => haproxy.requests.filter((request) => request.backend.startsWith(backend));

/** All nodes are ready. */
async function answered(): Promise<boolean> {
  const statuses = await Promise.all(NUMBERS.map(statusOf));
  return statuses.every((status) => status === 200);
}

async function statusOf(node: number): Promise<number> {
  const opsPort = lines.findLast((line) => line.node === `box-${node}` && line.opsPort)?.opsPort;
  return (await fetch(`http://127.0.0.1:${opsPort}/readyz`)).status;
}

function call(): SimCall {
  callers += 1;
  return stack.twilio.placeCall({ from: `+120755509${String(callers).padStart(2, '0')}`, to: '+12075550142' });
}

const greeted = (sim: SimCall): Promise<void> => sim.waitFor(() => sim.heardText().includes(GREETING), HEARD_MS_MAX);

/** Calls until one is at this node; that one, and the others. */
async function callsAt(node: number): Promise<[SimCall, SimCall[]]> {
  const others: SimCall[] = [];
  for (let tries = 0; tries < 3 * NODES; tries++) {
    const sim = call();
    await greeted(sim);
    if (sim.stream?.options.url.includes(`/${node}/`)) return [sim, others];
    others.push(sim);
  }
  throw new Error(`no call came to node ${node}`);
}

async function hangUp(calls: readonly SimCall[]): Promise<void> {
  for (const sim of calls) sim.hangUp();
  await Promise.all(calls.map((sim) => sim.done));
}
