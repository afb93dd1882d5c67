import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { recentCallOf } from '../directory/callers.ts';
import { callKeys } from '../directory/keys.ts';
import type { RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { createLog } from '../telemetry/log.ts';
import { arrive, ask, askNext, epochIn, farewell, FakePort, newSid } from './calls.fixture.ts';
import { TestFleet, type TestNode } from './fleet.fixture.ts';
import { before, rememberCutOff } from './redial.ts';

const CALLER = '+15550001111';
const nothing = { turns: null, language: null };
let redis: RedisServer;
let fleet: TestFleet;
let node: TestNode;
let other: TestNode;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(async () => {
  fleet = await TestFleet.start(redis.url);
  node = await fleet.node('n1', (from) => from);
  other = await fleet.node('n2', (from) => from);
});

afterEach(() => fleet.close());

afterAll(() => redis.stop());

const completed = { type: 'carrier.statusReported', status: 'completed', durationS: 9, sequence: 4 } as const;
const said = [
  { who: 'assistant', itemId: 'a1', text: 'Welcome', cut: false },
  { who: 'caller', itemId: 'u1', text: 'my card is [card]' },
];

async function stream(callSid: string, answer: unknown) {
  const port = new FakePort();
  const call = await other.calls.attach({ callSid, epoch: epochIn(answer), streamSid: 'MZ2', port });
  if (typeof call === 'string') throw new Error(call);
  call.begin();
  return port;
}

test.each(['conversation', 'detached'])(
  'a caller who is cut off (%s) and calls again goes on, elsewhere as well',
  async (state) => {
    const { callSid, call } = await node.talk();
    if (state === 'detached')
      call.tell({ type: 'carrier.streamStopped', streamSid: `MZ${callSid}`, reason: 'stopped' });
    await node.calls.tell(callSid, completed);
    await expect.poll(async () => (await fleet.facts(callSid)).at(-1)?.type).toBe('carrier.statusReported');
    const again = newSid();
    await expect.poll(() => fleet.remembered(CALLER)).toBe(callSid);
    const port = await stream(again, await arrive(other.calls, again));
    expect([port.asked, port.seeds[0]]).toEqual([['open redialed'], said]);
    expect((await fleet.facts(again))[0]).toMatchObject({ type: 'carrier.arrived', previous: said });
    // Whoever calls a third time begins anew.
    const third = newSid();
    await arrive(other.calls, third);
    expect((await fleet.facts(third))[0]).not.toHaveProperty('previous');
  },
);

test('a call whose holder died and that ended meanwhile is remembered by whoever ended it', async () => {
  const { callSid } = await node.talk();
  node.die();
  fleet.bury(node);
  await other.calls.tell(callSid, completed);
  await expect.poll(() => fleet.remembered(CALLER)).toBe(callSid);
});

test('who hangs up after the answer, with nobody in the middle of anything, begins anew', async () => {
  const { callSid, call } = await node.talk();
  call.tell({ type: 'caller.speechStopped', itemId: 'u1' });
  for (const fact of farewell) call.tell(fact);
  await node.calls.tell(callSid, completed);
  await expect.poll(async () => (await fleet.facts(callSid)).at(-1)?.type).toBe('carrier.statusReported');
  await expect.poll(() => node.calls.live).toBe(0);
  expect(await recentCallOf(fleet.link, CALLER)).toBeNull();
});

test('who said goodbye, or never spoke, begins anew', async () => {
  const { callSid, call, port } = await node.talk();
  for (const fact of ask('end_call')) call.tell(fact);
  await port.saw('deliver t1 "end_call" respond');
  for (const fact of farewell) call.tell(fact);
  await port.saw('end left');
  await askNext(node.calls, callSid);
  await node.calls.tell(callSid, completed);
  const silent = newSid();
  const answer = await arrive(node.calls, silent);
  const quiet = await node.calls.attach({
    callSid: silent,
    epoch: epochIn(answer),
    streamSid: 'MZ1',
    port: new FakePort(),
  });
  if (typeof quiet === 'string') throw new Error(quiet);
  quiet.begin();
  await node.calls.tell(silent, completed);
  await expect.poll(() => node.calls.live).toBe(0);
  await expect.poll(async () => (await fleet.facts(silent)).at(-1)?.type).toBe('carrier.statusReported');
  expect(await recentCallOf(fleet.link, CALLER)).toBeNull();
});

test('twenty turns at most, and nothing of a number that many people may have', async () => {
  const { callSid, call } = await node.talk();
  for (let turn = 0; turn < 30; turn += 1)
    call.tell({ type: 'caller.said', itemId: `x${turn}`, text: `word ${turn}`, after: null });
  await node.calls.tell(callSid, completed);
  await expect.poll(() => fleet.remembered(CALLER)).toBe(callSid);
  const log = createLog('silent');
  expect(await before({ link: fleet.link, callerOf: () => null, log }, CALLER)).toEqual(nothing);
  const { turns } = await before({ link: fleet.link, callerOf: (from) => from, log }, CALLER);
  expect([turns?.length, turns?.at(-1)]).toMatchObject([20, { text: 'word 29' }]);
  await rememberCutOff({ link: fleet.link, callerOf: () => null, log }, { callSid, from: CALLER });
  expect(await recentCallOf(fleet.link, CALLER)).toBeNull();
});

test('a caller who cannot be recognized in time, or at all, is answered all the same', async () => {
  const { callSid } = await node.talk();
  await node.calls.tell(callSid, completed);
  await expect.poll(() => fleet.remembered(CALLER)).toBe(callSid);
  const log = createLog('silent');
  const link: RedisLink = { ...fleet.link, ready: true, command: () => new Promise(() => undefined) };
  expect(await before({ link, callerOf: (from) => from, log }, CALLER)).toEqual(nothing);
  const broken: RedisLink = { ...fleet.link, ready: true, command: () => Promise.reject(new Error('planted')) };
  expect(await before({ link: broken, callerOf: (from) => from, log }, CALLER)).toEqual(nothing);
  await fleet.link.command('del', callKeys(callSid).log);
  await fleet.link.command('set', callKeys(callSid).log, 'no journal');
  const again = newSid();
  expect(await arrive(other.calls, again)).toMatchObject({ twiml: expect.stringContaining('<ringing') });
  expect((await fleet.facts(again))[0]).not.toHaveProperty('previous');
});

test('a caller who chose a language is spoken to in it in the next call, however the last one ended, and at any node', async () => {
  const { call, callSid, port } = await node.talk();
  expect(node.calls.languageOf(callSid)).toBe('en');
  for (const fact of ask('speak_language')) call.tell(fact);
  await port.saw('deliver t1 "speak_language" respond');
  expect([node.calls.languageOf(callSid), node.chosen]).toEqual(['es', [[callSid, 'es']]]);
  for (const fact of ask('end_call', 't2', 'r2')) call.tell(fact);
  await port.saw('deliver t2 "end_call" respond');
  for (const fact of farewell) call.tell(fact);
  await port.saw('end left');
  await askNext(node.calls, callSid);
  await node.calls.tell(callSid, completed);
  const again = newSid();
  const streamed = await stream(again, await arrive(other.calls, again));
  expect(streamed.asked).toEqual(['open greeting']);
  expect(other.calls.languageOf(again)).toBe('es');
  expect((await fleet.facts(again))[0]).toMatchObject({ type: 'carrier.arrived', language: 'es' });
  expect((await fleet.facts(again))[0]).not.toHaveProperty('previous');
});
