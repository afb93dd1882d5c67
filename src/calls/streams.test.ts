import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import type { Calls } from './calls.ts';
import { arrive, askNext, conversation, createCalls, epochIn, FakePort, newSid } from './calls.fixture.ts';

let redis: RedisServer;
let link: RedisLink;
let calls: Calls;

beforeAll(async () => {
  redis = await startRedis();
  link = await connectRedis(redis.url);
});

beforeEach(() => {
  calls = createCalls(link);
});

afterEach(() => calls.close());

afterAll(async () => {
  await link.close();
  await redis.stop();
});

/** Streams of one call, each noting in one list what is asked of it. */
async function attach(callSid: string, epoch: number, streamSid: string, seen: string[]) {
  const port = new FakePort();
  port.onAsked = (what) => seen.push(`${streamSid} ${what}`);
  const call = await calls.attach({ callSid, epoch, streamSid, port });
  if (typeof call === 'string') throw new Error(call);
  seen.push(`${streamSid} attached`);
  call.begin();
  return { call, port };
}

test('two streams never both have the assistant: the first has ended before the second is told that it is attached', async () => {
  const callSid = newSid();
  const seen: string[] = [];
  const { call } = await attach(callSid, epochIn(await arrive(calls, callSid)), 'MZ1', seen);
  for (const fact of conversation) call.tell(fact);
  await vi.waitFor(() => expect(calls.waiting).toBe(0));
  // The carrier asks what is next while the old socket still looks open.
  const epoch = epochIn(await askNext(calls, callSid));
  const second = await attach(callSid, epoch, 'MZ2', seen);
  expect(seen).toEqual([
    'MZ1 attached',
    'MZ1 open greeting',
    'MZ1 end superseded',
    'MZ2 attached',
    'MZ2 open bridging',
  ]);
  // A stale stream has nothing more to say.
  call.tell({ type: 'caller.said', itemId: 'u9', text: 'stale', after: null });
  expect(second.call.epoch).toBeGreaterThan(call.epoch);
  expect([calls.live, seen.length]).toEqual([1, 5]);
});

test('row 26: a call whose handler threw is resumed by the next question, its conversation whole', async () => {
  const callSid = newSid();
  const seen: string[] = [];
  const { call, port } = await attach(callSid, epochIn(await arrive(calls, callSid)), 'MZ1', seen);
  const other = newSid();
  await attach(other, epochIn(await arrive(calls, other)), 'MZ9', seen);
  for (const fact of conversation) call.tell(fact);
  call.tell({
    type: 'caller.said',
    itemId: 'u2',
    after: null,
    get text(): string {
      throw new Error('planted');
    },
  });
  await port.saw('end failed');
  const second = await attach(callSid, epochIn(await askNext(calls, callSid)), 'MZ2', seen);
  expect(second.port.asked).toEqual(['open bridging']);
  expect(second.port.seeds[0]?.map((turn) => 'itemId' in turn && turn.itemId)).toEqual(['a1', 'u1']);
  expect(calls.live).toBe(2);
  expect(seen.filter((what) => what.startsWith('MZ9'))).toEqual(['MZ9 attached', 'MZ9 open greeting']);
});

test('an amnesic call whose journal cannot be read is resumed like any other', async () => {
  await calls.close();
  let isBroken = false;
  const brittle: RedisLink = {
    get ready() {
      return link.ready;
    },
    run: (script, keys, args) => link.run(script, keys, args),
    command: (name, ...args) =>
      isBroken && name === 'xrange' ? Promise.reject(new Error('planted')) : link.command(name, ...args),
    onRestored: (listener) => link.onRestored(listener),
    close: () => link.close(),
  };
  calls = createCalls(brittle, { amnesia: true });
  const callSid = newSid();
  const { call, port } = await attach(callSid, epochIn(await arrive(calls, callSid)), 'MZ1', []);
  for (const fact of conversation) call.tell(fact);
  await vi.waitFor(() => expect(calls.waiting).toBe(0));
  isBroken = true;
  call.tell({ type: 'assistant.fellSilent' });
  await port.saw('end failed');
  isBroken = false;
  const second = await attach(callSid, epochIn(await askNext(calls, callSid)), 'MZ2', []);
  expect(second.port.asked).toEqual(['open bridging']);
});

test('an amnesic call is rebuilt once at a time, also where an effect tells something at once', async () => {
  await calls.close();
  let reads = 0;
  let readsMax = 0;
  const counting: RedisLink = {
    get ready() {
      return link.ready;
    },
    run: (script, keys, args) => link.run(script, keys, args),
    command: async (name, ...args) => {
      if (name !== 'xrange') return link.command(name, ...args);
      readsMax = Math.max(readsMax, (reads += 1));
      return link.command(name, ...args).finally(() => (reads -= 1));
    },
    onRestored: (listener) => link.onRestored(listener),
    close: () => link.close(),
  };
  calls = createCalls(counting, { amnesia: true });
  const callSid = newSid();
  const { call, port } = await attach(callSid, epochIn(await arrive(calls, callSid)), 'MZ1', []);
  // The session is old at once; its replacement is put off by the stream as soon as it is asked for.
  port.onAsked = (what) => {
    if (what.startsWith('rotate')) call.tell({ type: 'model.rotated', sessionId: null, rotateMs: 0 });
  };
  call.tell({ type: 'model.ready', sessionId: 'sess_1', model: 'm', rotateMs: 0 });
  for (const fact of conversation.slice(1, 5)) call.tell(fact);
  await port.saw('open greeting');
  await vi.waitFor(() => expect(port.asked.some((what) => what.startsWith('rotate'))).toBe(true));
  await vi.waitFor(() => expect([calls.waiting, reads]).toEqual([0, 0]));
  expect(readsMax).toBe(1);
});
