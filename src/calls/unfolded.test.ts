import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { machineVersion } from '../../machines/call-context.ts';
import { ownerOf } from '../directory/claims.ts';
import { callKeys } from '../directory/keys.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { createLog } from '../telemetry/log.ts';
import { CallActor } from './actor.ts';
import { askNext, epochIn, fakeCarrier, FakePort, render } from './calls.fixture.ts';
import { TestFleet, type TestNode } from './fleet.fixture.ts';
import type { Told } from './stream-port.ts';
import { Sweep } from './sweep.ts';
import type { TwimlRequest } from './call-door.ts';

let redis: RedisServer;
let fleet: TestFleet;
let node: TestNode;
let other: TestNode;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(async () => {
  fleet = await TestFleet.start(redis.url);
  node = await fleet.node('n1');
  other = await fleet.node('n2');
});

afterEach(async () => {
  vi.restoreAllMocks();
  await fleet.close();
});

afterAll(() => redis.stop());

const asked = (callSid: string, kind: TwimlRequest['kind'], fact: Told) =>
  other.calls.answer({ callSid, idempotencyToken: null, kind, fact, render });
const menuKey = (callSid: string, digits: string) => asked(callSid, 'menu', { type: 'carrier.menuChosen', digits });
const completed = { type: 'carrier.statusReported', status: 'completed', durationS: 9, sequence: 4 } as const;
const stands = (state: string) => ({ twiml: expect.stringContaining(`<${state} `) });
const reasons = async ({ metrics }: TestNode) =>
  (await metrics.callsUnfolded.get()).values.map(({ labels }) => labels['reason']);
const add = async (callSid: string, ...fields: string[]) => {
  const { epoch = 0 } = (await ownerOf(fleet.link, callSid)) ?? {};
  await fleet.link.command('xadd', callKeys(callSid).log, `${epoch}-900`, ...fields);
};

const poisons: Record<string, (callSid: string) => Promise<void> | void> = {
  'corrupt entry': (callSid) => add(callSid, 'f', '{"type":'),
  'newer machine': (callSid) => add(callSid, 'c', 'next', 'n', 'n9:1', 'v', String(machineVersion + 1)),
  'fold threw': () => {
    vi.spyOn(CallActor, 'fold').mockImplementation(() => {
      throw new Error('planted');
    });
  },
};

describe.each(Object.entries(poisons))('a journal that cannot be folded (%s)', (reason, poison) => {
  test('row 29: its caller gets the keypad menu, staff or voicemail, and the call ends as any other', async () => {
    const { callSid } = await node.talk();
    await poison(callSid);
    expect(await askNext(other.calls, callSid)).toMatchObject(stands('menu'));
    expect(await menuKey(callSid, '1')).toMatchObject(stands('menu'));
    expect(await menuKey(callSid, '2')).toMatchObject(stands('dialing'));
    const dialEnded = { type: 'carrier.dialEnded', result: 'no-answer', durationS: 0 } as const;
    expect(await asked(callSid, 'dialResult', dialEnded)).toMatchObject(stands('menu'));
    expect(await menuKey(callSid, '3')).toMatchObject(stands('recording'));
    const message = { recordingSid: 'RE1', recordingUrl: '', durationS: 4, digits: '#' };
    expect(await asked(callSid, 'voicemail', { type: 'carrier.recordEnded', ...message })).toMatchObject(
      stands('hangingUp'),
    );
    expect(await other.calls.tell(callSid, completed)).toBe('taken');
    expect(await ownerOf(fleet.link, callSid)).toMatchObject({ ended: 'completed' });
    expect((await fleet.facts(callSid)).slice(-3).map(({ type }) => type)).toEqual([
      'carrier.menuChosen',
      'carrier.recordEnded',
      'carrier.statusReported',
    ]);
    expect(new Set(await reasons(other))).toEqual(new Set([reason]));
  });

  test('is asked about when it is due, and its end is journaled', async () => {
    const { callSid } = await node.talk();
    const answer = await askNext(other.calls, callSid);
    expect(epochIn(answer)).toBeGreaterThan(0);
    await poison(callSid);
    await fleet.link.command('zadd', callKeys(callSid).due, 0, callSid);
    const sweep = new Sweep({
      ...other.calls.doorDeps,
      carrier: fakeCarrier({ ask: async () => ({ type: 'carrier.gone', status: 'completed', durationS: 7 }) }),
      isGone: () => false,
      take: () => undefined,
      isResident: () => false,
      now: Date.now,
      log: createLog('silent'),
    });
    await sweep.round();
    await sweep.stop();
    expect(await ownerOf(fleet.link, callSid)).toMatchObject({ ended: 'completed' });
  });
});

test('a stream whose call cannot be folded ends, and the carrier’s question leads to the menu', async () => {
  const { callSid } = await node.talk();
  const answer = await askNext(other.calls, callSid);
  await add(callSid, 'f', 'x');
  const request = { callSid, epoch: epochIn(answer), streamSid: 'MZ2', port: new FakePort() };
  expect(await other.calls.attach(request)).toBe('unavailable');
  expect(await askNext(node.calls, callSid)).toMatchObject(stands('menu'));
});

test('after three breaks within a minute nobody folds or streams the call again', async () => {
  const { callSid } = await node.talk();
  for (const streamSid of ['MZ2', 'MZ3']) {
    const answer = await askNext(node.calls, callSid);
    expect(answer).toMatchObject(stands('ringing'));
    const call = await node.calls.attach({ callSid, epoch: epochIn(answer), streamSid, port: new FakePort() });
    if (typeof call === 'string') throw new Error(call);
    call.begin();
    await expect.poll(() => node.calls.waiting).toBe(0);
  }
  const fold = vi.spyOn(CallActor, 'fold');
  expect(await askNext(other.calls, callSid)).toMatchObject(stands('menu'));
  expect(fold).not.toHaveBeenCalled();
  expect((await fleet.facts(callSid)).at(-1)).toMatchObject({ type: 'carrier.nextAsked', breaks: 3 });
  expect(await reasons(other)).toEqual(['broke too often']);
});

test('a call that is moved three times within a minute is not moved to a fourth node', async () => {
  const { callSid } = await node.talk();
  node.die();
  fleet.bury(node);
  const broken = [1, 2].map((ago) => Date.now() - ago * 1_000).join(',');
  await fleet.link.command('hset', callKeys(callSid).call, 'broken', broken);
  let answer: unknown;
  fleet.onRedirect = async (sid, move) => {
    const fact = { type: 'carrier.nextAsked', intent: null, breaks: 0 } as const;
    answer = await other.calls.answer({ callSid: sid, idempotencyToken: null, kind: 'next', move, fact, render });
  };
  await other.takeover.takeOver(node.name);
  expect(answer).toMatchObject(stands('menu'));
  expect(await reasons(other)).toEqual(['broke too often']);
});
