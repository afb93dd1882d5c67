import { describe, expect, test } from 'vitest';
import { fact, hangup, left, next, passed, play, transfer } from './call.fixture.ts';
import { type CallEvent, type Intent, limits, type SpokenTurn } from './call-events.ts';

const talking: CallEvent[] = [fact.arrived, fact.started, fact.ready];
const greeted: CallEvent[] = [...talking, fact.farewell, fact.silent];
const handover: Intent = { kind: 'handover', reason: 'drain' };
const leaves = { type: 'stream.leave', intent: handover };

const at = <E extends CallEvent>(event: E, ms: number): E => ({ ...event, at: ms });
const draining: Extract<CallEvent, { type: 'node.draining' }> = { type: 'node.draining', at: 6_000, urgent: false };
const speaks: CallEvent = { type: 'caller.speechStarted', at: 5_500, itemId: 'u1' };
const urgent: CallEvent = { ...draining, urgent: true };
const stops: CallEvent = { type: 'caller.speechStopped', at: 6_500, itemId: 'u1' };
const said: CallEvent = { type: 'caller.said', at: 6_600, itemId: 'u1', text: 'a latte please', after: null };

describe('a call whose node is to end', () => {
  test('leaves at once when nobody is in the middle of anything', () => {
    const { snapshot, effects } = play([...greeted, draining]);
    expect(snapshot.value).toEqual({ conversation: 'left' });
    expect(effects.at(-1)).toMatchObject(leaves);
  });

  test('waits for the greeting, for the caller and for the answer', () => {
    expect(play([...talking, draining]).snapshot.value).toEqual({ conversation: 'talking' });
    const asking = [...greeted, speaks, draining];
    const answered = at(fact.farewell, 7_000);
    expect(play(asking).snapshot.value).toEqual({ conversation: 'talking' });
    expect(play([...asking, stops, said, answered]).snapshot.value).toEqual({ conversation: 'talking' });
    const done = play([...asking, stops, said, answered, at(fact.silent, 9_000)]);
    expect(done.snapshot.value).toEqual({ conversation: 'left' });
    expect(done.effects.at(-1)).toMatchObject(leaves);
  });

  test('waits for a caller who interrupts the answer', () => {
    const cut = [...greeted, speaks, stops, at(fact.farewell, 7_000), at(speaks, 8_000), draining];
    expect(play([...cut, at(fact.silent, 8_050)]).snapshot.value).toEqual({ conversation: 'talking' });
    expect(play([...cut, at(fact.silent, 8_050), at(stops, 9_000)]).snapshot.value).toEqual({
      conversation: 'talking',
    });
  });

  test('waits for a tool and for what is said of its result', () => {
    const ask = { ...fact.asked, name: 'get_menu' };
    const asked = [...greeted, speaks, stops, ask, fact.silentAnswer, at(fact.silent, 7_000), draining];
    expect(play(asked).snapshot.value).toEqual({ conversation: 'talking' });
    const answered = [...asked, at(left(null), 7_500)];
    expect(play(answered).snapshot.value).toEqual({ conversation: 'talking' });
    expect(play([...answered, at(fact.farewell, 8_000), at(fact.silent, 9_000)]).effects.at(-1)).toMatchObject(leaves);
  });

  test('leaves in the middle when its bound has passed, or the end is urgent', () => {
    const asking = [...greeted, speaks, draining];
    const late = passed('handover', 6_000 + limits.handoverMs);
    expect(play([...asking, late]).effects.at(-1)).toMatchObject(leaves);
    expect(play([...greeted, speaks, urgent]).effects.at(-1)).toMatchObject(leaves);
  });

  test('leaves before the greeting, which the next node says', () => {
    const { snapshot, effects } = play([fact.arrived, fact.started, draining]);
    expect(snapshot.value).toEqual({ conversation: 'left' });
    expect(effects.at(-1)).toMatchObject(leaves);
    const resumed = play([
      fact.arrived,
      fact.started,
      draining,
      fact.stopped,
      next(handover),
      at(fact.started, 11_000),
    ]);
    expect(resumed.effects.at(-1)).toMatchObject({ type: 'model.open', opening: 'greeting' });
  });

  test('says its farewell first, and an urgent end cuts that short', () => {
    const leaving = [...greeted, fact.asked, at(fact.silentAnswer, 5_100), at(left(hangup), 5_200)];
    expect(play([...leaving, draining]).snapshot.value).toEqual({ conversation: 'leaving' });
    expect(play([...leaving, urgent]).effects.at(-1)).toMatchObject({
      type: 'stream.leave',
      intent: hangup,
    });
    const talksOn = [...leaving, draining, at(speaks, 6_200)];
    expect(play(talksOn).snapshot.context.pending.deadlines).toEqual({ handover: 6_200 + limits.handoverMs });
    expect(play([...talksOn, passed('handover', 6_200 + limits.handoverMs)]).effects.at(-1)).toMatchObject(leaves);
  });

  test('leaves when its model session is lost: another one would be lost with the node', () => {
    expect(play([...greeted, speaks, draining, at(fact.lost, 7_000)]).effects.at(-1)).toMatchObject(leaves);
  });

  test('goes on unheard when nobody was cut, with an excuse when somebody was', () => {
    const again = at(fact.started, 11_000);
    const whole = play([...greeted, draining, fact.stopped, next(handover), again]);
    expect(whole.effects.at(-1)).toMatchObject({ type: 'model.open', opening: 'resuming' });
    const cut = play([
      ...[...greeted, speaks, draining, passed('handover', 6_000 + limits.handoverMs), fact.stopped],
      ...[next(handover), again],
    ]);
    expect(cut.effects.at(-1)).toMatchObject({ type: 'model.open', opening: 'bridging' });
  });

  test('may be handed over again at once by the next node', () => {
    const resumed = [
      ...greeted,
      draining,
      fact.stopped,
      next(handover),
      at(fact.started, 11_000),
      at(fact.ready, 11_300),
    ];
    expect(play([...resumed, at(draining, 12_000)]).effects.at(-1)).toMatchObject(leaves);
  });
});

describe('an intent that reached nobody', () => {
  const leftFor = [...greeted, at({ type: 'carrier.dtmf', at: 0, digit: '0' }, 6_000)] satisfies CallEvent[];
  const withdrawn: CallEvent = { type: 'intent.withdrawn', at: 12_000 };

  test('is off: the conversation goes on with the session that is there', () => {
    expect(play(leftFor).effects.at(-1)).toMatchObject({ type: 'stream.leave', intent: { kind: 'transfer' } });
    const { snapshot } = play([...leftFor, withdrawn]);
    expect(snapshot.value).toEqual({ conversation: 'talking' });
    expect(snapshot.context.pending).toEqual({ effects: {}, deadlines: { quiet: 12_000 + limits.quietMs } });
  });

  test('is off, and a session that was lost meanwhile is opened anew', () => {
    const { snapshot, effects } = play([...leftFor, at(fact.lost, 7_000), withdrawn]);
    expect(snapshot.value).toEqual({ conversation: 'opening' });
    expect(effects.at(-1)).toMatchObject({ type: 'model.open', opening: 'bridging' });
    expect(snapshot.context.pending.deadlines).toEqual({
      model: 12_000 + limits.modelMs,
      filler: 12_000 + limits.fillerMs,
    });
  });
});

describe('the waiting room', () => {
  const waits: CallEvent[] = [{ ...fact.arrived, queued: true }];
  const ends = (how: Extract<CallEvent, { type: 'carrier.waitEnded' }>['how']): CallEvent => ({
    type: 'carrier.waitEnded',
    at: 31_000,
    how,
    waitedMs: 30_000,
  });

  test.each([
    ['placed', 'ringing', 'abandoned'],
    ['voicemail', 'recording', 'abandoned'],
    ['menu', 'menu', 'menu'],
    ['person', 'dialing', 'abandoned'],
    ['callback', 'hangingUp', 'callback'],
    ['goodbye', 'hangingUp', 'abandoned'],
  ] as const)('ends with %s in %s', (how, state, outcome) => {
    const { snapshot } = play([...waits, ends(how)]);
    expect([snapshot.value, snapshot.context.outcome]).toEqual([state, outcome]);
  });

  test('is looked after: REST is asked from time to time, and who hangs up gave up', () => {
    expect(play(waits).snapshot.context.pending.deadlines).toEqual({ check: fact.arrived.at + limits.checkMs });
    expect(play([...waits, passed('check', 1_000 + limits.checkMs)]).effects).toMatchObject([{ type: 'carrier.ask' }]);
    expect(play([...waits, fact.completed]).snapshot.context.outcome).toBe('abandoned');
  });

  test('leads to the greeting, and the call counts as answered', () => {
    const { snapshot, effects } = play([...waits, ends('placed'), at(fact.started, 32_000)]);
    expect(effects.at(-1)).toMatchObject({ type: 'model.open', opening: 'greeting' });
    expect(snapshot.context.outcome).toBe('answered');
  });

  test('takes a conversation whose next place is not free, and gives it back where it was', () => {
    const full: CallEvent = { ...next(null), type: 'carrier.nextAsked', intent: null, breaks: 1, queued: true };
    const { snapshot } = play([...greeted, fact.stopped, full]);
    expect([snapshot.value, snapshot.context.outcome]).toEqual(['waiting', 'answered']);
    expect(
      play([...greeted, fact.stopped, full, ends('placed'), at(fact.started, 32_000)]).effects.at(-1),
    ).toMatchObject({ type: 'model.open', opening: 'bridging' });
    const dialed: CallEvent = { type: 'carrier.dialEnded', at: 30_000, result: 'busy', durationS: 0, queued: true };
    const fromStaff = play([
      ...greeted,
      fact.stopped,
      next(transfer),
      dialed,
      ends('placed'),
      at(fact.started, 32_000),
    ]);
    expect(fromStaff.effects.at(-1)).toMatchObject({ type: 'model.open', opening: 'staffUnavailable' });
  });
});

describe('an arrival', () => {
  test.each([
    ['menu', 'menu', 'menu'],
    ['voicemail', 'recording', 'missed'],
    ['staff', 'dialing', 'missed'],
  ] as const)('at the rung %s begins in %s', (rung, state, outcome) => {
    const { snapshot } = play([{ ...fact.arrived, rung }]);
    expect([snapshot.value, snapshot.context.outcome, snapshot.context.from]).toEqual([state, outcome, '+15550001111']);
  });

  test('at the staff who do not answer leads to the keypad, not to the assistant', () => {
    const { snapshot } = play([
      { ...fact.arrived, rung: 'staff' },
      { type: 'carrier.dialEnded', at: 30_000, result: 'no-answer', durationS: 0 },
    ]);
    expect([snapshot.value, snapshot.context.outcome]).toEqual(['menu', 'menu']);
  });

  test('of a caller who was cut off a moment ago remembers what was said', () => {
    const previous: SpokenTurn[] = [{ who: 'caller', itemId: 'u0', text: 'do you cater weddings' }];
    const { effects } = play([{ ...fact.arrived, previous }, fact.started]);
    expect(effects).toEqual([{ type: 'model.open', id: 'e1', opening: 'redialed', seed: previous }]);
  });
});
