import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ownerOf } from '../directory/claims.ts';
import { callsOf, inboxCursor, writeInbox } from '../directory/inbox.ts';
import { cursorKey, inboxKey } from '../directory/keys.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { newSpanId, traceOf, traceparentOf } from '../telemetry/trace-ids.ts';
import { askNext } from './calls.fixture.ts';
import { TestFleet, type TestNode } from './fleet.fixture.ts';
import { parseMessage } from './mailbox.ts';

let redis: RedisServer;
let fleet: TestFleet;
let nodes: TestNode[];

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(async () => {
  fleet = await TestFleet.start(redis.url);
  nodes = [await fleet.node('n1'), await fleet.node('n2'), await fleet.node('n3')];
});

afterEach(() => fleet.close());

afterAll(() => redis.stop());

const at = (index: number): TestNode => {
  const node = nodes[index];
  if (!node) throw new Error(`no node ${index}`);
  return node;
};
const completed = { type: 'carrier.statusReported', status: 'completed', durationS: 9, sequence: 4 } as const;
const recording = {
  type: 'carrier.recordingReady',
  recordingSid: 'RE1',
  recordingUrl: '',
  durationS: 2,
  status: 'completed',
} as const;
const types = async (callSid: string) => (await fleet.facts(callSid)).map((fact) => fact.type);
const write = (to: TestNode, message: object) => writeInbox(fleet.link, to.name, JSON.stringify(message));
const messages = async (node: TestNode, result: string) => {
  const { values } = await node.metrics.inboxMessages.get();
  return values.reduce((sum, { labels, value }) => sum + (labels['result'] === result ? value : 0), 0);
};

describe('what the carrier tells reaches the call’s holder', () => {
  test.each([0, 1, 2])('at whichever node it arrives (%i)', async (index) => {
    const { callSid, port } = await at(0).talk();
    expect(await at(index).calls.tell(callSid, recording)).toBe('taken');
    expect(await at(index).calls.tell(callSid, completed)).toBe('taken');
    await port.saw('end left');
    await expect.poll(() => types(callSid)).toContain('carrier.statusReported');
    expect((await types(callSid)).slice(-2)).toEqual(['carrier.recordingReady', 'carrier.statusReported']);
    expect(await fleet.claims(callSid)).toEqual(['arrive', 'stream']);
    expect(await ownerOf(fleet.link, callSid)).toMatchObject({ ended: 'completed' });
  });

  test('though it is written twice: once', async () => {
    const { callSid } = await at(0).talk();
    const message = { kind: 'fact', id: 'm1', callSid, fact: recording };
    await write(at(0), message);
    await write(at(0), message);
    await expect.poll(() => messages(at(0), 'repeated')).toBe(1);
    await expect.poll(() => types(callSid)).toContain('carrier.recordingReady');
    expect((await types(callSid)).filter((type) => type === 'carrier.recordingReady')).toHaveLength(1);
  });

  test('though the call has moved on meanwhile', async () => {
    const { callSid } = await at(0).talk();
    await at(0).mailbox.close();
    await askNext(at(1).calls, callSid);
    // The former holder has not heard of it: what it cannot write is told to whoever can.
    expect(at(0).calls.live).toBe(1);
    await at(0).calls.tell(callSid, completed);
    await expect.poll(async () => (await ownerOf(fleet.link, callSid))?.ended).toBe('completed');
    expect(at(0).calls.live).toBe(0);
  });

  test('or, if that has no inbox, ends the call where it arrived', async () => {
    const { callSid } = await at(0).talk();
    at(0).die();
    await fleet.link.command('del', inboxKey(at(0).name));
    expect(await at(1).calls.tell(callSid, recording)).toBe('unavailable');
    expect(await at(1).calls.tell(callSid, completed)).toBe('taken');
    expect(await ownerOf(fleet.link, callSid)).toMatchObject({ ended: 'completed', owner: null });
    expect(await messages(at(1), 'absent')).toBeGreaterThan(1);
  });

  test('and of a call whose holder is dead: ends it at once', async () => {
    const { callSid } = await at(0).talk();
    at(0).die();
    fleet.bury(at(0));
    expect(await at(1).calls.tell(callSid, completed)).toBe('taken');
    expect(await ownerOf(fleet.link, callSid)).toMatchObject({ ended: 'completed', owner: null });
    expect(await messages(at(1), 'sent')).toBe(0);
  });
});

test('a call that is claimed elsewhere is dropped by its holder at once, and a late word of it drops no newer one', async () => {
  const { callSid, port } = await at(0).talk();
  const { epoch = 0 } = (await ownerOf(fleet.link, callSid)) ?? {};
  await write(at(0), { kind: 'superseded', callSid, epoch });
  await expect.poll(() => messages(at(0), 'taken')).toBe(1);
  expect(at(0).calls.live).toBe(1);
  port.silentMs = 60_000;
  await askNext(at(1).calls, callSid);
  await port.saw('end superseded');
  expect(at(0).calls.live).toBe(0);
});

test('an inbox that is gone is made again, and the list of calls with it', async () => {
  const { callSid } = await at(0).talk();
  await expect.poll(() => callsOf(fleet.link, at(0).name)).toEqual([callSid]);
  await fleet.link.command('del', inboxKey(at(0).name), `calls:${at(0).name.node}:${at(0).name.incarnation}`);
  await expect
    .poll(() => write(at(0), { kind: 'fact', id: 'm2', callSid, fact: recording }), { timeout: 5_000 })
    .toBe('sent');
  await expect.poll(() => types(callSid)).toContain('carrier.recordingReady');
  await expect.poll(() => callsOf(fleet.link, at(0).name)).toEqual([callSid]);
});

test('reading goes on where it stood, and what was dealt with is dropped', async () => {
  const { callSid } = await at(0).talk();
  await write(at(0), { kind: 'fact', id: 'm1', callSid, fact: recording });
  await expect.poll(() => types(callSid)).toContain('carrier.recordingReady');
  await expect.poll(() => fleet.link.command('xlen', inboxKey(at(0).name))).toBe(1);
  const entries = await fleet.link.command('xrange', inboxKey(at(0).name), '-', '+');
  expect([[await inboxCursor(fleet.link, at(0).name), expect.anything()]]).toEqual(entries);
});

test('reading survives what is no message, and a connection that breaks', async () => {
  const { callSid } = await at(0).talk();
  for (const text of ['', '{', '[]', '{"kind":"warm"}', '{"kind":"fact","callSid":"CA1"}'])
    await writeInbox(fleet.link, at(0).name, text);
  await fleet.link.command('client', 'kill', 'type', 'normal', 'skipme', 'yes');
  await expect
    .poll(() => write(at(0), { kind: 'fact', id: 'm3', callSid, fact: recording }).catch(() => 'away'), {
      timeout: 5_000,
    })
    .toBe('sent');
  await expect.poll(() => types(callSid), { timeout: 5_000 }).toContain('carrier.recordingReady');
});

test('a node that ends deals with what is left and takes its inbox with it', async () => {
  const { callSid } = await at(1).talk();
  const leaving = await fleet.node('n4');
  await write(leaving, { kind: 'fact', id: 'm5', callSid, fact: recording });
  await leaving.mailbox.close();
  await expect.poll(() => types(callSid)).toContain('carrier.recordingReady');
  expect(await fleet.link.command('exists', inboxKey(leaving.name), cursorKey(leaving.name))).toBe(0);
});

describe('a model session that is to be ready', () => {
  const ask = { callSid: 'CA1', at: 7_000, isNew: true };

  test('is asked for at the process where the stream will come', async () => {
    at(0).neighbours.warm(at(1).name, ask);
    at(0).neighbours.warm(at(1).name, { ...ask, isNew: false });
    await expect.poll(() => at(1).warmed).toEqual([ask, { ...ask, isNew: false }]);
    expect([at(0).warmed, at(2).warmed]).toEqual([[], []]);
    const { values } = await at(1).metrics.inboxMessages.get();
    expect(values.map(({ labels, value }) => [labels, value])).toEqual([[{ kind: 'warm', result: 'taken' }, 2]]);
  });

  test('at this one directly, also without Redis; a process that is gone is told nothing', async () => {
    at(0).die();
    at(0).neighbours.warm(at(0).name, ask);
    at(0).neighbours.warm(at(1).name, ask);
    at(1).neighbours.warm({ node: 'n2', incarnation: 'older' }, { ...ask, callSid: 'CA2' });
    at(2).neighbours.warm(at(1).name, { ...ask, callSid: 'CA3' });
    await expect.poll(() => at(1).warmed).toEqual([{ ...ask, callSid: 'CA3' }]);
    expect(at(0).warmed).toEqual([ask]);
  });
});

describe('what a message brings about belongs to whoever wrote it', () => {
  const callSid = 'CA00000000000000000000000000000077';
  const writer = { ...traceOf(callSid), callSid, spanId: newSpanId() };
  const traceparent = traceparentOf(writer);

  test('a session that is asked for, and a fact that is passed on', async () => {
    at(0).neighbours.warm(at(1).name, { callSid, at: 7_000, isNew: true, traceparent });
    await expect.poll(() => at(1).taken).toMatchObject([{ name: 'message warm', kind: 'consumer' }]);
    const call = await at(0).talk();
    expect(await at(2).calls.tell(call.callSid, recording, { ...writer, callSid: call.callSid })).toBe('taken');
    await expect.poll(() => at(0).taken).toMatchObject([{ name: 'message fact' }]);
    const [warmed, told] = [at(1).taken[0], at(0).taken[0]];
    expect([warmed?.parentId, told?.parentId]).toEqual([writer.spanId, writer.spanId]);
    expect([warmed?.place.traceId, told?.place.traceId]).toEqual([writer.traceId, writer.traceId]);
    expect(warmed?.place.spanId).toMatch(/^[0-9a-f]{16}$/);
  });

  test('what says nothing of its span, or of one that is not kept, has none', async () => {
    at(0).neighbours.warm(at(1).name, { callSid, at: 7_000, isNew: true });
    const unsampled = traceparent.replace(/01$/, '00');
    at(0).neighbours.warm(at(1).name, { callSid, at: 7_001, isNew: true, traceparent: unsampled });
    await expect.poll(() => at(1).warmed.length).toBe(2);
    expect(at(1).taken).toEqual([]);
  });
});

test('messages are what they say they are', () => {
  expect(parseMessage('{"kind":"warm","callSid":"CA1","at":7,"isNew":false}')).toEqual({
    kind: 'warm',
    callSid: 'CA1',
    at: 7,
    isNew: false,
  });
  expect(parseMessage('{"kind":"superseded","callSid":"CA1","epoch":7}')).toEqual({
    kind: 'superseded',
    callSid: 'CA1',
    epoch: 7,
  });
  for (const text of [
    '',
    'null',
    '7',
    '{"kind":"superseded","callSid":"CA1"}',
    '{"kind":"warm","callSid":"CA1","isNew":true}',
    '{"kind":"fact","id":"a","callSid":"CA1","fact":{}}',
  ])
    expect(parseMessage(text)).toBeNull();
});
