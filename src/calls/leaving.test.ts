import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ownerOf } from '../directory/claims.ts';
import { readJournal } from '../directory/journal.ts';
import { callKeys } from '../directory/keys.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { type BrittleLink, brittle } from './brittle-link.fixture.ts';
import type { CarrierAnswer } from './carrier.ts';
import type { Calls } from './calls.ts';
import {
  ask,
  arrive,
  askNext,
  conversation,
  createCalls,
  epochIn,
  FakePort,
  fakeCarrier,
  farewell,
  newSid,
} from './calls.fixture.ts';
import { ackMs, replaceAfterMs } from './leaving.ts';
import type { ResidentCall, Told } from './stream-port.ts';

let redis: RedisServer;
let real: RedisLink;
let link: BrittleLink;
let calls: Calls;
/** What the carrier was told by REST, and what it answers. */
let told: string[];
let carrierSays: CarrierAnswer;

beforeAll(async () => {
  redis = await startRedis();
  real = await connectRedis(redis.url);
});

beforeEach(() => {
  link = brittle(real);
  told = [];
  carrierSays = 'done';
  calls = createCalls(link, {
    carrier: fakeCarrier({
      replace: async (callSid, twiml) => {
        told.push(`${callSid} ${twiml}`);
        return carrierSays;
      },
    }),
  });
});

afterEach(async () => {
  vi.useRealTimers();
  link.fail(null);
  await calls.close();
});

afterAll(async () => {
  await real.close();
  await redis.stop();
});

const facts = async (callSid: string) =>
  (await readJournal(real, callSid)).flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : []));
const written = () => vi.waitFor(() => expect(calls.waiting).toBe(0));
const intentOf = (callSid: string) => real.command('hget', callKeys(callSid).call, 'intent');
const tellAll = (call: ResidentCall, them: Told[]) => them.forEach((fact) => call.tell(fact));

/** A call whose caller is told good-bye by a tool, up to the farewell's last words. */
async function talk(tool: string) {
  const callSid = newSid();
  const epoch = epochIn(await arrive(calls, callSid));
  const port = new FakePort();
  const call = await calls.attach({ callSid, epoch, streamSid: 'MZ1', port });
  if (typeof call === 'string') throw new Error(call);
  port.onEnd = () => call.tell({ type: 'carrier.streamStopped', streamSid: 'MZ1', reason: 'left' });
  call.begin();
  tellAll(call, conversation);
  tellAll(call, ask(tool));
  await port.saw(`deliver t1 "${tool}" respond`);
  await written();
  return { callSid, call, port };
}

/** Time passes for the waits of the call, not for Redis. */
const stopTime = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
const stopped = (call: ResidentCall) =>
  call.tell({ type: 'carrier.streamStopped', streamSid: 'MZ1', reason: 'stopped' });

describe('leaving a stream on purpose', () => {
  test('writes what is left and the intent in one append, and ends the stream after its answer', async () => {
    const { callSid, call, port } = await talk('transfer_to_staff');
    const batches: { facts: number; intent: string; open: boolean }[] = [];
    const { run } = link;
    link.run = async (script, keys, args) => {
      const reply = await run(script, keys, args);
      if (script.name === 'append' && args[5] !== '')
        batches.push({ facts: args.length - 11, intent: String(args[5]), open: !port.asked.includes('end left') });
      return reply;
    };
    tellAll(call, farewell);
    await port.saw('end left');
    expect(batches).toEqual([
      // The three of the farewell, and one that was waiting for company.
      { facts: 4, intent: JSON.stringify({ kind: 'transfer', reason: 'wants a person' }), open: true },
    ]);
    expect(port.asked).not.toContain('say holding');
    expect(await askNext(calls, callSid)).toMatchObject({ twiml: expect.stringContaining('<dialing') });
    expect(told).toEqual([]);
  });

  test('row 11: without an answer the line stays open under a holding sentence until there is one', async () => {
    const { callSid, call, port } = await talk('transfer_to_staff');
    link.fail('unanswered');
    stopTime();
    tellAll(call, farewell);
    await vi.advanceTimersByTimeAsync(ackMs);
    await port.saw('say holding');
    await vi.advanceTimersByTimeAsync(replaceAfterMs - ackMs - 1);
    expect(port.asked.at(-1)).toBe('say holding');
    link.fail(null);
    await port.saw('end left');
    vi.useRealTimers();
    expect(told).toEqual([]);
    expect(await askNext(calls, callSid)).toMatchObject({ twiml: expect.stringContaining('<dialing') });
  });

  test.each([
    ['transfer_to_staff', '<transfer/>', 'dialing'],
    ['end_call', '<hangup/>', 'hangingUp'],
  ])('row 9: after five seconds the carrier is told itself what %s means', async (tool, twiml, state) => {
    const { callSid, call, port } = await talk(tool);
    link.fail('unavailable');
    stopTime();
    tellAll(call, farewell);
    await vi.advanceTimersByTimeAsync(replaceAfterMs + 500);
    expect(told).toEqual([`${callSid} ${twiml}`]);
    // The carrier ends the stream; until Redis is back the call is only remembered here.
    stopped(call);
    expect([calls.live, calls.has(callSid), port.asked.at(-1)]).toEqual([0, true, 'say holding']);
    vi.useRealTimers();
    link.fail(null);
    await vi.waitFor(() => expect(calls.has(callSid)).toBe(false));
    expect(await ownerOf(real, callSid)).toMatchObject({ owner: null, state });
    expect((await facts(callSid)).slice(-2)).toMatchObject([
      { type: 'carrier.nextAsked', intent: { kind: twiml.slice(1, -2) }, breaks: 0 },
      { type: 'carrier.streamStopped' },
    ]);
    expect(await intentOf(callSid)).toBeNull();
  });

  test('row 12: an intent whose answer was lost counts no more once the carrier carries it out', async () => {
    const { callSid, call } = await talk('transfer_to_staff');
    const { run } = link;
    let isCommitted = false;
    link.run = async (script, keys, args) => {
      if (script.name === 'append' && args[5] !== '' && args[5] !== 'none') {
        await real.run(script, keys, args);
        isCommitted = true;
        link.fail('unanswered');
      }
      return run(script, keys, args);
    };
    stopTime();
    tellAll(call, farewell);
    await vi.waitFor(() => expect(isCommitted).toBe(true));
    expect(await intentOf(callSid)).toContain('transfer');
    link.run = run;
    await vi.advanceTimersByTimeAsync(replaceAfterMs + 500);
    expect(told).toHaveLength(1);
    vi.useRealTimers();
    link.fail(null);
    await vi.waitFor(async () => expect(await intentOf(callSid)).toBeNull());
  });

  test('row 9: told nobody, the conversation goes on, and Redis hears later that the intent is withdrawn', async () => {
    const { callSid, call, port } = await talk('transfer_to_staff');
    carrierSays = 'failed';
    link.fail('unavailable');
    stopTime();
    tellAll(call, farewell);
    await vi.advanceTimersByTimeAsync(replaceAfterMs + 500);
    await port.saw('say withdrawn');
    vi.useRealTimers();
    link.fail(null);
    await written();
    expect((await facts(callSid)).at(-1)).toMatchObject({ type: 'intent.withdrawn' });
    expect(await intentOf(callSid)).toBeNull();
    expect(port.asked).not.toContain('end left');
    // A second try is a try like the first.
    tellAll(call, ask('end_call', 't2', 'r2'));
    await port.saw('deliver t2 "end_call" respond');
    tellAll(call, farewell);
    await port.saw('end left');
    expect(await askNext(calls, callSid)).toMatchObject({ twiml: expect.stringContaining('<hangingUp') });
  });

  test('a caller who is gone by then has ended the call', async () => {
    const { callSid, call, port } = await talk('transfer_to_staff');
    carrierSays = 'gone';
    link.fail('unavailable');
    stopTime();
    tellAll(call, farewell);
    await vi.advanceTimersByTimeAsync(replaceAfterMs + 500);
    await port.saw('end left');
    vi.useRealTimers();
    expect(calls.live).toBe(0);
    link.fail(null);
    await vi.waitFor(async () => expect(await ownerOf(real, callSid)).toMatchObject({ ended: 'completed' }));
  });

  test('a caller who hangs up under the holding sentence is not asked for by REST', async () => {
    const { callSid, call } = await talk('transfer_to_staff');
    link.fail('unavailable');
    stopTime();
    tellAll(call, farewell);
    await vi.advanceTimersByTimeAsync(ackMs);
    await calls.tell(callSid, { type: 'carrier.statusReported', status: 'completed', durationS: 3, sequence: 1 });
    await vi.advanceTimersByTimeAsync(replaceAfterMs);
    expect(told).toEqual([]);
  });

  test('a handover is nothing that the carrier could carry out, nor the caller hears of', async () => {
    const { call, port } = await talk('get_menu');
    link.fail('unavailable');
    stopTime();
    call.tell({ type: 'node.draining', urgent: true });
    await vi.advanceTimersByTimeAsync(replaceAfterMs + 500);
    expect([told, port.asked.filter((what) => what.startsWith('say'))]).toEqual([[], []]);
    expect(port.asked).not.toContain('end left');
  });
});

describe('row 3: an owner that was frozen while another took its call', () => {
  test('hears Redis before it tells the carrier anything', async () => {
    const { callSid, call, port } = await talk('transfer_to_staff');
    link.fail('unanswered');
    const other = createCalls(real, { node: { node: 'n2', incarnation: 'i2' } });
    expect(await askNext(other, callSid)).toMatchObject({ twiml: expect.stringContaining('<ringing') });
    stopTime();
    tellAll(call, farewell);
    await vi.advanceTimersByTimeAsync(replaceAfterMs - 1);
    expect(port.asked.at(-1)).toBe('say holding');
    // It has not heard yet that Redis answers again, and would ask much later.
    link.fail(null, 'quietly');
    await vi.advanceTimersByTimeAsync(10);
    await port.saw('end superseded');
    await vi.advanceTimersByTimeAsync(replaceAfterMs);
    vi.useRealTimers();
    expect([told, calls.live]).toEqual([[], 0]);
    await other.close();
  });

  test('tells the carrier nothing on a line that it does not hear', async () => {
    const { call, port } = await talk('transfer_to_staff');
    link.fail('unavailable');
    stopTime();
    tellAll(call, farewell);
    port.silentMs = 10_000;
    await vi.advanceTimersByTimeAsync(replaceAfterMs + 500);
    expect(port.asked.at(-1)).toBe('say withdrawn');
    expect(told).toEqual([]);
  });
});
