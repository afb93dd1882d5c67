import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ownerOf } from '../directory/claims.ts';
import { DirectoryError } from '../directory/errors.ts';
import { readJournal } from '../directory/journal.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { CallActor } from './actor.ts';
import { ask, arrive, askNext, conversation, createCalls, epochIn, FakePort, newSid } from './calls.fixture.ts';
import type { Calls } from './calls.ts';

let redis: RedisServer;
let real: RedisLink;
/** What every command is refused with; null: Redis is there. */
let trouble: DirectoryError | null = null;
const link: RedisLink = {
  get ready() {
    return trouble === null;
  },
  run: (script, keys, args) => (trouble ? Promise.reject(trouble) : real.run(script, keys, args)),
  command: (name, ...args) => (trouble ? Promise.reject(trouble) : real.command(name, ...args)),
  onRestored: (listener) => real.onRestored(listener),
  close: () => real.close(),
};
const away = new DirectoryError('unavailable', 'planted');
const broken = new DirectoryError('script', 'planted');

beforeAll(async () => {
  redis = await startRedis();
  real = await connectRedis(redis.url);
});

afterEach(() => {
  trouble = null;
  vi.useRealTimers();
});

afterAll(async () => {
  await real.close();
  await redis.stop();
});

const journal = (callSid: string) => readJournal(real, callSid);
const types = async (callSid: string) =>
  (await journal(callSid)).flatMap((entry) => (entry.kind === 'fact' ? [entry.fact.type] : []));
const claims = async (callSid: string) =>
  (await journal(callSid)).flatMap((entry) => (entry.kind === 'claim' ? [entry.by] : []));
const written = (calls: Calls) => vi.waitFor(() => expect(calls.waiting).toBe(0));

async function talk(calls: Calls, callSid = newSid()) {
  const epoch = epochIn(await arrive(calls, callSid, 'I1'));
  const port = new FakePort();
  const call = await calls.attach({ callSid, epoch, streamSid: 'MZ1', port });
  if (typeof call === 'string') throw new Error(call);
  call.begin();
  for (const fact of conversation) call.tell(fact);
  await written(calls);
  return { callSid, call, port, epoch };
}

describe('a call whose webhook comes once more', () => {
  test('keeps its stream when its arrival is repeated', async () => {
    const calls = createCalls(link);
    const { callSid, call, port } = await talk(calls);
    const again = await arrive(calls, callSid, 'I1');
    expect(again).toMatchObject({ twiml: expect.stringContaining('<ringing') });
    expect([calls.live, port.asked]).toEqual([1, ['open greeting']]);
    call.tell({ type: 'assistant.fellSilent' });
    await written(calls);
    expect((await types(callSid)).at(-1)).toBe('assistant.fellSilent');
    await calls.close();
  });

  test('keeps its new stream when the question after the last one is repeated', async () => {
    const calls = createCalls(link);
    const { callSid } = await talk(calls);
    const answer = await askNext(calls, callSid, 'I2');
    const port = new FakePort();
    const call = await calls.attach({ callSid, epoch: epochIn(answer), streamSid: 'MZ2', port });
    if (typeof call === 'string') throw new Error(call);
    call.begin();
    await written(calls);
    expect(await askNext(calls, callSid, 'I2')).toEqual(answer);
    expect([calls.live, port.asked]).toEqual([1, ['open bridging']]);
    await calls.close();
  });
});

describe('calls while Redis is away', () => {
  test('a webhook is answered, a used token refused, and nobody claims the call when Redis is back', async () => {
    const calls = createCalls(link);
    const { callSid, call, epoch } = await talk(calls);
    trouble = away;
    call.tell({ type: 'assistant.fellSilent' });
    expect(await askNext(calls, callSid, 'I2')).toMatchObject({ twiml: expect.stringContaining('<ringing') });
    expect(await calls.attach({ callSid, epoch, streamSid: 'MZ2', port: new FakePort() })).toBe('refused');
    trouble = null;
    await written(calls);
    expect(await claims(callSid)).toEqual(['arrive', 'stream']);
    expect(await ownerOf(real, callSid)).toMatchObject({ owner: null, state: 'ringing' });
    await calls.close();
  });

  test('a node that closes ends its streams within a bound', async () => {
    const calls = createCalls(link);
    const { call, port } = await talk(calls);
    trouble = away;
    call.tell({ type: 'assistant.fellSilent' });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const closing = calls.close();
    await vi.advanceTimersByTimeAsync(3_000);
    await closing;
    expect([calls.live, port.asked.at(-1)]).toEqual([0, 'end superseded']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('a node that closes journals what its streams tell while they end', async () => {
  const calls = createCalls(link);
  const { callSid, call, port } = await talk(calls);
  port.onEnd = () => {
    call.tell({ type: 'assistant.heard', itemId: 'a2', text: 'It is', heardMs: 200, totalMs: 900, cut: true });
    call.tell({ type: 'carrier.streamStopped', streamSid: 'MZ1', reason: 'superseded' });
  };
  await calls.close();
  expect((await types(callSid)).slice(-2)).toEqual(['assistant.heard', 'carrier.streamStopped']);
  expect(await ownerOf(real, callSid)).toMatchObject({ state: 'detached', ended: null });
});

test('a caller on the way to staff is not kept on a line whose journal takes nothing any more', async () => {
  const calls = createCalls(link);
  const { call, port } = await talk(calls);
  for (const fact of ask('transfer_to_staff')) call.tell(fact);
  await port.saw('deliver t1 "transfer_to_staff" respond');
  trouble = broken;
  call.tell({ type: 'carrier.dtmf', digit: '0' });
  await port.saw('end failed');
  trouble = null;
  await calls.close();
});

test('what a handler of the machine throws is thrown by the fold, and nowhere else', () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const poison = {
    type: 'caller.said',
    at: 1,
    itemId: 'u1',
    after: null,
    get text(): string {
      throw new Error('planted');
    },
  } as const;
  expect(() => CallActor.fold('CA1', [poison])).toThrow('planted');
  expect(vi.getTimerCount()).toBe(0);
});
