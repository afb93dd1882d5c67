import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { staffKeys } from '../directory/keys.ts';
import { readLine } from '../directory/staff.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { readTexts } from '../directory/reply.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { eventually } from '../sim/eventually.ts';
import type { StaffPerson } from './staff.ts';
import { StaffDesk, type StaffFound, staffLimits } from './staff-desk.ts';

const person = (number: string, more: Partial<StaffPerson> = {}): StaffPerson => ({
  name: '',
  number,
  ringS: 20,
  mode: 'warm',
  hours: 'always',
  ...more,
});
const [ANN, BEA] = ['+12075550143', '+12075550144'];

let server: RedisServer;
let link: RedisLink;
let metrics: Metrics;
let staff: StaffPerson[];
let offers: [callSid: string, to: string, reason: string][];
let over: Set<string>;
/** Cannot be told once. */
let troubled: Set<string>;
let desk: StaffDesk;
let dismissed: string[];
const common = () => ({
  link,
  onDuty: () => staff,
  isClosed: () => staff.length === 0,
  dismiss(callSid: string) {
    if (troubled.delete(callSid)) return Promise.resolve('unavailable' as const);
    dismissed.push(callSid);
    return Promise.resolve('taken' as const);
  },
  log: createLog('silent'),
  metrics,
});

beforeAll(async () => {
  server = await startRedis();
  link = await connectRedis(server.url);
});

beforeEach(async () => {
  await link.command('flushall');
  metrics = createMetrics();
  staff = [person(ANN), person(BEA)];
  offers = [];
  over = new Set();
  troubled = new Set();
  dismissed = [];
  desk = new StaffDesk({
    ...common(),
    offer(callSid, { to, reason }) {
      offers.push([callSid, to, reason]);
      return Promise.resolve(troubled.delete(callSid) ? 'unavailable' : over.has(callSid) ? 'ended' : 'taken');
    },
  });
});

afterEach(() => desk.stop());

afterAll(async () => {
  await link.close();
  await server.stop();
});

function ringOf(found: StaffFound) {
  if (found.kind !== 'ring') throw new Error(`found ${found.kind}`);
  return found.ring;
}

/** How long a member is held at the most from now, ms. */
async function heldMs(number: string): Promise<number> {
  const text = String(await link.command('hget', staffKeys('').hold, number));
  return Number(text.split(' ')[0]) - Date.now();
}

const offered = (count: number) =>
  eventually(
    async () => offers.length,
    (length) => length >= count,
  );

test('who is reserved is rung, by the hold that the carrier will name', async () => {
  const reserved = ringOf(await desk.reserve('c1', 'a refund'));
  expect(reserved).toMatchObject({ number: ANN, ringS: 20, isWarm: true });
  expect(await heldMs(ANN)).toBeLessThanOrEqual(staffLimits.reservedMs);
  const ring = ringOf(await desk.ring('c1', ANN, null));
  expect(ring).toEqual(reserved);
  expect(await heldMs(ANN), 'it rings, and hears who calls').toBeGreaterThan(20_000 + staffLimits.whisperMs);
  expect(await desk.accepted('c1', ring.hold)).toBe('held');
  expect(await heldMs(ANN), 'as long as they may talk').toBeGreaterThan(staffLimits.talkMsMax);
  expect(await desk.accepted('c2', ring.hold)).toBe('lost');
});

test('one who is put through without a key is held for as long as they may talk', async () => {
  staff = [person(ANN, { mode: 'cold' })];
  ringOf(await desk.reserve('c1', ''));
  expect(ringOf(await desk.ring('c1', ANN, null)).isWarm).toBe(false);
  expect(await heldMs(ANN)).toBeGreaterThan(staffLimits.talkMsMax);
});

test('a reservation that ran out: whoever is free is rung, or the call waits', async () => {
  staff = [person(ANN)];
  await desk.reserve('c1', '');
  expect(await desk.ring('c2', ANN, 'it ran out')).toEqual({ kind: 'busy', place: 1 });
  staff = [person(ANN), person(BEA)];
  await desk.leave('c2');
  expect(ringOf(await desk.ring('c2', ANN, null)).number).toBe(BEA);
});

test('the next one is rung unless all were; who did not answer is left alone for a while', async () => {
  const first = ringOf(await desk.ring('c1', null, null));
  const second = await desk.ringNext('c1', first.hold, 'no-answer');
  expect([first.number, second?.number]).toEqual([ANN, BEA]);
  const again = await desk.ringNext('c1', first.hold, 'no-answer');
  expect(again, 'asked twice').toEqual(second);
  expect(await desk.ringNext('c1', second?.hold ?? '', 'declined')).toBeNull();
  expect(await desk.reserve('c2', '')).toEqual({ kind: 'busy', place: 1 });
  const text = await metrics.scrape();
  for (const line of ['{result="no-answer"} 1', '{result="declined"} 1'])
    expect(text).toContain(`aida_transfers_total${line}`);
});

test('whom a call rings within the same millisecond is another attempt: what is told late of the first ends no other', async () => {
  for (let n = 1; n <= 40; n += 1) {
    const first = ringOf(await desk.ring(`c${n}`, null, null));
    const second = await desk.ringNext(`c${n}`, first.hold, 'busy');
    expect(second?.hold).not.toBe(first.hold);
    await desk.leave(`c${n}`);
    await link.command('flushall');
  }
});

test('whoever becomes free is offered to those who wait, in their order, and at once', async () => {
  const [first, second] = [ringOf(await desk.ring('c1', null, null)), ringOf(await desk.ring('c2', null, null))];
  await desk.accepted('c1', first.hold);
  expect(await desk.reserve('c3', 'beans')).toEqual({ kind: 'busy', place: 1 });
  expect(await desk.reserve('c4', 'a table')).toEqual({ kind: 'busy', place: 2 });
  await desk.hungUp('c2', second.hold);
  expect(offers, 'nobody has talked on that line').toEqual([]);
  await desk.hungUp('c1', first.hold);
  await offered(1);
  await desk.ended('c2', second.hold, 'canceled');
  await offered(2);
  expect(offers).toEqual([
    ['c3', ANN, 'beans'],
    ['c4', BEA, 'a table'],
  ]);
  expect(ringOf(await desk.ring('c3', ANN, null)).number).toBe(ANN);
});

test('an offer to a call that is over goes to the next one', async () => {
  staff = [person(ANN)];
  const { hold } = ringOf(await desk.ring('c1', null, null));
  await desk.reserve('c2', '');
  await desk.reserve('c3', '');
  over.add('c2');
  await desk.ended('c1', hold, 'completed');
  await offered(2);
  expect(offers.map(([callSid]) => callSid)).toEqual(['c2', 'c3']);
});

test('a call that is over frees whoever was kept for it, and leaves the line', async () => {
  staff = [person(ANN)];
  await desk.ring('c1', null, null);
  await desk.reserve('c2', '');
  await desk.reserve('c3', '');
  await desk.leave('c2');
  await desk.leave('c1');
  await offered(1);
  expect(offers).toEqual([['c3', ANN, '']]);
  await desk.leave('c3');
  expect(readTexts(await link.command('keys', '*'))).toEqual([]);
});

test('looked after again and again: somebody who comes on duty is offered without anybody asking', async () => {
  const quick = new StaffDesk({
    ...common(),
    offer(callSid) {
      offers.push([callSid, '', '']);
      return Promise.resolve('taken');
    },
    limits: { roundMs: 5 },
  });
  staff = [person(ANN)];
  await desk.ring('c1', null, null);
  await desk.reserve('c2', '');
  quick.start();
  staff = [person(ANN), person(BEA)];
  await offered(1);
  await quick.stop();
  expect(offers.map(([callSid]) => callSid)).toEqual(['c2']);
  expect(await metrics.scrape()).toContain('aida_staff_busy 2');
});

test('everybody has gone home: those who waited are told, and wait no more', async () => {
  staff = [person(ANN)];
  await desk.ring('c1', null, null);
  await desk.reserve('c2', '');
  await desk.reserve('c3', '');
  staff = [];
  await desk.round();
  await desk.round();
  expect([dismissed, offers]).toEqual([['c2', 'c3'], []]);
});

test('who cannot be told now that everybody has gone home, or that somebody is free, keeps the place', async () => {
  staff = [person(ANN)];
  const { hold } = ringOf(await desk.ring('c1', null, null));
  await desk.reserve('c2', 'beans');
  troubled.add('c2');
  staff = [];
  await desk.round();
  expect(await readLine(link)).toEqual(['c2']);
  staff = [person(ANN)];
  troubled.add('c2');
  await desk.ended('c1', hold, 'completed');
  await offered(1);
  const text = String(await link.command('hget', staffKeys('').hold, ANN));
  await link.command('hset', staffKeys('').hold, ANN, text.replace(/^\d+/, '1'));
  await desk.round();
  expect(offers).toEqual([
    ['c2', ANN, 'beans'],
    ['c2', ANN, 'beans'],
  ]);
  expect(ringOf(await desk.ring('c2', ANN, null)).number).toBe(ANN);
  expect(dismissed).toEqual([]);
});

test('hours that cannot be read stop no round for good', async () => {
  const broken = new StaffDesk({
    ...common(),
    onDuty: () => {
      throw new RangeError('no such time zone');
    },
    offer: () => Promise.resolve('taken'),
  });
  await expect(broken.round()).resolves.toBeUndefined();
});

test('whoever was promised somebody before all went home is put through; nobody else is, nor waits', async () => {
  const reserved = ringOf(await desk.reserve('c1', ''));
  staff = [];
  expect(ringOf(await desk.ring('c1', ANN, 'beans'))).toMatchObject({ number: ANN, hold: reserved.hold });
  expect(await desk.ring('c2', ANN, 'beans')).toEqual({ kind: 'closed' });
  expect(await readLine(link)).toEqual([]);
});

test('nobody is there at this hour; Redis is away', async () => {
  staff = [];
  expect(await desk.reserve('c1', '')).toEqual({ kind: 'closed' });
  staff = [person(ANN)];
  const away = new StaffDesk({
    ...common(),
    link: { ...link, run: () => link.command('no-such-command') },
    offer: () => Promise.resolve('taken'),
  });
  expect(await away.reserve('c1', '')).toEqual({ kind: 'away' });
  expect(await away.ringNext('c1', '1', 'busy')).toBeNull();
  expect(await away.accepted('c1', '1'), 'those who talk are not parted').toBe('held');
  await away.ended('c1', '1', 'completed');
  await away.leave('c1');
  await away.round();
});
