import { expect, test } from 'vitest';
import type { CallLook } from '../../directory/live-calls.ts';
import type { CallEvent } from '../../../machines/call-events.ts';
import { liveSummary } from '../dashboard/live-view.ts';
import { type LiveCall, placed, seen, told } from './live-call.ts';
import { feltAfter, moodOf } from './mood.ts';
import { isUrgent, liveRow, maskedNumber } from './row.ts';

const AT = 1_700_000_000_000;
const look: CallLook = {
  callSid: 'CA1',
  from: '+12075550142',
  to: '',
  state: 'conversation',
  owner: { node: 'node-1', incarnation: 'i' },
  isEnded: false,
  arrivedAt: AT,
  tail: [],
};
const after = (call: LiveCall, ...facts: CallEvent[]): LiveCall =>
  facts.reduce((known, fact, index) => told(known, 2, index + 1, fact), call);
const caller = (text: string): CallEvent => ({ type: 'caller.said', at: AT, itemId: 'i', text, after: null });

test('facts that were folded in before change nothing', () => {
  const call = after(seen(look), caller('one'), caller('two'));
  expect(told(call, 2, 1, caller('one')).words?.text).toBe('two');
  expect(told(call, 1, 99, caller('zero')).words?.text).toBe('two');
  expect(told(call, 3, 1, caller('three')).words?.text).toBe('three');
});

test('the time of a state is that of the fact that led to it', () => {
  const waiting = seen({
    ...look,
    state: 'waiting',
    tail: [
      { kind: 'fact', epoch: 1, seq: 1, fact: { type: 'carrier.arrived', at: AT + 5, from: '+1', to: '', node: 'n' } },
      { kind: 'fact', epoch: 1, seq: 2, fact: { type: 'carrier.dtmf', at: AT + 9_000, digit: '1' } },
    ],
  });
  expect(waiting.stateAt).toBe(AT + 5);
  const talking = placed(waiting, { state: 'conversation', owner: look.owner }, AT + 20_000);
  expect([talking.stateAt, talking.node]).toEqual([AT + 20_000, 'node-1']);
  expect(placed(talking, { state: 'conversation', owner: look.owner }, AT + 30_000)).toBe(talking);
});

test.each<[string[], string]>([
  [['When do you open?', 'And on Sunday?'], 'calm'],
  [['A latte, please. No, thanks, that is all'], 'calm'],
  [['Thank you so much, that is great'], 'happy'],
  [['This is wrong', 'I still have a problem'], 'impatient'],
  [['This is ridiculous. I hate this.'], 'upset'],
  [['Esto es inaceptable, pésimo'], 'upset'],
  [['This is terrible', 'Okay.', 'When do you open?', 'Thanks', 'Great, thank you'], 'happy'],
])('%j: %s', (turns, mood) => {
  expect(moodOf(turns.reduce(feltAfter, 0))).toBe(mood);
});

test.each([
  ['+12075550142', '••• 0142'],
  ['anonymous', 'Withheld'],
  ['', 'Withheld'],
  ['911', '•••'],
  ['12345', '••• 45'],
])('%s is shown as %s', (number, shown) => {
  expect(maskedNumber(number)).toBe(shown);
});

test('a row: markup in words, names and states is text', () => {
  const hostile = '<img src=x onerror=alert(1)>"\'';
  const call = { ...after(seen(look), caller(hostile)), state: hostile, node: hostile, callSid: hostile };
  const row = liveRow(call, AT + 61_000);
  expect(row).not.toMatch(/<img|="[^"]*onerror=alert\(1\)>/);
  expect(row.match(/&lt;img src=x onerror=alert\(1\)&gt;/g)?.length).toBeGreaterThanOrEqual(3);
  expect(row).toContain('1:01');
});

test('what goes on in numbers, and what needs somebody', () => {
  const talking = seen(look);
  const waiting = { ...talking, state: 'waiting', stateAt: AT + 10_000 };
  const broken = { ...talking, state: 'detached' };
  const upset = after(talking, caller('unacceptable, I am furious'));
  expect([talking, waiting, broken, upset].map(isUrgent)).toEqual([false, false, true, true]);
  expect(liveSummary([talking, waiting, broken, upset, { ...talking, state: 'dialing' }], AT + 85_000)).toEqual({
    all: 5,
    byGroup: { talking: 2, waiting: 1, staff: 1, other: 1 },
    urgent: 2,
    longestWait: '1:15',
  });
});
