import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFleet } from '../../directory/fleet.ts';
import { metricIn, metricsOf } from '../node-metrics.ts';
import type { SimCall } from '../twilio/index.ts';
import { accountOf, readAccount } from '../account.ts';
import { Caller } from './caller.fixture.ts';
import { keepGolden } from './golden.fixture.ts';
import { script } from './stories.fixture.ts';
import { eventually, startWorld, type World } from './world.fixture.ts';

const GREETING = 'How can I help you today?';
const COMMAND = join(import.meta.dirname, '../../drain.ts');
const NEW_CALLS = 4;

let world: World;
let numbers = 0;

beforeAll(async () => {
  world = await startWorld({ nodes: 3, env: { CALLS_MAX: '10', DRAIN_SECONDS: '120' }, model: { script } });
});

afterAll(async () => {
  await world.stop();
  expect(world.complaints()).toEqual([]);
});

function dial(): Caller {
  numbers += 1;
  return new Caller(world, `+120755580${String(numbers).padStart(2, '0')}`);
}

/** Index of the node that holds the call's last stream. */
const nodeOf = ({ streams }: SimCall): number => Number(/node-(\d)\./.exec(streams.at(-1)?.options.url ?? '')?.[1]) - 1;

const readiness = async (index: number) => {
  const response = await fetch(`http://127.0.0.1:${world.nodes[index]?.opsPort}/readyz`);
  return { status: response.status, body: (await response.json()) as { status: string } };
};

const recordOf = async (index: number) =>
  (await readFleet(world.link)).find(({ node }) => node === `node-${index + 1}`);

const claimsOf = async (call: SimCall) => (await readAccount(world, call)).claims;

test('a node that is to end gets no new calls, and lets the one that it has come to its own end', async () => {
  const caller = dial();
  await caller.hear(GREETING);
  const index = nodeOf(caller.call);
  const node = world.nodes[index];
  expect((await readiness(index)).status).toBe(200);
  node?.kill('SIGTERM');
  const draining = await eventually(
    () => readiness(index),
    ({ status }) => status === 503,
  );
  expect(draining.body.status).toBe('draining');
  const others = Array.from({ length: NEW_CALLS }, dial);
  await Promise.all(others.map((other) => other.hear(GREETING)));
  expect(others.map(({ call }) => nodeOf(call)).filter((at) => at === index)).toEqual([]);
  // Any webhook may arrive anywhere: the balancer knows of nothing, and this node goes on answering.
  const metrics = await metricsOf(node?.opsPort ?? 0);
  expect([metricIn(metrics, 'aida_draining'), metricIn(metrics, 'aida_calls_live')]).toEqual([1, 1]);
  // It is still of the fleet: a node that is silent would be taken for dead, and its call with it.
  expect(await recordOf(index)).toMatchObject({ capacity: 0, load: 1 });
  await caller.say('What are your hours on Tuesday?');
  await caller.hear('Tuesday 07:00 - 18:00');
  await caller.say('That is all. Goodbye!');
  await caller.hungUpOn();
  expect([caller.call.streams.length, caller.call.endedBy]).toEqual([1, 'service']);
  expect(await node?.exited).toBe(0);
  expect(await recordOf(index)).toBeUndefined();
  for (const other of others) await other.hangUp();
  await world.startNode(index);
});

test('the second signal hands over at once, in the middle of a sentence, and the next node knows what was said', async () => {
  const caller = dial();
  await caller.hear(GREETING);
  const index = nodeOf(caller.call);
  await caller.say('Tell me everything.');
  await caller.hear('espresso and tea');
  world.nodes[index]?.kill('SIGTERM');
  await eventually(
    () => readiness(index),
    ({ status }) => status === 503,
  );
  expect(caller.call.streams).toHaveLength(1);
  world.nodes[index]?.kill('SIGTERM');
  expect(await world.nodes[index]?.exited).toBe(0);
  await caller.hear('You asked me: Tell me everything.');
  expect([nodeOf(caller.call) === index, caller.call.streams.length]).toEqual([false, 2]);
  expect(await claimsOf(caller.call)).toEqual(['arrive', 'stream', 'next', 'stream']);
  await caller.hangUp();
  await keepGolden('handed over in the middle of a sentence', (await accountOf(world, caller.call)).facts);
  await world.startNode(index);
});

test('the command hands over between turns: nothing is said of it, and nothing forgotten', async () => {
  const caller = dial();
  await caller.hear(GREETING);
  await caller.say('How much is an oat milk latte?');
  await caller.hear('5.25');
  const index = nodeOf(caller.call);
  const drained = await run([`node-${index + 1}`, '--now', '--wait']);
  expect(drained).toMatchObject({ code: 0, err: '' });
  expect(drained.out.at(-1)).toBe(`node-${index + 1} has left; 1 calls were handed over`);
  expect(await world.nodes[index]?.exited).toBe(0);
  await caller.say('What did I just ask you?');
  await caller.hear('You asked me: How much is an oat milk latte?');
  const account = await readAccount(world, caller.call);
  expect(account.of('carrier.streamStopped')[0]).toMatchObject({ reason: 'left' });
  expect(account.of('carrier.nextAsked')).toMatchObject([{ intent: { kind: 'handover' }, breaks: 0 }]);
  const closed = world.model?.sessions.filter(({ open }) => !open).map((session) => session.closed?.code);
  expect(new Set(closed)).toEqual(new Set([1000]));
  await caller.hangUp();
  await keepGolden('handed over between two turns', (await accountOf(world, caller.call)).facts);
});

function run(args: string[]) {
  const env = { ...world.env, PATH: process.env['PATH'] };
  const argv = ['--disable-warning=ExperimentalWarning', COMMAND, ...args];
  return new Promise<{ code: number; out: string[]; err: string }>((resolve) => {
    const child = execFile(process.execPath, argv, { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, out: stdout.split('\n').slice(0, -1), err: stderr.trim() }),
    );
  });
}
