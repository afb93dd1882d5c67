import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { staffKeys } from './keys.ts';
import { directoryLimits } from './limits.ts';
import { connectRedis, type RedisLink } from './redis.ts';
import { readTexts } from './reply.ts';
import {
  askStaff,
  freeStaff,
  holdStaff,
  leaveStaff,
  matchStaff,
  readLine,
  type StaffAnswer,
  type StaffAsk,
} from './staff.ts';

let server: RedisServer;
let link: RedisLink;
const ANN = '+12075550143';
const BEA = '+12075550144';
const both = [ANN, BEA];

beforeAll(async () => {
  server = await startRedis();
  link = await connectRedis(server.url);
});

beforeEach(() => link.command('flushall'));

afterAll(async () => {
  await link.close();
  await server.stop();
});

const ask = (callSid: string, more: Partial<StaffAsk> = {}): Promise<StaffAnswer> =>
  askStaff(link, {
    callSid,
    candidates: both,
    wanted: null,
    state: 'reserved',
    lifeMs: 60_000,
    fresh: true,
    behindLine: true,
    waitsFor: 'a question',
    triesMax: 3,
    ...more,
  });

async function kept(callSid: string, more: Partial<StaffAsk> = {}): Promise<{ number: string; attempt: string }> {
  const answer = await ask(callSid, more);
  if (answer.kind !== 'kept') throw new Error(`${callSid} got ${answer.kind}`);
  return answer;
}

const match = (candidates: readonly string[] = both) => matchStaff(link, { candidates, offerMs: 30_000 });

/** Lets a hold run out. */
async function runOut(number: string): Promise<void> {
  const text = String(await link.command('hget', staffKeys('').hold, number));
  await link.command('hset', staffKeys('').hold, number, text.replace(/^\d+/, '1'));
}

test('each member is kept for one call at a time, in their order; others are told their place', async () => {
  expect(await ask('c1')).toMatchObject({ kind: 'kept', number: ANN });
  expect(await ask('c2')).toMatchObject({ kind: 'kept', number: BEA });
  expect(await ask('c3')).toEqual({ kind: 'none', place: 1, waiting: 1 });
  expect(await ask('c4')).toEqual({ kind: 'none', place: 2, waiting: 2 });
  expect(await ask('c3'), 'a repeat keeps the place').toEqual({ kind: 'none', place: 1, waiting: 2 });
  expect(await ask('c1'), 'and the member').toMatchObject({ kind: 'kept', number: ANN });
  expect(await ask('c5', { waitsFor: null }), 'who does not wait is not counted').toEqual({
    kind: 'none',
    place: 0,
    waiting: 2,
  });
});

test('a hundred calls at once for two members: two are kept, the others stand in line, each at its own place', async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => ask(`c${index}`)));
  const numbers = answers.flatMap((answer) => (answer.kind === 'kept' ? [answer.number] : []));
  expect(numbers.toSorted()).toEqual(both);
  const places = answers.flatMap((answer) => (answer.kind === 'none' ? [answer.place] : []));
  expect(places.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 98 }, (_, index) => index + 1));
});

test('a member who is free goes to the head of the line, not to who asks last', async () => {
  const first = await kept('c1', { candidates: [ANN] });
  await ask('c2', { candidates: [ANN] });
  await ask('c3', { candidates: [ANN] });
  await freeStaff(link, { callSid: 'c1', attempt: first.attempt, restMs: 0 });
  expect(await ask('c4', { candidates: [ANN] })).toEqual({ kind: 'none', place: 3, waiting: 3 });
  expect(await ask('c5', { candidates: both }), 'two wait for two').toMatchObject({ kind: 'none', place: 4 });
  const { offers, waiting, busy } = await match([ANN]);
  expect(offers).toMatchObject([{ number: ANN, callSid: 'c2', reason: 'a question' }]);
  expect([waiting, busy]).toEqual([3, 1]);
  expect((await match([ANN])).offers, 'an offer stands').toEqual([]);
  expect(await ask('c2', { wanted: ANN, state: 'ringing', waitsFor: null }), 'and is taken').toMatchObject({
    kind: 'kept',
    number: ANN,
    attempt: offers[0]?.attempt,
  });
  expect(await ask('c9', { behindLine: false, waitsFor: null }), 'who was served already minds no line').toMatchObject({
    kind: 'kept',
    number: BEA,
  });
});

test('an offer that is not taken lapses: its call has its place again, and after a second one is out of line', async () => {
  await kept('c1', { candidates: [ANN] });
  await ask('c2', { candidates: [ANN] });
  await ask('c3', { candidates: [ANN] });
  await runOut(ANN);
  expect((await match([ANN])).offers).toMatchObject([{ callSid: 'c2', reason: 'a question' }]);
  expect(await ask('c4', { candidates: [ANN] }), 'while it stands').toMatchObject({ place: 2 });
  await runOut(ANN);
  expect(await ask('c5', { candidates: [ANN] }), 'all wait again').toMatchObject({ place: 4 });
  expect((await match([ANN])).offers).toMatchObject([{ callSid: 'c2', reason: 'a question' }]);
  await runOut(ANN);
  expect(await match([ANN])).toMatchObject({ offers: [{ callSid: 'c3' }], waiting: 2 });
  for (const callSid of ['c3', 'c4', 'c5']) await leaveStaff(link, callSid);
  expect(await match([ANN])).toMatchObject({ offers: [], waiting: 0 });
  expect(readTexts(await link.command('keys', '*')).filter((key) => !key.includes(':tried:'))).toEqual([]);
});

test('who lost an offer and asks anew is at the head of the line', async () => {
  await kept('c1', { candidates: [ANN] });
  await ask('c2', { candidates: [ANN] });
  await ask('c3', { candidates: [ANN] });
  await runOut(ANN);
  await match([ANN]);
  await runOut(ANN);
  expect(await ask('c9', { candidates: [ANN] }), 'it comes after both').toMatchObject({ kind: 'none', place: 3 });
  expect(await ask('c2', { candidates: [ANN] })).toMatchObject({ kind: 'kept', number: ANN });
});

test('only the attempt that holds a member frees it: what is told late of an earlier one changes nothing', async () => {
  const first = await kept('c1', { candidates: [ANN] });
  expect(await freeStaff(link, { callSid: 'c1', attempt: first.attempt, restMs: 0 })).toBe(true);
  expect(await freeStaff(link, { callSid: 'c1', attempt: first.attempt, restMs: 0 })).toBe(false);
  await link.command('del', staffKeys('').hold);
  const again = await kept('c1', { candidates: [ANN] });
  expect(await freeStaff(link, { callSid: 'c1', attempt: String(Number(again.attempt) - 1), restMs: 0 })).toBe(false);
  expect(await freeStaff(link, { callSid: 'c2', attempt: again.attempt, restMs: 0 })).toBe(false);
  const talked = { callSid: 'c1', attempt: again.attempt, restMs: 0, only: 'talking' } as const;
  expect(await freeStaff(link, talked), 'nobody has talked yet').toBe(false);
  expect(await holdStaff(link, { callSid: 'c1', attempt: again.attempt, state: 'talking', lifeMs: 90_000 })).toBe(ANN);
  expect(await holdStaff(link, { callSid: 'c2', attempt: again.attempt, state: 'talking', lifeMs: 9 })).toBeNull();
  expect(await freeStaff(link, talked)).toBe(true);
  const last = await kept('c1', { candidates: [ANN] });
  await runOut(ANN);
  expect(await holdStaff(link, { callSid: 'c1', attempt: last.attempt, state: 'talking', lifeMs: 9 })).toBeNull();
});

test('who did not answer rests, and is not rung twice for one call; the next transfer forgets it', async () => {
  const first = await kept('c1');
  await freeStaff(link, { callSid: 'c1', attempt: first.attempt, restMs: 30_000 });
  expect(await ask('c2', { candidates: [ANN] }), 'it rests').toMatchObject({ kind: 'none' });
  const next = { fresh: false, behindLine: false, waitsFor: null } as const;
  const second = await kept('c1', next);
  expect(second.number).toBe(BEA);
  await freeStaff(link, { callSid: 'c1', attempt: second.attempt, restMs: 0 });
  await runOut(ANN);
  expect(await ask('c1', next), 'both were rung').toMatchObject({ kind: 'none', place: 0 });
  await leaveStaff(link, 'c2');
  expect(await ask('c1')).toMatchObject({ kind: 'kept', number: ANN });
});

test('so many members are rung in one transfer', async () => {
  const many = ['+1', '+2', '+3', '+4'];
  const next = { candidates: many, fresh: false, behindLine: false, waitsFor: null, triesMax: 2 } as const;
  for (const number of ['+1', '+2']) {
    const hold = await kept('c1', next);
    expect(hold.number).toBe(number);
    await freeStaff(link, { callSid: 'c1', attempt: hold.attempt, restMs: 0 });
  }
  expect(await ask('c1', next)).toMatchObject({ kind: 'none' });
});

test('a call that is over leaves nothing behind', async () => {
  await kept('c1');
  await kept('c2');
  await ask('c3');
  expect([await leaveStaff(link, 'c1'), await leaveStaff(link, 'c1')]).toEqual([true, false]);
  expect(await leaveStaff(link, 'c3')).toBe(true);
  expect(await leaveStaff(link, 'c2')).toBe(true);
  expect(readTexts(await link.command('keys', '*'))).toEqual([]);
});

test('the line has a bound, and who waits too long is no longer in it', async () => {
  const { staffQueueMax, staffWaitMs } = directoryLimits;
  await ask('a', { candidates: [ANN] });
  for (let index = 0; index < staffQueueMax; index += 1) await ask(`c${index}`, { candidates: [ANN] });
  expect(await ask('late', { candidates: [ANN] })).toEqual({ kind: 'full', waiting: staffQueueMax });
  expect(await ask('c7', { candidates: [ANN] }), 'who waits keeps the place').toMatchObject({ kind: 'none', place: 8 });
  await link.command('zincrby', staffKeys('').queue, -staffWaitMs - 1, 'c0');
  expect(await ask('late', { candidates: [ANN] })).toEqual({
    kind: 'none',
    place: staffQueueMax,
    waiting: staffQueueMax,
  });
  expect(await link.command('hexists', staffKeys('').waiter, 'c0')).toBe(0);
});

test('who waits, in order', async () => {
  await kept('c1', { candidates: [ANN] });
  await ask('c2', { candidates: [ANN] });
  await ask('c3', { candidates: [ANN] });
  expect([await readLine(link), await readLine(link)]).toEqual([
    ['c2', 'c3'],
    ['c2', 'c3'],
  ]);
});

test('every key expires', async () => {
  await kept('c1');
  await kept('c2', { lifeMs: 14_400_000 });
  for (const callSid of ['c3', 'c4']) await ask(callSid);
  await match(['+12075550145']);
  const names = readTexts(await link.command('keys', '*')).toSorted();
  const lasting = ['{staff}:hold', '{staff}:offered', '{staff}:queue'];
  expect(names).toEqual([...lasting, '{staff}:tried:c1', '{staff}:tried:c2', '{staff}:waiter']);
  for (const name of names) expect(Number(await link.command('pttl', name)), name).toBeGreaterThan(0);
  await kept('c1', { lifeMs: 10 });
  expect(Number(await link.command('pttl', staffKeys('').hold)), 'as long as the longest hold').toBeGreaterThan(
    14_000_000,
  );
});
