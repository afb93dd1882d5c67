import { expect, test } from 'vitest';
import { fact, left, next, passed, play } from './call.fixture.ts';
import { type CallEvent, limits } from './call-events.ts';

const ANN = '+12075550143';
const talking: CallEvent[] = [fact.arrived, fact.started, fact.ready];
const spoke = (at: number): CallEvent[] => [
  { ...fact.farewell, at },
  { type: 'assistant.fellSilent', at: at + 1_000 },
];
/** Asked for staff, was told the place in line, and is silent from 9,000 on. */
const inLine: CallEvent[] = [
  ...talking,
  ...spoke(3_900),
  { ...fact.asked, at: 6_000 },
  { ...left(null), at: 6_100, waits: true } as CallEvent,
  ...spoke(8_000),
];
const offered = (at: number): CallEvent => ({ type: 'staff.offered', at, to: ANN, reason: 'beans' });
const lines = (facts: CallEvent[]) =>
  play(facts).effects.flatMap((effect) => (effect.type === 'line.play' ? [effect.line] : []));

test('who is silent in line for the staff is told so now and then, and never hung up on', () => {
  const facts = [...inLine];
  for (let rounds = 1; rounds <= 5; rounds += 1) {
    const { quiet } = play(facts).snapshot.context.pending.deadlines;
    expect(quiet).toBe(9_000 + rounds * limits.inLineQuietMs);
    facts.push(passed('quiet', quiet ?? 0));
  }
  expect(lines(facts)).toEqual(Array.from({ length: 5 }, () => 'stillInLine'));
  expect(play(facts).snapshot.value).toEqual({ conversation: 'talking' });
});

test('who would rather be called back waits no more', () => {
  const facts: CallEvent[] = [
    ...inLine,
    { ...fact.asked, at: 9_500, toolCallId: 't2' },
    { ...left(null), at: 9_600, toolCallId: 't2', callback: 'beans' } as CallEvent,
  ];
  expect(play(facts).snapshot.context.inLine).toBe(false);
});

test('the line ends with the offer: said at the turn boundary, then the call leaves for who is kept for it', () => {
  const connects = [...inLine, offered(20_000)];
  expect(lines(connects)).toEqual(['connecting']);
  const { effects } = play([...connects, { type: 'assistant.fellSilent', at: 22_000 }]);
  expect(effects.at(-1)).toMatchObject({
    type: 'stream.leave',
    intent: { kind: 'transfer', reason: 'beans', to: ANN },
  });
});

const backInLine: CallEvent[] = [
  ...talking,
  { type: 'carrier.dtmf', at: 5_000, digit: '0' },
  next({ kind: 'transfer', reason: 'key pressed' }),
  { type: 'carrier.dialEnded', at: 7_000, result: 'failed', durationS: 0, waits: true },
];

test('who pressed a key and found nobody free waits in the conversation that it comes back to', () => {
  const back = play(backInLine).snapshot;
  expect([back.value, back.context.inLine, back.context.opening]).toEqual(['ringing', true, 'staffUnavailable']);
  const facts = [...backInLine, fact.started, fact.ready, ...spoke(9_000)];
  expect(play(facts).snapshot.context.pending.deadlines).toMatchObject({ quiet: 10_000 + limits.inLineQuietMs });
});

test('who waits is told when the staff has gone home, and waits no more', () => {
  const facts: CallEvent[] = [...inLine, { type: 'staff.wentHome', at: 20_000 }];
  expect(lines(facts)).toEqual(['staffAway']);
  expect(play(facts).snapshot.context.inLine).toBe(false);
  expect(lines([...talking, ...spoke(3_900), { type: 'staff.wentHome', at: 20_000 }])).toEqual([]);
});

test('an offer between two streams waits for the next one', () => {
  const early = [...backInLine, offered(7_100), fact.started, fact.ready];
  expect(lines(early)).toEqual([]);
  expect(lines([...early, ...spoke(9_000)])).toEqual(['connecting']);
  const broke: CallEvent = { type: 'carrier.streamStopped', at: 10_000, streamSid: 'MZ1', reason: 'closed' };
  const detached = [...inLine, broke, offered(10_500)];
  expect(play(detached).snapshot.context.offer).toEqual({ to: ANN, reason: 'beans' });
});

test('who waits for a place on a node as well keeps the place in line, and an offer', () => {
  const placeless: CallEvent[] = [...backInLine.slice(0, -1), { ...backInLine.at(-1), queued: true } as CallEvent];
  const waiting = play(placeless).snapshot;
  expect([waiting.value, waiting.context.inLine]).toEqual(['waiting', true]);
  const placed: CallEvent = { type: 'carrier.waitEnded', at: 9_000, how: 'placed', waitedMs: 2_000 };
  const facts = [...placeless, offered(8_000), placed, fact.started, fact.ready];
  expect(lines([...facts, ...spoke(11_000)])).toEqual(['connecting']);
});

test('the staff goes home while the call has no stream: nobody says later that it is still in line', () => {
  const wentHome: CallEvent = { type: 'staff.wentHome', at: 7_100 };
  const facts = [...backInLine, wentHome, fact.started, fact.ready, ...spoke(9_000)];
  const { context } = play(facts).snapshot;
  expect([context.inLine, lines(facts)]).toEqual([false, []]);
});

test('a dial ends the offer and the place in line', () => {
  const dialing = [...inLine, offered(20_000), next({ kind: 'transfer', reason: 'beans', to: ANN })];
  const { context, value } = play(dialing).snapshot;
  expect([value, context.offer, context.inLine, context.ringing]).toEqual(['dialing', null, false, ANN]);
});
