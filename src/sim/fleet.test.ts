import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from './stack.ts';
import type { SimCall } from './twilio/index.ts';

const GREETING = 'Thanks for calling Mangy Dog Coffee!';
const NODES = 3;
const HEARD_MS_MAX = 20_000;

let stack: Stack;
let callers = 0;

beforeAll(async () => {
  stack = await startStack({ nodes: NODES, proxied: true, model: { charsPerSecond: 48 } });
}, 120_000);
afterAll(() => stack.stop());

function call(): SimCall {
  callers += 1;
  return stack.twilio.placeCall({ from: `+120755507${String(callers).padStart(2, '0')}`, to: '+12075550142' });
}

async function greeted(sim: SimCall): Promise<string> {
  await sim.waitFor(() => sim.heardText().includes(GREETING), HEARD_MS_MAX);
  return sim.streams.at(-1)?.options.url ?? '';
}

const through = (kind: 'web' | 'media'): number[] =>
  stack.proxies?.[kind].map(({ counters }) => counters.connections) ?? [];

test('three nodes: webhooks are spread over all, each stream goes to the node that was chosen', async () => {
  const sims = Array.from({ length: 2 * NODES }, call);
  const streams = await Promise.all(sims.map(greeted));
  expect(new Set(stack.nodes.map(({ pid }) => pid)).size).toBe(NODES);
  expect(through('web').reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(sims.length);
  expect(through('web').every((count) => count > 0)).toBe(true);
  const to = (index: number) =>
    streams.filter((url) => url === `wss://node-${index + 1}.aida.example.com/media-stream`).length;
  expect(through('media')).toEqual([to(0), to(1), to(2)]);
  expect(to(0) + to(1) + to(2)).toBe(sims.length);
  for (const sim of sims) sim.hangUp();
  await Promise.all(sims.map((sim) => sim.done));
});

test('a killed node refuses the carrier, whose next try meets another; it comes back under its name', async () => {
  const [first, second] = stack.nodes;
  first?.kill('SIGKILL');
  expect(await first?.exited).toBeNull();
  const sims = Array.from({ length: NODES }, call);
  await Promise.all(sims.map((sim) => sim.waitFor(() => sim.documents.length > 0)));
  const tries = sims.map((sim) => sim.webhooks[0]?.tries.map(({ failure }) => failure) ?? []);
  expect(tries.map((failures) => failures.at(-1))).toEqual([null, null, null]);
  expect(new Set(tries.flatMap((failures) => failures.slice(0, -1)))).toEqual(new Set(['connectFailed']));
  for (const sim of sims) sim.hangUp();
  await Promise.all(sims.map((sim) => sim.done));
  const again = await stack.startNode(0);
  expect([stack.node, again.pid === first?.pid, stack.nodes[1]]).toEqual([again, false, second]);
  const connections = through('web')[0] ?? 0;
  const late = Array.from({ length: NODES }, call);
  await Promise.all(late.map(greeted));
  expect(through('web')[0]).toBeGreaterThan(connections);
  for (const sim of late) sim.hangUp();
  await Promise.all(late.map((sim) => sim.done));
});
