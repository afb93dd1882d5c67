import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownerOf } from '../directory/claims.ts';
import { readJournal } from '../directory/journal.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import {
  arrive,
  ask,
  askNext,
  conversation,
  createCalls,
  epochIn,
  FakePort,
  farewell,
  newSid,
  render,
} from './calls.fixture.ts';
import type { Calls } from './calls.ts';
import type { Told } from './stream-port.ts';

let redis: RedisServer;
let link: RedisLink;

beforeAll(async () => {
  redis = await startRedis();
  link = await connectRedis(redis.url);
});

afterAll(async () => {
  await link.close();
  await redis.stop();
});

async function talk(calls: Calls, told: Told[]) {
  const callSid = newSid();
  const port = new FakePort();
  const call = await calls.attach({
    callSid,
    epoch: epochIn(await arrive(calls, callSid)),
    streamSid: 'MZ1',
    port,
  });
  if (typeof call === 'string') throw new Error(call);
  call.begin();
  for (const fact of told) call.tell(fact);
  port.onEnd = () => call.tell({ type: 'carrier.streamStopped', streamSid: 'MZ1', reason: 'left' });
  return { callSid, port, call };
}

/** The carrier's question at a node that is to end while no other has room. */
const askWaiting = (calls: Calls, callSid: string) =>
  calls.answer({
    callSid,
    idempotencyToken: null,
    kind: 'next',
    fact: { type: 'carrier.nextAsked', intent: null, breaks: 0 },
    waitsForNode: true,
    render,
  });

const claims = async (callSid: string) =>
  (await readJournal(link, callSid)).flatMap((entry) => (entry.kind === 'claim' ? [entry.by] : []));

test('a call that was handed over is left untouched for the next process, which finds the intent', async () => {
  const calls = createCalls(link);
  const { callSid, port, call } = await talk(calls, conversation.slice(0, 5));
  call.tell({ type: 'node.draining', urgent: false });
  await port.saw('end left');
  const before = await ownerOf(link, callSid);
  expect(await askWaiting(calls, callSid)).toEqual({ refused: 'draining' });
  expect(await ownerOf(link, callSid)).toEqual(before);
  await calls.close();
  expect(await claims(callSid)).toEqual(['arrive', 'stream']);

  const next = createCalls(link, { node: { node: 'n1', incarnation: 'i2' } });
  expect(await askNext(next, callSid)).toMatchObject({ twiml: expect.stringContaining('<ringing') });
  const asked = (await readJournal(link, callSid)).at(-1);
  expect(asked).toMatchObject({ fact: { type: 'carrier.nextAsked', intent: { kind: 'handover' }, breaks: 0 } });
  await next.close();
});

test('a call whose stream broke is left untouched as well', async () => {
  const calls = createCalls(link);
  const { callSid, call } = await talk(calls, conversation);
  call.tell({ type: 'carrier.streamStopped', streamSid: 'MZ1', reason: 'closed' });
  expect(await askWaiting(calls, callSid)).toEqual({ refused: 'draining' });
  expect(await claims(callSid)).toEqual(['arrive', 'stream']);
  await calls.close();
});

test('a call that asks for a person needs no node: it is answered here and now', async () => {
  const calls = createCalls(link);
  const { callSid, port, call } = await talk(calls, [...conversation, ...ask('transfer_to_staff')]);
  await port.saw('deliver t1 "transfer_to_staff" respond');
  for (const fact of farewell) call.tell(fact);
  await port.saw('end left');
  expect(await askWaiting(calls, callSid)).toMatchObject({ twiml: expect.stringContaining('<dialing') });
  // The carrier did not get it, and asks again.
  expect(await askWaiting(calls, callSid)).toMatchObject({ twiml: expect.stringContaining('<dialing') });
  await calls.close();
});

test('a call that is over, or that nobody knows, is told so', async () => {
  const calls = createCalls(link);
  const { callSid, call } = await talk(calls, conversation);
  call.tell({ type: 'carrier.statusReported', status: 'completed', durationS: 3, sequence: 1 });
  await expect.poll(() => calls.live).toBe(0);
  expect(await askWaiting(calls, callSid)).toEqual({ refused: 'ended' });
  expect(await askWaiting(calls, newSid())).toEqual({ refused: 'unknown' });
  await calls.close();
});

test('a closed node takes no stream: the carrier asks where to go', async () => {
  const calls = createCalls(link);
  const callSid = newSid();
  const epoch = epochIn(await arrive(calls, callSid));
  await calls.close();
  expect(await calls.attach({ callSid, epoch, streamSid: 'MZ1', port: new FakePort() })).toBe('unavailable');
});
