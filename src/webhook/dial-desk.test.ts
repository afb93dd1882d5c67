import { expect, test } from 'vitest';
import type { Ring } from '../services/staff-desk.ts';
import type { Bounded } from './bounded.ts';
import { CALL_SID } from './carrier.fixture.ts';
import { DialDesk, type StaffPort } from './dial-desk.ts';
import type { CarrierRequest } from './request.ts';

const ring: Ring = { number: '+15550002222', hold: '9', ringS: 20, isWarm: true };
const late: Bounded = (_, start, otherwise) => {
  void start();
  return Promise.resolve(otherwise('late'));
};
const inTime: Bounded = (_, start) => start();

const result = (query: string): CarrierRequest => ({
  callSid: CALL_SID,
  callStatus: 'in-progress',
  callDurationS: null,
  idempotencyToken: null,
  trace: null,
  query: new URLSearchParams(query),
  value: (name) => (name === 'DialCallStatus' ? 'no-answer' : ''),
  count: () => null,
});

function deskOf(bounded: Bounded) {
  const done: string[] = [];
  const found = Promise.withResolvers<Ring | null>();
  const never = () => Promise.reject(new Error('not asked for'));
  const staff: StaffPort = {
    ring: never,
    ringNext: () => found.promise.finally(() => done.push('found')),
    accepted: never,
    ended: never,
    hungUp: never,
    leave: async () => void done.push('leave'),
  };
  return { desk: new DialDesk({ staff, bounded, answerTimeoutMs: 2_000 }), done, found };
}

test('whoever is found when the carrier has been answered is not kept for a call that rings nobody', async () => {
  const { desk, done, found } = deskOf(late);
  const { fact, ring: next } = await desk.dialed(result('h=8'));
  expect([next, 'next' in fact, done]).toEqual([null, false, []]);
  found.resolve(ring);
  await new Promise(setImmediate);
  expect(done).toEqual(['found', 'leave']);
});

test('whoever is rung next stays kept', async () => {
  const { desk, done, found } = deskOf(inTime);
  found.resolve(ring);
  expect(await desk.dialed(result('h=8'))).toMatchObject({ ring, fact: { next: ring.number } });
  await new Promise(setImmediate);
  expect(done).toEqual(['found']);
});

test('a call that rang without a hold keeps nobody; one that was told its place stays in line', async () => {
  const { desk, done } = deskOf(inTime);
  await desk.dialed(result('w=1'));
  await new Promise(setImmediate);
  expect(done).toEqual([]);
  await desk.dialed(result(''));
  await new Promise(setImmediate);
  expect(done).toEqual(['leave']);
});
