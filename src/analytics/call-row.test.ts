import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallEvent, WaitEnd } from '../../machines/call-events.ts';
import { emptyCall, foldCall } from './call-row.ts';
import { CALLER, EPOCH, startedAt, story, wholeCall } from './story.fixture.ts';

const SID = 'CA1';
const fold = (facts: ReturnType<typeof story>) => facts.reduce(foldCall, emptyCall(SID, facts[0]?.fact.at ?? 0));
const rowOf = (...facts: CallEvent[]) => fold(story(SID, facts));

const arrived: CallEvent = { type: 'carrier.arrived', at: 1_000, from: CALLER, to: '+1', node: 'a' };
const reported = (
  status: string,
  more: Partial<{ at: number; durationS: number | null; sequence: number | null }> = {},
): CallEvent => ({
  type: 'carrier.statusReported',
  at: 2_000,
  status,
  durationS: null,
  sequence: null,
  ...more,
});

test('an arrival is a ringing call with both numbers and the time of its webhook', () => {
  expect(rowOf(arrived)).toMatchObject({
    status: 'RINGING',
    fromNumber: CALLER,
    toNumber: '+1',
    startedAt: new Date(1_000),
    answeredAt: null,
    endedAt: null,
    duration: null,
    outcome: null,
  });
});

test.each(['in-progress', 'busy', 'failed', 'no-answer', 'canceled', 'completed', 'Something-New'])(
  'the status is the carrier’s word in capitals: %s',
  (word) => {
    expect(rowOf(arrived, reported(word)).status).toBe(word.toUpperCase());
  },
);

test.each(['completed', 'busy', 'failed', 'no-answer', 'canceled'])(
  '%s ends the call, with its duration or without',
  (word) => {
    expect(rowOf(arrived, reported(word, { durationS: 7 }))).toMatchObject({
      endedAt: new Date(2_000),
      duration: 7,
      outcome: 'missed',
    });
    expect(rowOf(arrived, reported(word))).toMatchObject({ endedAt: new Date(2_000), duration: null });
  },
);

describe('the waiting room', () => {
  const queued: CallEvent = { ...arrived, queued: true };
  const waitEnded = (how: WaitEnd): CallEvent => ({ type: 'carrier.waitEnded', at: 1_500, how, waitedMs: 500 });
  const streamed: CallEvent = { type: 'carrier.streamStarted', at: 1_600, streamSid: 'MZ1', node: 'a' };
  const left: CallEvent = {
    type: 'carrier.recordEnded',
    at: 1_600,
    recordingSid: 'RE1',
    recordingUrl: '',
    durationS: 4,
    digits: '',
  };

  test.each<[CallEvent[], string]>([
    [[{ ...arrived, rung: 'menu' }], 'menu'],
    [[queued], 'waiting'],
    [[queued, reported('completed')], 'abandoned'],
    [[queued, waitEnded('placed'), streamed, reported('completed')], 'answered'],
    [[queued, waitEnded('placed'), reported('completed')], 'abandoned'],
    [[queued, waitEnded('callback'), reported('completed')], 'callback'],
    [[queued, waitEnded('voicemail'), left, reported('completed')], 'voicemail'],
    [[arrived, streamed, { type: 'carrier.nextAsked', at: 1_700, intent: null, breaks: 1, queued: true }], 'answered'],
  ])('%#: %j', (facts, outcome) => {
    expect(rowOf(...facts).outcome).toBe(outcome);
    const backwards = story(SID, facts).toReversed().reduce(foldCall, emptyCall(SID, 2_000));
    expect(backwards.outcome).toBe(outcome);
  });
});

test('what is not final does not end it', () => {
  expect(rowOf(arrived, reported('in-progress', { durationS: null }))).toMatchObject({
    endedAt: null,
    duration: null,
    outcome: null,
  });
});

test('a late status does not turn the row back; the end stays where it was first told', () => {
  const row = rowOf(
    arrived,
    reported('completed', { at: 3_000, sequence: 3 }),
    reported('ringing', { sequence: 1 }),
    reported('completed', { at: 9_000, sequence: 3, durationS: 5 }),
  );
  expect(row).toMatchObject({ status: 'COMPLETED', statusSequence: 3, endedAt: new Date(3_000), duration: 5 });
  expect(rowOf(arrived, reported('in-progress'), reported('initiated', { sequence: 9 })).status).toBe('IN-PROGRESS');
});

test('a call that only REST knows to be over is over', () => {
  expect(rowOf(arrived, { type: 'carrier.gone', at: 5_000, status: 'completed', durationS: null })).toMatchObject({
    status: 'COMPLETED',
    endedAt: new Date(5_000),
  });
});

describe('the outcome', () => {
  const started: CallEvent = { type: 'carrier.streamStarted', at: 1_500, streamSid: 'MZ', node: 'a' };
  const next = (breaks: number, kind?: 'menu' | 'handover'): CallEvent => ({
    type: 'carrier.nextAsked',
    at: 1_600,
    intent: kind ? { kind, reason: '' } : null,
    breaks,
  });
  const dialed = (result: string): CallEvent => ({ type: 'carrier.dialEnded', at: 1_700, result, durationS: 1 });
  const recorded = (durationS: number): CallEvent => ({
    type: 'carrier.recordEnded',
    at: 1_800,
    recordingSid: 'RE',
    recordingUrl: '',
    durationS,
    digits: '',
  });
  const end = reported('completed');

  test.each<[string, CallEvent[]]>([
    ['missed', [arrived, end]],
    ['answered', [arrived, started, next(1), end]],
    ['answered', [arrived, started, next(1, 'handover'), end]],
    ['menu', [arrived, started, next(3), end]],
    ['menu', [arrived, started, next(0, 'menu'), end]],
    ['answered', [arrived, started, dialed('no-answer'), started, end]],
    ['transferred', [arrived, started, dialed('completed'), end]],
    ['transferred', [arrived, started, next(3), dialed('answered'), end]],
    ['answered', [arrived, started, recorded(0), end]],
    ['voicemail', [arrived, started, recorded(12), end]],
  ])('%s', (outcome, facts) => {
    expect(rowOf(...facts).outcome).toBe(outcome);
  });
});

test('the last fact folded is remembered by its place', () => {
  const last = story(SID, wholeCall).findLast(() => true);
  expect(fold(story(SID, wholeCall))).toMatchObject({
    lastEpoch: last?.epoch,
    lastSeq: last?.seq,
    answeredAt: startedAt(900),
    endedAt: startedAt(81_000),
    outcome: 'transferred',
    duration: 81,
    status: 'COMPLETED',
  });
  expect(last?.epoch).toBe(EPOCH + 120_000);
});

test('facts in any order, repeated, come to the same row', () => {
  const facts = story(SID, wholeCall);
  const expected = fold(facts);
  fc.assert(
    fc.property(fc.shuffledSubarray([...facts, ...facts], { minLength: facts.length * 2 }), (shuffled) => {
      expect(fold(shuffled)).toEqual(expected);
    }),
  );
});
