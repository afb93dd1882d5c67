import { describe, expect, test } from 'vitest';
import { fact, left, next, passed, play, transfer } from './call.fixture.ts';
import { type CallEvent, type Intent, limits } from './call-events.ts';

const KIM = '+12075550199';
const greeted: CallEvent[] = [fact.arrived, fact.started, fact.ready, fact.farewell, fact.silent];
const at = <E extends CallEvent>(event: E, ms: number): E => ({ ...event, at: ms });
const whispered: CallEvent = { type: 'supervisor.whispered', at: 6_000, noteId: 'note1', by: 'Kim', text: 'offer it' };
const tookOver: CallEvent = { type: 'supervisor.tookOver', at: 6_000, by: 'Kim', to: KIM };
const gaveBack: CallEvent = { type: 'supervisor.gaveBack', at: 60_000, by: 'Kim' };
const hungUp: CallEvent = { type: 'supervisor.hungUp', at: 6_000, by: 'Kim' };
const toKim: Intent = { kind: 'transfer', reason: 'supervisor', to: KIM, supervisor: 'Kim' };
const note = { who: 'supervisor', itemId: 'note1', text: 'offer it' };
const dialed = (result: string): CallEvent => ({ type: 'carrier.dialEnded', at: 50_000, result, durationS: 0 });

/** At a supervisor's phone. */
const away: CallEvent[] = [
  ...greeted,
  tookOver,
  at(fact.silent, 7_000),
  at(fact.stopped, 7_100),
  at(next(toKim), 7_200),
];

describe('a note', () => {
  test('reaches the session that talks, and asks nothing of it', () => {
    const { snapshot, effects } = play([...greeted, whispered]);
    expect(effects.at(-1)).toEqual({ type: 'model.note', id: 'e2', noteId: 'note1', text: 'offer it' });
    expect(snapshot.context).toMatchObject({ turns: [note], silent: true, turnOpen: false });
    expect(snapshot.context.pending.effects).toEqual({});
  });

  test('is in the seed of whatever session goes on, here or after a break or a handover', () => {
    const seeds = (events: CallEvent[]) => {
      const last = play(events).effects.at(-1);
      return last && 'seed' in last ? last.seed : null;
    };
    expect(seeds([...greeted, whispered, at(fact.lost, 6_100)])).toEqual([note]);
    expect(seeds([...greeted, whispered, fact.stopped, next(null, 1), at(fact.started, 11_000)])).toEqual([note]);
    const drained = [...greeted, whispered, { type: 'node.draining', at: 6_500, urgent: false } as const];
    const handover = next({ kind: 'handover', reason: 'drain' });
    expect(seeds([...drained, fact.stopped, handover, at(fact.started, 11_000)])).toEqual([note]);
  });

  test('written before the first word is known to the first session', () => {
    const { effects } = play([fact.arrived, at(whispered, 1_500), fact.started]);
    expect(effects).toEqual([{ type: 'model.open', id: 'e1', opening: 'greeting', seed: [note] }]);
  });

  test('is no turn that somebody answers', () => {
    const stops: CallEvent = { type: 'caller.said', at: 5_900, itemId: 'u1', text: 'a latte', after: null };
    const waits = [...greeted, stops, whispered, { type: 'node.draining', at: 6_100, urgent: true } as const];
    const again = [...waits, fact.stopped, next({ kind: 'handover', reason: 'drain' }), at(fact.started, 11_000)];
    expect(play([...again, at(fact.ready, 11_200)]).snapshot.context.turnOpen).toBe(true);
  });
});

describe('a supervisor who takes over', () => {
  test('gets the caller after a sentence, at once where nobody speaks yet or a farewell is said', () => {
    const talking = play([...greeted, tookOver]);
    expect(talking.snapshot.value).toEqual({ conversation: 'leaving' });
    expect(talking.effects.at(-1)).toMatchObject({ type: 'line.play', line: 'connecting' });
    expect(play([...greeted, tookOver, at(fact.silent, 7_000)]).effects.at(-1)).toMatchObject({
      type: 'stream.leave',
      intent: toKim,
    });
    const opening = play([fact.arrived, fact.started, tookOver]);
    expect(opening.effects.at(-1)).toMatchObject({ type: 'stream.leave', intent: toKim });
    const leaving = [...greeted, fact.asked, at(fact.silentAnswer, 5_100), at(left(transfer), 5_200)];
    expect(play(leaving).snapshot.value).toEqual({ conversation: 'leaving' });
    expect(play([...leaving, tookOver]).effects.at(-1)).toMatchObject({ type: 'stream.leave', intent: toKim });
  });

  test('does not wait for ever for the sentence to be heard', () => {
    const late = passed('farewell', 6_000 + limits.farewellMs);
    expect(play([...greeted, tookOver, late]).effects.at(-1)).toMatchObject({ type: 'stream.leave', intent: toKim });
  });

  test('has the phone rung, again where the answer was lost, and the call ends with the talk', () => {
    const { snapshot } = play(away);
    expect([snapshot.value, snapshot.context.ringing, snapshot.context.supervisor]).toEqual(['dialing', KIM, 'Kim']);
    expect(play([...away, at(next(null), 7_500)]).snapshot.context).toMatchObject({ ringing: KIM, supervisor: 'Kim' });
    const { value, context } = play([...away, dialed('completed')]).snapshot;
    expect([value, context.outcome, context.supervisor]).toEqual(['hangingUp', 'transferred', null]);
  });

  test('who does not answer leaves the caller with the assistant', () => {
    const { effects } = play([...away, dialed('no-answer'), at(fact.started, 52_000)]);
    expect(effects.at(-1)).toMatchObject({ type: 'model.open', opening: 'staffUnavailable' });
  });

  test('gives back: the assistant goes on where it was, also from the waiting room', () => {
    const handover = at(next({ kind: 'handover', reason: 'supervisor' }), 60_100);
    const back = play([...away, gaveBack, handover, at(fact.started, 61_000)]);
    expect(back.effects.at(-1)).toMatchObject({ type: 'model.open', opening: 'returned' });
    expect(back.snapshot.context.supervisor).toBeNull();
    const full = { ...handover, queued: true } as CallEvent;
    const placed: CallEvent = { type: 'carrier.waitEnded', at: 70_000, how: 'placed', waitedMs: 9_000 };
    expect(play([...away, gaveBack, full, placed, at(fact.started, 71_000)]).effects.at(-1)).toMatchObject({
      type: 'model.open',
      opening: 'returned',
    });
  });

  test('cannot give back what the staff has', () => {
    const staff = [...greeted, fact.stopped, next(transfer), gaveBack];
    const handover = at(next({ kind: 'handover', reason: 'supervisor' }), 60_100);
    expect(play([...staff, handover, at(fact.started, 61_000)]).effects.at(-1)).toMatchObject({ opening: 'resuming' });
  });
});

describe('a supervisor who ends the call', () => {
  test('is not talked out of it by the caller, and the caller hears a goodbye', () => {
    const { snapshot, effects } = play([
      ...greeted,
      hungUp,
      { type: 'caller.speechStarted', at: 6_100, itemId: 'u1' },
      at(fact.silent, 7_000),
    ]);
    expect(effects.slice(-2)).toMatchObject([
      { type: 'line.play', line: 'farewell' },
      { type: 'stream.leave', intent: { kind: 'hangup', reason: 'supervisor' } },
    ]);
    expect(snapshot.value).toEqual({ conversation: 'left' });
  });
});

describe('a supervisor who puts the caller through', () => {
  const put = (over: object): CallEvent => ({ type: 'supervisor.transferred', at: 6_000, by: 'Kim', ...over });

  test('to somebody who is free', () => {
    const { effects } = play([...greeted, put({ to: '+15550003333' }), at(fact.silent, 7_000)]);
    expect(effects.at(-1)).toMatchObject({ intent: { kind: 'transfer', reason: 'supervisor', to: '+15550003333' } });
  });

  test('into the line where nobody is, and the conversation goes on', () => {
    const { snapshot } = play([...greeted, put({ waits: true })]);
    expect([snapshot.value, snapshot.context.inLine]).toEqual([{ conversation: 'talking' }, true]);
  });
});
