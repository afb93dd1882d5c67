import { afterAll, beforeAll, expect, test } from 'vitest';
import { readJournal } from './directory/journal.ts';
import { type Stack, startStack } from './sim/stack.ts';
import type { SimCall } from './sim/twilio/index.ts';

const GREETING = 'Thanks for calling Mangy Dog Coffee!';
const BLOCK_MS = 600;
const HOUR_MS = 3_600_000;
const NEAR_MS = 600_000;
const HEARD_MS_MAX = 20_000;

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ nodes: 2, each: (index) => ({ args: index === 0 ? ['--faults'] : [] }) });
}, 120_000);
afterAll(() => stack.stop());

/** Of two calls at least one is the first node's, as both nodes have the same room. */
async function callAtTheFirst(): Promise<SimCall> {
  const calls = ['01', '02'].map((from) => stack.twilio.placeCall({ from: `+120755508${from}`, to: '+12075550142' }));
  await Promise.all(calls.map((call) => call.waitFor(() => call.heardText().includes(GREETING), HEARD_MS_MAX)));
  const found = calls.find((call) => call.stream?.options.url.includes('node-1'));
  if (!found) throw new Error('both calls are at the second node');
  return found;
}

test('a node that was not started for it takes no faults', async () => {
  await expect(stack.nodes[1]?.inflict({ block: 1 })).rejects.toThrow('without --faults');
});

test('a call whose next fact throws goes on by the carrier’s next question; a shifted clock shows in the log alone', async () => {
  await stack.node.inflict({ clock: HOUR_MS });
  const call = await callAtTheFirst();
  await stack.node.inflict({ throwIn: call.sid });
  call.speak('What are your hours on Tuesday?');
  await call.waitFor(() => call.documents.some(({ url }) => url?.endsWith('/voice/next') ?? false), HEARD_MS_MAX);
  await call.waitFor(() => call.stream !== null && call.streams.length === 2, HEARD_MS_MAX);
  const aheadMs = stack.node.log.flatMap((line) => {
    const { time, err } = JSON.parse(line) as { time: string; err?: { message: string } };
    return err?.message === 'a fault was asked for' ? [Date.parse(time) - Date.now()] : [];
  });
  expect(aheadMs).toHaveLength(1);
  expect(Math.abs((aheadMs[0] ?? 0) - HOUR_MS)).toBeLessThan(NEAR_MS);
  const facts = await readJournal(stack.link, call.sid);
  const timesMs = facts.flatMap((entry) => (entry.kind === 'fact' ? [entry.fact.at] : []));
  expect(timesMs.length).toBeGreaterThan(0);
  expect(timesMs.every((atMs) => Math.abs(atMs - Date.now()) < NEAR_MS)).toBe(true);
});

test('the event loop is held up for so long', async () => {
  const beganMs = performance.now();
  await stack.node.inflict({ block: BLOCK_MS });
  await fetch(`http://127.0.0.1:${stack.node.opsPort}/healthz`);
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(BLOCK_MS);
});
