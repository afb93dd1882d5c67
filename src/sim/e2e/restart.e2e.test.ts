import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SimCall } from '../twilio/index.ts';
import { readAccount } from '../account.ts';
import { Caller } from './caller.fixture.ts';
import { startWorld, type World } from './world.fixture.ts';

const GREETING = 'How can I help you today?';
const CALLS = 3;
const BACK_MS_MAX = 20_000;

let world: World;

beforeAll(async () => {
  world = await startWorld({ nodes: 1, env: { DRAIN_SECONDS: '1' } });
});

afterAll(async () => {
  await world.stop();
  expect(world.complaints()).toEqual([]);
});

test('the only node is restarted: callers are asked for a moment and go on with its successor', async () => {
  const callers = Array.from({ length: CALLS }, (_, index) => new Caller(world, `+1207555900${index}`));
  await Promise.all(callers.map((caller) => caller.hear(GREETING)));
  await Promise.all(callers.map((caller) => caller.say('How much is an oat milk latte?')));
  await Promise.all(callers.map((caller) => caller.hear('5.25')));
  world.nodes[0]?.kill('SIGTERM');
  expect(await world.nodes[0]?.exited).toBe(0);
  expect(callers.map(({ call }) => call.ended)).toEqual(callers.map(() => false));
  await world.startNode(0);
  const isBack = ({ streams }: SimCall) => streams.length === 2 && streams[1]?.startedMs !== null;
  for (const { call } of callers) await call.waitFor(isBack, BACK_MS_MAX);
  await Promise.all(callers.map((caller) => caller.say('What did I just ask you?')));
  await Promise.all(callers.map((caller) => caller.hear('You asked me: How much is an oat milk latte?')));
  for (const caller of callers) {
    const heard = caller.call.heardText();
    expect(heard.split('One moment, please.')).toHaveLength(2);
    expect(heard).not.toMatch(/trouble|busy|sorry/);
    const account = await readAccount(world, caller.call);
    // It was put off without being touched: the intent was there for the next process.
    expect(account.claims).toEqual(['arrive', 'stream', 'next', 'stream']);
    expect(account.of('carrier.nextAsked')).toMatchObject([{ intent: { kind: 'handover' }, breaks: 0 }]);
    await caller.hangUp();
  }
});
