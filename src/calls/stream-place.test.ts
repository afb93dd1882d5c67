import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addresses, ask as reserveFor, beat, loads, nodeOf } from '../directory/placement.fixture.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { renewReservation } from '../directory/reservations.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { arrive, createCalls, epochIn, FakePort, newSid } from './calls.fixture.ts';
import type { Calls } from './calls.ts';

let redis: RedisServer;
let link: RedisLink;
const open: Calls[] = [];

beforeAll(async () => {
  redis = await startRedis();
  link = await connectRedis(redis.url);
});

beforeEach(async () => {
  await link.command('flushall');
  for (const node of ['n1', 'n2']) await beat(link, node, 2, { starting: true });
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((calls) => calls.close()));
});

afterAll(async () => {
  await link.close();
  await redis.stop();
});

/** A node whose probes are answered by whoever is not named dead. */
function callsOf(node: string, dead: readonly string[] = []): Calls {
  const calls = createCalls(link, {
    node: addresses(node),
    admit: async (callSid) => (await renewReservation(link, callSid, node)) !== 'full',
    answers: async (holder) => !dead.includes(holder.node),
  });
  open.push(calls);
  return calls;
}

async function arrived(calls: Calls, place: string) {
  const callSid = newSid();
  expect(nodeOf(await reserveFor(link, callSid, { class: 'live', preferredNode: place }))).toBe(place);
  return { callSid, epoch: epochIn(await arrive(calls, callSid)) };
}

const attach = (calls: Calls, { callSid, epoch }: { callSid: string; epoch: number }) =>
  calls.attach({ callSid, epoch, streamSid: 'MZ1', port: new FakePort() });

describe('a stream that comes to a node that was not reserved', () => {
  test('takes its place along', async () => {
    const calls = callsOf('n2');
    expect(await attach(calls, await arrived(calls, 'n1'))).toMatchObject({ callSid: expect.any(String) });
    expect(await loads(link)).toEqual({ n1: 0, n2: 1 });
  });

  test('and has no room ends, and its token works where there is room', async () => {
    const [first, second] = [callsOf('n1'), callsOf('n2')];
    for (let held = 0; held < 2; held += 1) await arrived(first, 'n2');
    const call = await arrived(first, 'n1');
    expect(await attach(second, call)).toBe('unavailable');
    expect(await attach(first, call)).toMatchObject({ callSid: call.callSid });
    expect(await loads(link)).toEqual({ n1: 1, n2: 2 });
  });
});

describe('the next stream of a conversation that broke goes', () => {
  test('to the node that had it, if that answers', async () => {
    const [holder, other] = [callsOf('n1'), callsOf('n2')];
    const call = await arrived(holder, 'n1');
    await attach(holder, call);
    expect([await holder.preferredNode(call.callSid), await other.preferredNode(call.callSid)]).toEqual(['n1', 'n1']);
  });

  test('elsewhere, if that does not answer: nobody is placed there before it is heard again', async () => {
    const [holder, other] = [callsOf('n1'), callsOf('n2', ['n1'])];
    const call = await arrived(holder, 'n1');
    await attach(holder, call);
    expect(await other.preferredNode(call.callSid)).toBeNull();
    expect(nodeOf(await reserveFor(link, newSid(), { class: 'live', preferredNode: 'n1' }))).toBe('n2');
    await beat(link, 'n1', 2);
    expect(nodeOf(await reserveFor(link, newSid(), { class: 'live', preferredNode: 'n1' }))).toBe('n1');
  });

  test('anywhere, if nobody knows the call', async () => {
    expect(await callsOf('n1').preferredNode(newSid())).toBeNull();
  });
});
