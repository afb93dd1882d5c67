import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ownerOf } from '../directory/claims.ts';
import { readJournal } from '../directory/journal.ts';
import { callKeys } from '../directory/keys.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { type BrittleLink, brittle } from './brittle-link.fixture.ts';
import { foldCall } from './door.ts';
import type { Calls } from './calls.ts';
import {
  arrive,
  ask,
  askNext,
  conversation,
  createCalls,
  epochIn,
  FakePort,
  fakeCarrier,
  farewell,
  newSid,
  node,
  render,
} from './calls.fixture.ts';
import type { ResidentCall } from './stream-port.ts';

const other = { node: 'n2', incarnation: 'i2' };
const opened: { calls: Calls; link: BrittleLink }[] = [];
let redis: RedisServer;
let real: RedisLink;

beforeAll(async () => {
  redis = await startRedis();
  real = await connectRedis(redis.url);
});

afterEach(async () => {
  for (const { calls, link } of opened.splice(0)) {
    link.fail(null);
    await calls.close();
  }
});

afterAll(async () => {
  await real.close();
  await redis.stop();
});

/** A node with its own way to Redis. */
function createNode(over: Parameters<typeof createCalls>[1] = {}): { calls: Calls; link: BrittleLink } {
  const link = brittle(real);
  const one = { calls: createCalls(link, over), link };
  opened.push(one);
  return one;
}

const facts = async (callSid: string) =>
  (await readJournal(real, callSid)).flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : []));
const types = async (callSid: string) => (await facts(callSid)).map(({ type }) => type);
const written = (calls: Calls) => vi.waitFor(() => expect(calls.waiting).toBe(0));
const intentOf = (callSid: string) => real.command('hget', callKeys(callSid).call, 'intent');
const dialed = (calls: Calls, callSid: string, result: string) =>
  calls.answer({
    callSid,
    idempotencyToken: null,
    kind: 'dialResult',
    fact: { type: 'carrier.dialEnded', result, durationS: 0 },
    render,
  });

async function attach(calls: Calls, callSid: string, epoch: number, streamSid = 'MZ1') {
  const port = new FakePort();
  const call = await calls.attach({ callSid, epoch, streamSid, port });
  if (typeof call === 'string') throw new Error(call);
  port.onEnd = () => call.tell({ type: 'carrier.streamStopped', streamSid, reason: 'superseded' });
  call.begin();
  return { call, port };
}

const tellAll = (call: ResidentCall, told: Parameters<ResidentCall['tell']>[0][]) =>
  told.forEach((fact) => call.tell(fact));

describe('row 9: a call that arrives while Redis is away', () => {
  test('is answered and streamed by its own node, and journaled once when Redis is back', async () => {
    const { calls, link } = createNode();
    const callSid = newSid();
    link.fail('unavailable');
    const answer = await arrive(calls, callSid);
    expect(await arrive(calls, callSid)).toEqual(answer);
    expect(calls.live).toBe(1);
    const { call, port } = await attach(calls, callSid, epochIn(answer));
    expect(port.asked).toEqual(['open greeting']);
    expect(call.epoch).toBeGreaterThan(epochIn(answer));
    tellAll(call, conversation);
    expect(await types(callSid)).toEqual([]);
    link.fail(null);
    await written(calls);
    expect(await types(callSid)).toEqual([
      'carrier.arrived',
      'carrier.streamStarted',
      ...conversation.map(({ type }) => type),
    ]);
    expect(await ownerOf(real, callSid)).toMatchObject({ owner: node, epoch: call.epoch, from: '+15550001111' });
    expect([calls.live, port.asked]).toEqual([1, ['open greeting']]);
    tellAll(call, ask('end_call'));
    await port.saw('deliver t1 "end_call" respond');
    tellAll(call, farewell);
    await port.saw('end left');
    expect(await askNext(calls, callSid)).toMatchObject({ twiml: expect.stringContaining('<hangingUp') });
  });

  test('has a token that works once, here and, when Redis is back, everywhere', async () => {
    const { calls, link } = createNode();
    const { calls: elsewhere } = createNode({ node: other });
    const callSid = newSid();
    link.fail('unavailable');
    const epoch = epochIn(await arrive(calls, callSid));
    const { call } = await attach(calls, callSid, epoch);
    const again = { callSid, epoch, streamSid: 'MZ2', port: new FakePort() };
    expect(await calls.attach(again)).toBe('refused');
    link.fail(null);
    call.tell({ type: 'caller.speechStarted', itemId: 'u1' });
    await written(calls);
    expect(await elsewhere.attach(again)).toBe('refused');
    expect(await calls.attach(again)).toBe('refused');
    expect(calls.live).toBe(1);
  });

  test('and whose stream has not come when Redis is back is a call like any other', async () => {
    const { calls, link } = createNode();
    const { calls: elsewhere } = createNode({ node: other });
    const callSid = newSid();
    link.fail('unavailable');
    const epoch = epochIn(await arrive(calls, callSid));
    link.fail(null);
    await vi.waitFor(() => expect(calls.has(callSid)).toBe(false));
    expect(await ownerOf(real, callSid)).toMatchObject({ owner: null, epoch, state: 'ringing' });
    const { port } = await attach(elsewhere, callSid, epoch);
    expect(port.asked).toEqual(['open greeting']);
    await written(elsewhere);
    expect(await types(callSid)).toEqual(['carrier.arrived', 'carrier.streamStarted']);
  });

  test('and ends before it is back keeps no place, and its end is journaled', async () => {
    const { calls, link } = createNode();
    const callSid = newSid();
    link.fail('unavailable');
    const { call } = await attach(calls, callSid, epochIn(await arrive(calls, callSid)));
    tellAll(call, conversation);
    const completed = { type: 'carrier.statusReported', status: 'completed', durationS: 9, sequence: 1 } as const;
    expect(await calls.tell(callSid, completed)).toBe('taken');
    expect(calls.live).toBe(0);
    expect(await askNext(calls, callSid)).toEqual({ refused: 'ended' });
    link.fail(null);
    await vi.waitFor(() => expect(calls.has(callSid)).toBe(false));
    expect(await ownerOf(real, callSid)).toMatchObject({ ended: 'completed', owner: null });
    expect((await types(callSid)).slice(-2)).toEqual(['carrier.streamStopped', 'carrier.statusReported']);
  });

  test('row 12: a claim whose reply was lost is the same claim when it is repeated', async () => {
    const { calls, link } = createNode();
    const callSid = newSid();
    link.loseReply('claimStream');
    const epoch = epochIn(await arrive(calls, callSid));
    const { call } = await attach(calls, callSid, epoch);
    await written(calls);
    expect(await ownerOf(real, callSid)).toMatchObject({ owner: node, epoch: call.epoch });
    expect(await types(callSid)).toEqual(['carrier.arrived', 'carrier.streamStarted']);
  });
});

describe('row 9: a call whose webhook was answered just before Redis went away', () => {
  test('gets its stream on the word of its token, and keeps what was journaled of it', async () => {
    const { calls, link } = createNode();
    const { calls: elsewhere } = createNode({ node: other });
    const callSid = newSid();
    const epoch = epochIn(await arrive(elsewhere, callSid));
    link.fail('unanswered');
    const { call, port } = await attach(calls, callSid, epoch);
    expect(port.asked).toEqual(['open greeting']);
    expect(await calls.attach({ callSid, epoch, streamSid: 'MZ2', port: new FakePort() })).toBe('refused');
    tellAll(call, conversation);
    link.fail(null);
    await written(calls);
    expect(await types(callSid)).toEqual([
      'carrier.arrived',
      'carrier.streamStarted',
      ...conversation.map(({ type }) => type),
    ]);
    expect(await ownerOf(real, callSid)).toMatchObject({ owner: node, from: '+15550001111', epoch: call.epoch });
    expect((await foldCall(real, callSid)).context).toMatchObject({ from: '+15550001111', streamSid: 'MZ1' });
  });
});

test('row 10: a stream whose call Redis has forgotten is attached on the word of its token, once', async () => {
  const { calls } = createNode();
  const { calls: elsewhere } = createNode({ node: other });
  const callSid = newSid();
  const epoch = epochIn(await arrive(calls, callSid));
  const { call: keys, log, due } = callKeys(callSid);
  for (const key of [keys, log]) await real.command('del', key);
  await real.command('zrem', due, callSid);
  const { port } = await attach(calls, callSid, epoch);
  expect(port.asked).toEqual(['open greeting']);
  await written(calls);
  expect(await elsewhere.attach({ callSid, epoch, streamSid: 'MZ2', port: new FakePort() })).toBe('refused');
  expect(await types(callSid)).toEqual(['carrier.streamStarted']);
});

describe('row 9: a call that goes on while Redis is away', () => {
  async function talk(over: Parameters<typeof createCalls>[1] = {}) {
    const { calls, link } = createNode(over);
    const callSid = newSid();
    const { call, port } = await attach(calls, callSid, epochIn(await arrive(calls, callSid)));
    tellAll(call, conversation);
    await written(calls);
    link.fail('unavailable');
    return { calls, link, callSid, call, port };
  }

  test('and is transferred: the node that knows it answers from memory until the caller is back', async () => {
    const { calls, link, callSid, call, port } = await talk();
    tellAll(call, ask('transfer_to_staff'));
    await port.saw('deliver t1 "transfer_to_staff" respond');
    tellAll(call, farewell);
    await port.saw('say holding');
    call.tell({ type: 'carrier.streamStopped', streamSid: 'MZ1', reason: 'closed' });
    expect(await askNext(calls, callSid)).toMatchObject({ twiml: expect.stringContaining('<dialing') });
    const back = await dialed(calls, callSid, 'no-answer');
    expect(back).toMatchObject({ twiml: expect.stringContaining('<ringing') });
    const { port: second } = await attach(calls, callSid, epochIn(back), 'MZ2');
    expect(second.asked).toEqual(['open staffUnavailable']);
    link.fail(null);
    await written(calls);
    expect((await types(callSid)).slice(-5)).toEqual([
      'assistant.fellSilent',
      'carrier.streamStopped',
      'carrier.nextAsked',
      'carrier.dialEnded',
      'carrier.streamStarted',
    ]);
    const asked = (await facts(callSid)).find((fact) => fact.type === 'carrier.nextAsked');
    expect(asked).toMatchObject({ intent: { kind: 'transfer' }, breaks: 0 });
    expect(await intentOf(callSid)).toBeNull();
    expect(calls.live).toBe(1);
  });

  test('and waits for staff when Redis is back: nobody holds it any more', async () => {
    const { calls, link, callSid, call } = await talk();
    call.tell({ type: 'carrier.dtmf', digit: '0' });
    expect(await askNext(calls, callSid)).toMatchObject({ twiml: expect.stringContaining('<dialing') });
    expect([calls.live, calls.has(callSid)]).toEqual([0, true]);
    link.fail(null);
    await vi.waitFor(() => expect(calls.has(callSid)).toBe(false));
    expect(await ownerOf(real, callSid)).toMatchObject({ owner: null, state: 'dialing' });
    expect(await dialed(calls, callSid, 'completed')).toMatchObject({ twiml: expect.stringContaining('<hangingUp') });
  });

  test('and breaks three times in a minute is rung by the menu', async () => {
    const { calls, callSid } = await talk();
    const states = [];
    for (const streamSid of ['MZ2', 'MZ3', 'MZ4']) {
      const answer = await askNext(calls, callSid);
      states.push(/<(\w+)/.exec(JSON.stringify(answer))?.[1]);
      if (states.at(-1) === 'ringing') await attach(calls, callSid, epochIn(answer), streamSid);
    }
    expect(states).toEqual(['ringing', 'ringing', 'menu']);
  });

  test('gives a repeated question the same bytes', async () => {
    const { calls, callSid } = await talk();
    const first = await askNext(calls, callSid, 'I7');
    expect(await askNext(calls, callSid, 'I7')).toEqual(first);
    expect(epochIn(first)).toBeGreaterThan(0);
  });

  test('is put off by a node that does not know it', async () => {
    const { callSid } = await talk();
    const { calls: stranger, link } = createNode({ node: other });
    link.fail('unavailable');
    expect(await askNext(stranger, callSid)).toEqual({ refused: 'unavailable' });
    expect(await dialed(stranger, callSid, 'completed')).toEqual({ refused: 'unavailable' });
    expect(stranger.live).toBe(0);
  });

  test('is not taken from a node that was claimed over while it could not know: the later owner keeps it', async () => {
    const { calls, link, callSid, call, port } = await talk();
    const { calls: elsewhere } = createNode({ node: other });
    const { port: second } = await attach(elsewhere, callSid, epochIn(await askNext(elsewhere, callSid)), 'MZ2');
    port.silentMs = 2_000;
    call.tell({ type: 'caller.speechStarted', itemId: 'u2' });
    link.fail(null);
    await port.saw('end superseded');
    expect([calls.live, elsewhere.live, second.asked]).toEqual([0, 1, ['open bridging']]);
  });
});

describe('row 9: a call that two nodes answered while Redis was away', () => {
  async function answeredTwice() {
    const here = createNode();
    const there = createNode({ node: other });
    const callSid = newSid();
    here.link.fail('unavailable');
    there.link.fail('unavailable');
    const epoch = epochIn(await arrive(here.calls, callSid));
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(epoch + 2));
    await arrive(there.calls, callSid);
    return { here, there, callSid, epoch };
  }

  test('stays with the one that hears the caller, whoever is heard by Redis first', async () => {
    const { here, there, callSid, epoch } = await answeredTwice();
    const { call, port } = await attach(here.calls, callSid, epoch);
    // The other's clock is ahead.
    const ahead = { callSid, epoch: call.epoch + 60_000 };
    await real.command('hset', callKeys(callSid).call, 'epoch', ahead.epoch, 'owner', '', 'state', 'ringing');
    there.link.fail(null);
    await vi.waitFor(() => expect(there.calls.has(callSid)).toBe(false));
    here.link.fail(null);
    await written(here.calls);
    expect(await ownerOf(real, callSid)).toMatchObject({ owner: node, epoch: ahead.epoch + 1 });
    expect([here.calls.live, there.calls.live, call.epoch, port.asked]).toEqual([
      1,
      0,
      ahead.epoch + 1,
      ['open greeting'],
    ]);
    expect(await types(callSid)).toEqual(['carrier.arrived', 'carrier.streamStarted']);
  });

  test('is dropped by the one whose line is silent', async () => {
    const { here, there, callSid, epoch } = await answeredTwice();
    const { port } = await attach(here.calls, callSid, epoch);
    port.silentMs = 1_500;
    there.link.fail(null);
    await vi.waitFor(() => expect(there.calls.has(callSid)).toBe(false));
    await real.command('hincrby', callKeys(callSid).call, 'epoch', 60_000);
    here.link.fail(null);
    await port.saw('end superseded');
    expect(here.calls.live).toBe(0);
  });
});

test('row 3: whoever had the call before hears that it is gone, and does no more', async () => {
  const run: string[] = [];
  const { calls } = createNode({ carrier: fakeCarrier({ replace: async () => (run.push('replace'), 'done') }) });
  const callSid = newSid();
  const { call, port } = await attach(calls, callSid, epochIn(await arrive(calls, callSid)));
  await written(calls);
  const resident = call as ResidentCall & { superseded(epoch: number): void };
  resident.superseded(call.epoch);
  expect(calls.live).toBe(1);
  resident.superseded(call.epoch + 1);
  expect([calls.live, port.asked.at(-1), run]).toEqual([0, 'end superseded', []]);
});
