import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readJournal } from '../directory/journal.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import {
  ask,
  arrive,
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
import type { ResidentCall } from './stream-port.ts';

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

const facts = async (callSid: string) =>
  (await readJournal(link, callSid)).flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : []));
const types = async (callSid: string) => (await facts(callSid)).map((fact) => fact.type);

async function stream(calls: Calls, callSid: string, epoch: number, streamSid = 'MZ1') {
  const port = new FakePort();
  const call = await calls.attach({ callSid, epoch, streamSid, port });
  if (typeof call !== 'string') call.begin();
  return { port, call };
}

async function talk(calls: Calls, callSid: string) {
  const epoch = epochIn(await arrive(calls, callSid));
  const { port, call } = await stream(calls, callSid, epoch);
  if (typeof call === 'string') throw new Error(call);
  return { port, call, epoch };
}

const tellAll = (call: ResidentCall, told: Parameters<ResidentCall['tell']>[0][]) =>
  told.forEach((fact) => call.tell(fact));

for (const amnesia of [false, true]) {
  describe(amnesia ? 'calls that forget everything but their journal' : 'calls', () => {
    test('a call from arrival to goodbye leaves a journal, a door for the goodbye, and nothing else', async () => {
      const calls = createCalls(link, { amnesia });
      const callSid = newSid();
      const { port, call } = await talk(calls, callSid);
      expect(calls.live).toBe(1);
      tellAll(call, conversation);
      tellAll(call, ask('end_call'));
      await port.saw('deliver t1 "end_call" respond');
      tellAll(call, farewell);
      await port.saw('end left');
      call.tell({ type: 'carrier.streamStopped', streamSid: 'MZ1', reason: 'left' });
      const answer = await askNext(calls, callSid);
      expect(answer).toMatchObject({ twiml: expect.stringContaining('<hangingUp') });
      expect(calls.live).toBe(0);
      expect(
        await calls.tell(callSid, { type: 'carrier.statusReported', status: 'completed', durationS: 12, sequence: 1 }),
      ).toBe('taken');
      expect(await types(callSid)).toEqual([
        'carrier.arrived',
        'carrier.streamStarted',
        ...conversation.map((fact) => fact.type),
        'tool.asked',
        'model.responded',
        'tool.answered',
        ...farewell.map((fact) => fact.type),
        'carrier.streamStopped',
        'carrier.nextAsked',
        'carrier.statusReported',
      ]);
      expect(JSON.stringify(await facts(callSid))).not.toContain('4111111111111111');
      expect(await askNext(calls, callSid)).toEqual({ refused: 'ended' });
      await calls.close();
    });

    test('told of the end before the stream stops: what was heard is kept, and what is said of the end after it', async () => {
      const calls = createCalls(link, { amnesia });
      const callSid = newSid();
      const { port, call } = await talk(calls, callSid);
      tellAll(call, conversation);
      port.onEnd = () =>
        tellAll(call, [
          { type: 'assistant.heard', itemId: 'a2', text: 'It is', heardMs: 200, totalMs: 900, cut: true },
          { type: 'carrier.streamStopped', streamSid: 'MZ1', reason: 'left' },
        ]);
      const completed = { type: 'carrier.statusReported', status: 'completed', sequence: null } as const;
      for (const durationS of [null, 12]) await calls.tell(callSid, { ...completed, durationS });
      await expect
        .poll(async () => (await facts(callSid)).slice(-4))
        .toMatchObject([
          { type: 'assistant.heard', text: 'It is' },
          { type: 'carrier.streamStopped' },
          { type: 'carrier.statusReported', durationS: null },
          { type: 'carrier.statusReported', durationS: 12 },
        ]);
      expect(calls.live).toBe(0);
      await calls.close();
    });

    test('a caller whom staff did not answer is back in the conversation, told what was said', async () => {
      const calls = createCalls(link, { amnesia });
      const callSid = newSid();
      const { port, call } = await talk(calls, callSid);
      tellAll(call, conversation);
      tellAll(call, ask('transfer_to_staff'));
      await port.saw('deliver t1 "transfer_to_staff" respond');
      tellAll(call, farewell);
      await port.saw('end left');
      call.tell({ type: 'carrier.streamStopped', streamSid: 'MZ1', reason: 'left' });
      expect(await askNext(calls, callSid)).toMatchObject({ twiml: expect.stringContaining('<dialing') });
      const back = await calls.answer({
        callSid,
        idempotencyToken: null,
        kind: 'dialResult',
        fact: { type: 'carrier.dialEnded', result: 'no-answer', durationS: 0 },
        render,
      });
      const { port: second } = await stream(calls, callSid, epochIn(back), 'MZ2');
      expect(second.asked).toEqual(['open staffUnavailable']);
      expect(second.seeds[0]).toEqual([
        { who: 'assistant', itemId: 'a1', text: 'Welcome', cut: false },
        { who: 'caller', itemId: 'u1', text: 'my card is [card]' },
        { who: 'tool', toolCallId: 't1', name: 'transfer_to_staff', arguments: '{}', output: '"transfer_to_staff"' },
        { who: 'assistant', itemId: 'a9', text: 'Good bye', cut: false },
      ]);
      await calls.close();
    });

    test('a stream that breaks goes on with another, on another node as well, and the old owner does no more', async () => {
      const calls = createCalls(link, { amnesia });
      const other = createCalls(link, { amnesia, node: { node: 'n2', incarnation: 'i2' } });
      const callSid = newSid();
      const { port, call } = await talk(calls, callSid);
      tellAll(call, conversation);
      await port.saw('open greeting');
      await calls.tell(callSid, {
        type: 'carrier.statusReported',
        status: 'in-progress',
        durationS: null,
        sequence: 0,
      });
      while (calls.waiting > 0) await new Promise(setImmediate);
      const epoch = epochIn(await askNext(other, callSid));
      const { port: second } = await stream(other, callSid, epoch, 'MZ2');
      expect(second.asked).toEqual(['open bridging']);
      call.tell({ type: 'carrier.dtmf', digit: '0' });
      await port.saw('end superseded');
      expect(calls.live).toBe(0);
      expect(await types(callSid)).not.toContain('carrier.dtmf');
      await calls.close();
      await other.close();
    });
  });
}

describe('the door', () => {
  test('a retried webhook gets the same bytes, and so do two at once', async () => {
    const calls = createCalls(link);
    const callSid = newSid();
    const [first, second] = await Promise.all([arrive(calls, callSid, 'I1'), arrive(calls, callSid, 'I1')]);
    expect(second).toEqual(first);
    expect(await arrive(calls, callSid, 'I1')).toEqual(first);
    expect(await arrive(calls, callSid, null)).toEqual(first);
    expect(await types(callSid)).toEqual(['carrier.arrived']);
    await calls.close();
  });

  test('two nodes that are asked the same at once give one answer', async () => {
    const [one, two] = [createCalls(link), createCalls(link, { node: { node: 'n2', incarnation: 'i2' } })];
    const callSid = newSid();
    const [first, second] = await Promise.all([arrive(one, callSid, 'I1'), arrive(two, callSid, 'I1')]);
    expect(second).toEqual(first);
    expect(await types(callSid)).toEqual(['carrier.arrived']);
    await one.close();
    await two.close();
  });

  test('a token works once', async () => {
    const calls = createCalls(link);
    const callSid = newSid();
    const { epoch } = await talk(calls, callSid);
    expect((await stream(calls, callSid, epoch)).call).toBe('refused');
    expect((await stream(calls, callSid, epoch + 1_000_000)).call).toBe('refused');
    expect(calls.live).toBe(1);
    await calls.close();
  });

  test('a status on the way does not spoil the token, and stands in the journal once', async () => {
    const calls = createCalls(link);
    const callSid = newSid();
    const epoch = epochIn(await arrive(calls, callSid));
    const ringing = { type: 'carrier.statusReported', status: 'in-progress', durationS: null, sequence: 1 } as const;
    expect([await calls.tell(callSid, ringing), await calls.tell(callSid, ringing)]).toEqual(['taken', 'taken']);
    expect((await stream(calls, callSid, epoch)).call).toMatchObject({ callSid });
    expect((await types(callSid)).filter((type) => type === 'carrier.statusReported')).toHaveLength(1);
    await calls.close();
  });

  test('three breaks in a minute end in the menu', async () => {
    const calls = createCalls(link);
    const callSid = newSid();
    await talk(calls, callSid);
    const answers = [await askNext(calls, callSid), await askNext(calls, callSid), await askNext(calls, callSid)];
    expect(answers.map((answer) => /<(\w+)/.exec(JSON.stringify(answer))?.[1])).toEqual(['ringing', 'ringing', 'menu']);
    await calls.close();
  });

  test('an unknown call is said to be unknown, and an ended one to be over', async () => {
    const calls = createCalls(link);
    expect(await askNext(calls, newSid())).toEqual({ refused: 'unknown' });
    expect(
      await calls.tell(newSid(), { type: 'carrier.statusReported', status: 'completed', durationS: 1, sequence: 1 }),
    ).toBe('unknown');
    const callSid = newSid();
    await arrive(calls, callSid);
    const completed = { type: 'carrier.statusReported', status: 'completed', durationS: 1, sequence: 1 } as const;
    await calls.tell(callSid, completed);
    await calls.tell(callSid, completed);
    expect(await askNext(calls, callSid)).toEqual({ refused: 'ended' });
    expect((await types(callSid)).filter((type) => type === 'carrier.statusReported').length).toBeLessThanOrEqual(2);
    await calls.close();
  });

  test('a message that is told of after the end of its call stands in the journal', async () => {
    const calls = createCalls(link);
    const callSid = newSid();
    await arrive(calls, callSid);
    await calls.tell(callSid, { type: 'carrier.statusReported', status: 'completed', durationS: 1, sequence: 1 });
    const fact = {
      type: 'carrier.recordEnded',
      recordingSid: 'RE1',
      recordingUrl: 'u',
      durationS: 9,
      digits: '',
    } as const;
    expect(await calls.answer({ callSid, idempotencyToken: null, kind: 'voicemail', fact, render })).toEqual({
      refused: 'ended',
    });
    expect((await facts(callSid)).at(-1)).toMatchObject(fact);
    await calls.close();
  });

  test('a handler that throws ends that stream, and no other call', async () => {
    const calls = createCalls(link);
    const { port, call } = await talk(calls, newSid());
    const other = await talk(calls, newSid());
    // A fact that no version writes: the turn is not a text.
    call.tell({
      type: 'caller.said',
      itemId: 'u1',
      after: null,
      get text(): string {
        throw new Error('planted');
      },
    });
    await port.saw('end failed');
    expect(calls.live).toBe(1);
    expect(other.port.asked).toEqual(['open greeting']);
    await calls.close();
  });
});
