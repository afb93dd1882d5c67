import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { readJournal } from '../directory/journal.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { type BrittleLink, brittle } from './brittle-link.fixture.ts';
import type { Calls } from './calls.ts';
import { ask, arrive, askNext, conversation, createCalls, epochIn, FakePort, newSid } from './calls.fixture.ts';

let redis: RedisServer;
let real: RedisLink;
let link: BrittleLink;
let calls: Calls;
/** Runs of tools, with what the journal held of their ask when they began. */
let runs: string[];
/** Ahead of the wall clock: what a frozen process finds when it wakes. */
let aheadMs: number;

const other = { node: 'n2', incarnation: 'i2' };

beforeAll(async () => {
  redis = await startRedis();
  real = await connectRedis(redis.url);
});

beforeEach(() => {
  link = brittle(real);
  runs = [];
  aheadMs = 0;
  calls = createCalls(link, { now: () => Date.now() + aheadMs, tools });
});

afterEach(async () => {
  link.fail(null);
  await calls.close();
});

afterAll(async () => {
  await real.close();
  await redis.stop();
});

const asked = async (callSid: string) =>
  (await readJournal(real, callSid)).some((entry) => entry.kind === 'fact' && entry.fact.type === 'tool.asked');

const tools = {
  definitions: [],
  writes: (name: string) => name === 'write_order',
  async run({ callSid, name, epoch }: { callSid: string; name: string; epoch: number }) {
    runs.push(`${name} ${epoch} ${(await asked(callSid)) ? 'asked' : 'unasked'}`);
    return { result: 'ok' as const, output: 'done', durationMs: 1, leave: null };
  },
};

async function talk() {
  const callSid = newSid();
  const epoch = epochIn(await arrive(calls, callSid));
  const port = new FakePort();
  const call = await calls.attach({ callSid, epoch, streamSid: 'MZ1', port });
  if (typeof call === 'string') throw new Error(call);
  call.begin();
  for (const fact of conversation) call.tell(fact);
  await vi.waitFor(() => expect(calls.waiting).toBe(0));
  return { callSid, call, port };
}

/** The process is frozen, another takes the call, the process goes on. */
async function frozen(callSid: string): Promise<Calls> {
  const elsewhere = createCalls(real, { node: other });
  const epoch = epochIn(await askNext(elsewhere, callSid));
  const call = await elsewhere.attach({ callSid, epoch, streamSid: 'MZ2', port: new FakePort() });
  if (typeof call === 'string') throw new Error(call);
  call.begin();
  aheadMs = 10_000;
  return elsewhere;
}

test('a tool that writes runs once its ask is journaled, under the epoch of the call', async () => {
  const { call, port } = await talk();
  for (const fact of ask('write_order')) call.tell(fact);
  await port.saw('deliver t1 done respond');
  expect(runs).toEqual([`write_order ${call.epoch} asked`]);
});

test('row 3: an owner that was frozen writes nothing and runs no tool that writes', async () => {
  const { callSid, call, port } = await talk();
  const elsewhere = await frozen(callSid);
  for (const fact of ask('write_order')) call.tell(fact);
  await port.saw('end superseded');
  expect([runs, calls.live, elsewhere.live, await asked(callSid)]).toEqual([[], 0, 1, false]);
  await elsewhere.close();
});

test('row 3: a tool that was asked before the freeze does not write after it', async () => {
  const { callSid, call, port } = await talk();
  // Its ask is journaled, its turn has not come when the process freezes.
  link.loseReply('append');
  for (const fact of ask('write_order')) call.tell(fact);
  await vi.waitFor(async () => expect(await asked(callSid)).toBe(true));
  const elsewhere = await frozen(callSid);
  await port.saw('end superseded');
  expect(runs.filter((run) => run.includes(String(call.epoch)))).toEqual([]);
  await elsewhere.close();
});

test('row 9: without Redis a tool that reads answers, one that writes is refused in words', async () => {
  const { call, port } = await talk();
  link.fail('unavailable');
  for (const fact of ask('read_menu', 't1', 'r1')) call.tell(fact);
  await port.saw('deliver t1 done respond');
  for (const fact of ask('write_order', 't2', 'r2')) call.tell(fact);
  await vi.waitFor(() => expect(port.asked.at(-1)).toContain('deliver t2 This cannot be done right now'), 3_000);
  expect(runs.map((run) => run.split(' ')[0])).toEqual(['read_menu']);
});

test('row 1: a tool whose answer never came runs again at the next owner, after its claim', async () => {
  const { callSid, call } = await talk();
  const never = createCalls(real, {
    node: other,
    tools: { ...tools, run: async (run) => (runs.push(run.name), new Promise<never>(() => {})) },
  });
  const epoch = epochIn(await askNext(never, callSid));
  const second = await never.attach({ callSid, epoch, streamSid: 'MZ2', port: new FakePort() });
  if (typeof second === 'string') throw new Error(second);
  second.begin();
  for (const fact of ask('write_order')) second.tell(fact);
  await vi.waitFor(() => expect(runs).toEqual(['write_order']));
  const port = new FakePort();
  const third = await calls.attach({ callSid, epoch: epochIn(await askNext(calls, callSid)), streamSid: 'MZ3', port });
  if (typeof third === 'string') throw new Error(third);
  third.begin();
  await vi.waitFor(() => expect(runs).toEqual(['write_order', `write_order ${third.epoch} asked`]));
  expect(third.epoch).toBeGreaterThan(call.epoch);
  await never.close();
});
