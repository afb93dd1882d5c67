import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ownerOf } from '../directory/claims.ts';
import { callsOf, writeInbox } from '../directory/inbox.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { ask, askNext, epochIn, FakePort, farewell, render } from './calls.fixture.ts';
import { TestFleet, type TestNode } from './fleet.fixture.ts';

/** Within the fixture's bound of the carrier's question, and later than a look or two. */
const lateMs = 35;

let redis: RedisServer;
let fleet: TestFleet;
let dead: TestNode;
let alive: TestNode;
let other: TestNode;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(async () => {
  fleet = await TestFleet.start(redis.url);
  dead = await fleet.node('n1');
  alive = await fleet.node('n2');
  other = await fleet.node('n3');
});

afterEach(() => fleet.close());

afterAll(() => redis.stop());

/** The carrier asks because it was told to. */
const askMove = (node: TestNode, callSid: string, move: number) =>
  node.calls.answer({
    callSid,
    idempotencyToken: null,
    kind: 'next',
    move,
    fact: { type: 'carrier.nextAsked', intent: null, breaks: 0 },
    render,
  });

async function stream(node: TestNode, callSid: string, answer: unknown) {
  const port = new FakePort();
  const call = await node.calls.attach({ callSid, epoch: epochIn(answer), streamSid: 'MZ2', port });
  if (typeof call === 'string') throw new Error(call);
  call.begin();
  await expect.poll(() => node.calls.waiting).toBe(0);
  return { port, call };
}

async function killed(calls = 1) {
  const talks = [];
  for (let count = 0; count < calls; count += 1) talks.push(await dead.talk());
  dead.die();
  fleet.bury(dead);
  return talks.map(({ callSid }) => callSid);
}

const results = async (node: TestNode) =>
  (await node.metrics.takeovers.get()).values.map(({ labels, value }) => [labels['path'], labels['result'], value]);

describe('a node dies', () => {
  test('and the carrier asks by itself: nobody is told to, and the conversation goes on with its memory', async () => {
    const [callSid = ''] = await killed();
    const answer = await askNext(alive.calls, callSid);
    await alive.takeover.takeOver(dead.name);
    expect(fleet.redirected).toEqual([]);
    const { port } = await stream(alive, callSid, answer);
    expect(port.asked).toEqual(['open bridging']);
    expect(port.seeds[0]).toMatchObject([{ who: 'assistant' }, { who: 'caller', text: 'my card is [card]' }]);
    expect(await results(alive)).toEqual([['a', 'resumed', 1]]);
  });

  test('and the carrier is silent: REST brings it, once, and one break is counted', async () => {
    const [callSid = ''] = await killed();
    let answer: unknown;
    fleet.onRedirect = async (sid, epoch) => {
      answer = await askMove(other, sid, epoch);
    };
    await alive.takeover.takeOver(dead.name);
    expect(fleet.redirected).toEqual([callSid]);
    expect(answer).toMatchObject({ twiml: expect.stringContaining('<ringing') });
    expect((await fleet.facts(callSid)).at(-1)).toMatchObject({ type: 'carrier.nextAsked', breaks: 1 });
    expect(await results(alive)).toEqual([['b', 'redirected', 1]]);
    expect(await results(other)).toEqual([['b', 'resumed', 1]]);
    expect(await callsOf(fleet.link, dead.name)).toEqual([]);
  });

  test('and the carrier asks by itself while it is being told: that question is put off, the other one taken', async () => {
    const [callSid = ''] = await killed();
    const early: unknown[] = [];
    fleet.onRedirect = async (sid, epoch) => {
      early.push(await askNext(other.calls, sid), await askMove(other, sid, epoch));
    };
    await alive.takeover.takeOver(dead.name);
    expect(early).toMatchObject([{ refused: 'unavailable' }, { twiml: expect.stringContaining('<ringing') }]);
    expect((await fleet.claims(callSid)).filter((by) => by === 'next')).toHaveLength(1);
  });

  test('and the call is over at the carrier: its end is journaled, nobody asks again', async () => {
    const [callSid = ''] = await killed();
    fleet.answers = ['gone'];
    await alive.takeover.takeOver(dead.name);
    expect(await ownerOf(fleet.link, callSid)).toMatchObject({ ended: 'completed', owner: null });
    expect((await fleet.facts(callSid)).at(-1)).toMatchObject({ type: 'carrier.gone', status: 'completed' });
    expect([fleet.redirected, await results(alive)]).toEqual([[callSid], [['b', 'over', 1]]]);
  });

  test.each(['busy', 'failed'] as const)(
    'and REST is %s: the mark is cleared, and it is tried again',
    async (answer) => {
      const [callSid = ''] = await killed();
      fleet.answers = [answer, 'done'];
      const breaks: unknown[] = [];
      fleet.onRedirect = async (sid, epoch) => {
        breaks.push(await fleet.broken(sid));
        if (fleet.redirected.length === 2) await askMove(alive, sid, epoch);
      };
      await alive.takeover.takeOver(dead.name);
      expect(fleet.redirected).toEqual([callSid, callSid]);
      // What was not told counts for nothing.
      expect(breaks).toEqual([1, 1]);
      expect(await results(alive)).toContainEqual(['b', 'redirected', 1]);
    },
  );

  test('and REST never works: tried a few times, then the carrier’s own question still finds the call', async () => {
    const [callSid = ''] = await killed();
    fleet.answers = ['failed'];
    await alive.takeover.takeOver(dead.name);
    expect(fleet.redirected).toHaveLength(4);
    expect(await results(alive)).toEqual([['b', 'given up', 1]]);
    expect(await askNext(alive.calls, callSid)).toMatchObject({ twiml: expect.stringContaining('<ringing') });
  });

  test('and REST says yes, and the carrier does not come: it is told again', async () => {
    const [callSid = ''] = await killed();
    fleet.onRedirect = async (sid, epoch) => fleet.redirected.length === 2 && askMove(alive, sid, epoch);
    await alive.takeover.takeOver(dead.name);
    expect(fleet.redirected).toEqual([callSid, callSid]);
    expect(await results(alive)).toContainEqual(['b', 'redirected', 1]);
  });

  test('and two survivors take its calls over: each is told once', async () => {
    const callSids = await killed(3);
    fleet.onRedirect = (sid, epoch) => askMove(alive, sid, epoch);
    await Promise.all([alive.takeover.takeOver(dead.name), other.takeover.takeOver(dead.name)]);
    expect(fleet.redirected.toSorted()).toEqual(callSids.toSorted());
  });

  test('its calls are told newest first', async () => {
    const callSids = await killed(4);
    fleet.onRedirect = (sid, epoch) => askMove(alive, sid, epoch);
    await alive.takeover.takeOver(dead.name);
    expect(fleet.redirected).toEqual(callSids.toReversed());
  });

  test('and is back before its calls were told: it keeps them', async () => {
    const [callSid = ''] = await killed();
    const taking = alive.takeover.takeOver(dead.name);
    fleet.revive(dead);
    await taking;
    expect([fleet.redirected, await results(alive)]).toEqual([[], [['b', 'left alone', 1]]]);
    expect(await callsOf(fleet.link, dead.name)).toEqual([callSid]);
  });

  test('what it was told is told again: the end at once, the rest when the call has moved', async () => {
    const [first = '', second = ''] = await killed(2);
    const tell = (callSid: string, fact: object) =>
      writeInbox(fleet.link, dead.name, JSON.stringify({ kind: 'fact', id: callSid, callSid, fact }));
    await tell(first, { type: 'carrier.statusReported', status: 'completed', durationS: 9, sequence: 3 });
    const recording = { recordingSid: 'RE1', recordingUrl: '', durationS: 2, status: 'completed' };
    await tell(second, { type: 'carrier.recordingReady', ...recording });
    fleet.onRedirect = (sid, epoch) => askMove(alive, sid, epoch);
    await alive.takeover.takeOver(dead.name);
    expect(await ownerOf(fleet.link, first)).toMatchObject({ ended: 'completed' });
    expect((await fleet.facts(second)).slice(-2)).toMatchObject([
      { type: 'carrier.nextAsked' },
      { type: 'carrier.recordingReady', recordingSid: 'RE1' },
    ]);
    expect(fleet.redirected).toEqual([second]);
    expect(await writeInbox(fleet.link, dead.name, 'late')).toBe('absent');
  });
});

test('a redirect that arrives after the call has gone on finds it all the same', async () => {
  const [callSid = ''] = await killed();
  const { epoch = 0 } = (await ownerOf(fleet.link, callSid)) ?? {};
  const resumed = await stream(alive, callSid, await askNext(alive.calls, callSid));
  const answer = await askMove(other, callSid, epoch);
  expect(answer).toMatchObject({ twiml: expect.stringContaining('<ringing') });
  await resumed.port.saw('end superseded');
  const { port } = await stream(other, callSid, answer);
  expect(port.asked).toEqual(['open bridging']);
  expect([alive.calls.live, other.calls.live]).toEqual([0, 1]);
  // One break, however late and however often its question comes.
  await askMove(alive, callSid, epoch);
  expect(await fleet.broken(callSid)).toBe(1);
});

test('a carrier that took the word and meets a node that does not answer first is not told again meanwhile', async () => {
  const [callSid = ''] = await killed();
  fleet.bury(dead);
  let asking: Promise<unknown> = Promise.resolve();
  fleet.onRedirect = async (sid, epoch) => {
    asking = new Promise((resolve) => setTimeout(resolve, lateMs)).then(() => askMove(other, sid, epoch));
  };
  await alive.takeover.takeOver(dead.name);
  await asking;
  expect(fleet.redirected).toEqual([callSid]);
  expect(await fleet.broken(callSid)).toBe(1);
});

test('calls in dial, menu and record are nobody’s stream and are never told to move', async () => {
  const { callSid, call, port } = await dead.talk();
  for (const fact of ask('transfer_to_staff')) call.tell(fact);
  await port.saw('deliver t1 "transfer_to_staff" respond');
  for (const fact of farewell) call.tell(fact);
  await port.saw('end left');
  expect(await askNext(dead.calls, callSid)).toMatchObject({ twiml: expect.stringContaining('<dialing') });
  const stray = await dead.talk();
  dead.die();
  fleet.bury(dead);
  fleet.onRedirect = (sid, epoch) => askMove(alive, sid, epoch);
  await alive.takeover.takeOver(dead.name);
  expect(fleet.redirected).toEqual([stray.callSid]);
  expect(await ownerOf(fleet.link, callSid)).toMatchObject({ state: 'dialing', owner: null });
});

test('a call whose holder died before it could write a word is taken along', async () => {
  const callSid = (await dead.talk()).callSid;
  const answer = await askNext(dead.calls, callSid);
  const port = new FakePort();
  const call = await dead.calls.attach({ callSid, epoch: epochIn(answer), streamSid: 'MZ9', port });
  expect(call).toMatchObject({ callSid });
  dead.die();
  fleet.bury(dead);
  expect(await ownerOf(fleet.link, callSid)).toMatchObject({ state: 'ringing', owner: dead.name });
  fleet.onRedirect = (sid, epoch) => askMove(alive, sid, epoch);
  await alive.takeover.takeOver(dead.name);
  expect(fleet.redirected).toEqual([callSid]);
});

describe('the carrier reports of a broken stream', () => {
  test('its end and does not ask: it is told to, by whoever received the report', async () => {
    const { callSid } = await dead.talk();
    dead.die();
    fleet.onRedirect = (sid, epoch) => askMove(other, sid, epoch);
    await alive.takeover.streamFailed(callSid, `MZ${callSid}`);
    expect(fleet.redirected).toEqual([callSid]);
  });

  test('its end and does not ask, and the holder lives and has seen its end: the caller is not left in silence', async () => {
    const { callSid, call } = await dead.talk();
    call.tell({ type: 'carrier.streamStopped', streamSid: `MZ${callSid}`, reason: 'closed' });
    await expect.poll(() => dead.calls.waiting).toBe(0);
    let answer: unknown;
    fleet.onRedirect = async (sid, epoch) => {
      answer = await askMove(other, sid, epoch);
    };
    await alive.takeover.streamFailed(callSid, `MZ${callSid}`);
    expect(fleet.redirected).toEqual([callSid]);
    expect(answer).toMatchObject({ twiml: expect.stringContaining('<ringing') });
  });

  test('nothing, and the line went silent: whoever gave it up brings the call to another stream', async () => {
    const { callSid, call } = await alive.talk();
    fleet.onRedirect = (sid, epoch) => askMove(other, sid, epoch);
    call.tell({ type: 'carrier.streamStopped', streamSid: `MZ${callSid}`, reason: 'silent' });
    await expect.poll(() => fleet.redirected, { timeout: 5_000 }).toEqual([callSid]);
    const { call: leaves, callSid: stopped } = await alive.talk();
    leaves.tell({ type: 'carrier.streamStopped', streamSid: `MZ${stopped}`, reason: 'stopped' });
    await alive.takeover.stop();
    expect(fleet.redirected).toEqual([callSid]);
  });

  test('of an earlier stream, of a call that went on, or whose caller is heard: nothing is done', async () => {
    const { callSid } = await dead.talk();
    const second = await dead.talk();
    await askNext(alive.calls, second.callSid);
    await Promise.all([
      alive.takeover.streamFailed(callSid, 'MZ1'),
      alive.takeover.streamFailed(second.callSid, `MZ${second.callSid}`),
      dead.takeover.streamFailed(callSid, `MZ${callSid}`),
    ]);
    expect(fleet.redirected).toEqual([]);
  });
});
