import type { CallEvent } from '../../machines/call-events.ts';
import type { StoredFact } from './stored-fact.ts';

export const EPOCH = 1_795_350_000_000;
export const CALLER = '+15550100';
const STARTED_AT = EPOCH + 5;

/** Facts of one call, numbered; a number in between begins the next epoch. */
export function story(callSid: string, facts: readonly (CallEvent | 'next epoch')[]): StoredFact[] {
  let epoch = EPOCH;
  let seq = 0;
  return facts.flatMap((fact) => {
    if (fact === 'next epoch') {
      epoch += 60_000;
      seq = 0;
      return [];
    }
    seq += 1;
    return [{ callSid, epoch, seq, fact }];
  });
}

/** A call as calls go: talk, a tool, an interruption, a number told in two turns, staff, the end. */
export const wholeCall: readonly (CallEvent | 'next epoch')[] = [
  { type: 'carrier.arrived', at: STARTED_AT, from: CALLER, to: '+15550199', node: 'a' },
  { type: 'carrier.statusReported', at: STARTED_AT + 400, status: 'in-progress', durationS: null, sequence: 2 },
  'next epoch',
  { type: 'carrier.streamStarted', at: STARTED_AT + 900, streamSid: 'MZ1', node: 'a' },
  {
    type: 'assistant.said',
    at: STARTED_AT + 2_000,
    itemId: 'i1',
    responseId: 'r1',
    text: 'Welcome to Mangy Dog Coffee!',
    totalMs: 1_800,
  },
  {
    type: 'assistant.heard',
    at: STARTED_AT + 3_900,
    itemId: 'i1',
    text: 'Welcome to Mangy Dog Coffee!',
    heardMs: 1_800,
    totalMs: 1_800,
    cut: false,
  },
  {
    type: 'tool.asked',
    at: STARTED_AT + 6_100,
    toolCallId: 't1',
    responseId: 'r2',
    name: 'get_store_hours',
    arguments: '{"day":"today"}',
  },
  // The transcript comes after the answer to it has begun.
  { type: 'caller.said', at: STARTED_AT + 6_300, itemId: 'i2', text: 'Are you open today?', after: 'i1' },
  {
    type: 'tool.answered',
    at: STARTED_AT + 6_400,
    toolCallId: 't1',
    result: 'ok',
    output: '{"open":true}',
    durationMs: 40,
    leave: null,
  },
  {
    type: 'assistant.said',
    at: STARTED_AT + 7_000,
    itemId: 'i3',
    responseId: 'r3',
    text: 'We are open until six. On Sundays we close at four.',
    totalMs: 4_000,
  },
  {
    type: 'assistant.heard',
    at: STARTED_AT + 9_000,
    itemId: 'i3',
    text: 'We are open until',
    heardMs: 1_500,
    totalMs: 4_000,
    cut: true,
  },
  { type: 'caller.said', at: STARTED_AT + 11_000, itemId: 'i4', text: 'My card is 4111 1111', after: 'i3' },
  { type: 'journal.redacted', at: STARTED_AT + 14_000, itemId: 'i4', text: 'My card is [card]' },
  {
    type: 'caller.said',
    at: STARTED_AT + 14_001,
    itemId: 'i5',
    text: '[card] and let me talk to a person',
    after: 'i4',
  },
  {
    type: 'assistant.said',
    at: STARTED_AT + 14_500,
    itemId: 'i6',
    responseId: 'r4',
    text: 'You said 4111 1111 and then?',
    totalMs: 2_000,
  },
  { type: 'journal.redacted', at: STARTED_AT + 14_600, itemId: 'i6', text: 'You said [card] and then?' },
  {
    type: 'assistant.heard',
    at: STARTED_AT + 14_700,
    itemId: 'i6',
    text: 'You said 4111',
    heardMs: 900,
    totalMs: 2_000,
    cut: true,
  },
  { type: 'caller.said', at: STARTED_AT + 15_000, itemId: 'i7', text: '', after: 'i6' },
  {
    type: 'tool.asked',
    at: STARTED_AT + 15_200,
    toolCallId: 't2',
    responseId: 'r5',
    name: 'transfer_to_staff',
    arguments: '{"reason":"asked"}',
  },
  {
    type: 'tool.answered',
    at: STARTED_AT + 15_300,
    toolCallId: 't2',
    result: 'ok',
    output: 'farewell',
    durationMs: 1,
    leave: { kind: 'transfer', reason: 'asked' },
  },
  { type: 'carrier.streamStopped', at: STARTED_AT + 18_000, streamSid: 'MZ1', reason: 'left' },
  'next epoch',
  { type: 'carrier.nextAsked', at: STARTED_AT + 18_100, intent: { kind: 'transfer', reason: 'asked' }, breaks: 0 },
  { type: 'carrier.dialEnded', at: STARTED_AT + 80_000, result: 'completed', durationS: 55 },
  { type: 'carrier.statusReported', at: STARTED_AT + 81_000, status: 'completed', durationS: 81, sequence: 3 },
  { type: 'carrier.statusReported', at: STARTED_AT + 81_500, status: 'completed', durationS: 81, sequence: 3 },
  { type: 'carrier.statusReported', at: STARTED_AT + 82_000, status: 'ringing', durationS: null, sequence: 1 },
];

export const startedAt = (offsetMs = 0): Date => new Date(STARTED_AT + offsetMs);
