import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { createCalls, farewell, newSid, render } from './calls.fixture.ts';
import type { CallView } from './call-door.ts';
import { TestFleet, type TestNode } from './fleet.fixture.ts';

const ANN = '+12075550143';
let redis: RedisServer;
let fleet: TestFleet;
let [holder, other]: [TestNode, TestNode] = [] as never;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(async () => {
  fleet = await TestFleet.start(redis.url);
  [holder, other] = [await fleet.node('n1'), await fleet.node('n2')];
});

afterEach(() => fleet.close());

afterAll(() => redis.stop());

test('an offer of another node reaches the caller where it talks, and the call leaves for who is kept for it', async () => {
  const { callSid, call, port } = await holder.talk();
  call.tell({ type: 'caller.speechStopped', itemId: 'u1' });
  for (const fact of farewell) call.tell(fact);
  const offer = { type: 'staff.offered', to: ANN, reason: 'beans' } as const;
  expect(await other.calls.tell(callSid, offer)).toBe('taken');
  await port.saw('play connecting en');
  call.tell({ type: 'assistant.fellSilent' });
  await port.saw('end left');
  let view: CallView | null = null;
  await other.calls.answer({
    callSid,
    idempotencyToken: null,
    kind: 'next',
    fact: { type: 'carrier.nextAsked', intent: null, breaks: 0 },
    render: (known) => {
      view = known;
      return render(known);
    },
  });
  expect(view).toMatchObject({ state: 'dialing', ringing: ANN, about: 'beans' });
});

test('a call is looked at from anywhere, and stays whose it is', async () => {
  const { callSid } = await holder.talk();
  const claims = await fleet.claims(callSid);
  for (const { calls } of [holder, other]) {
    expect(await calls.look(callSid)).toMatchObject({
      state: 'conversation',
      from: '+15550001111',
      turns: [{ text: 'Welcome' }, { who: 'caller' }],
    });
  }
  expect(await fleet.claims(callSid)).toEqual(claims);
  expect(await other.calls.look(newSid())).toBeNull();
  other.die();
  expect(await other.calls.look(callSid), 'without Redis').toBeNull();
});

test('the end of a call is told where it is journaled, with a stream here or without', async () => {
  const ended: string[] = [];
  const calls = createCalls(fleet.link, { callEnded: (callSid) => void ended.push(callSid) });
  const completed = { type: 'carrier.statusReported', status: 'completed', durationS: 9, sequence: 4 } as const;
  const callSid = newSid();
  const arrived = { type: 'carrier.arrived', from: '+1', to: '+2', node: '' } as const;
  await calls.answer({ callSid, idempotencyToken: null, kind: 'arrive', fact: arrived, render });
  expect(await calls.tell(callSid, completed)).toBe('taken');
  expect(await calls.tell(callSid, completed)).toBe('taken');
  expect(ended).toEqual([callSid]);
  await calls.close();
});

test('what a document needs is sought once the call is known for what, and not without Redis', async () => {
  const seen: string[] = [];
  const asked = (callSid: string, alone: boolean) =>
    holder.calls.answer({
      callSid,
      idempotencyToken: null,
      kind: 'arrive',
      fact: { type: 'carrier.arrived', from: '+1', to: '+2', node: '' },
      alone,
      prepare: async ({ state }) => void seen.push(`prepare ${state}`),
      render: ({ state }) => {
        seen.push(`render ${state}`);
        return '<Response/>';
      },
    });
  await asked(newSid(), false);
  expect(seen.splice(0)).toEqual(['prepare ringing', 'render ringing']);
  await asked(newSid(), true);
  expect(seen).toEqual(['render ringing']);
});
