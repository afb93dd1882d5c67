import { describe, expect, test } from 'vitest';
import { fact, hangup, left, next, passed, play, transfer, voicemail } from './call.fixture.ts';
import { type CallEvent, limits } from './call-events.ts';

describe('stories of a call', () => {
  const talking = [fact.arrived, fact.started, fact.ready];

  test('the greeting comes from a model session with nothing to remember', () => {
    const { effects } = play([fact.arrived, fact.started]);
    expect(effects).toEqual([{ type: 'model.open', id: 'e1', opening: 'greeting', seed: [] }]);
  });

  test('end_call hangs up only after the farewell was heard', () => {
    const { snapshot, effects } = play([...talking, fact.asked, fact.silentAnswer, left(hangup), fact.farewell]);
    expect(snapshot.value).toEqual({ conversation: 'leaving' });
    expect(effects.at(-1)).toEqual({
      type: 'tool.deliver',
      id: 'e3',
      toolCallId: 't1',
      output: '"bye"',
      respond: true,
    });
    const heard = play([...talking, fact.asked, fact.silentAnswer, left(hangup), fact.farewell, fact.silent]);
    expect(heard.snapshot.value).toEqual({ conversation: 'left' });
    expect(heard.effects.at(-1)).toEqual({ type: 'stream.leave', id: 'e4', intent: hangup });
    const after = play([
      ...talking,
      fact.asked,
      fact.silentAnswer,
      left(hangup),
      fact.farewell,
      fact.silent,
      fact.stopped,
      next(hangup),
    ]);
    expect(after.snapshot.value).toBe('hangingUp');
    expect(
      play([
        ...talking,
        fact.asked,
        fact.silentAnswer,
        left(hangup),
        fact.farewell,
        fact.silent,
        fact.stopped,
        next(hangup),
        fact.completed,
      ]).snapshot.value,
    ).toBe('ended');
  });

  test('a farewell said beside the tool ask is not asked for again', () => {
    const { effects, snapshot } = play([...talking, fact.asked, left(transfer), fact.spokenAsk]);
    expect(effects.at(-1)).toMatchObject({ type: 'tool.deliver', respond: false });
    expect(snapshot.value).toEqual({ conversation: 'leaving' });
    expect(play([...talking, fact.asked, left(transfer), fact.spokenAsk, fact.silent]).effects.at(-1)).toMatchObject({
      type: 'stream.leave',
      intent: transfer,
    });
  });

  test('a farewell that was never heard is left behind at its deadline', () => {
    const { effects } = play([
      ...talking,
      fact.asked,
      fact.silentAnswer,
      left(transfer),
      passed('farewell', 3_200 + limits.farewellMs),
    ]);
    expect(effects.at(-1)).toMatchObject({ type: 'stream.leave', intent: transfer });
  });

  test('who speaks into the goodbye is not hung up on', () => {
    const { snapshot } = play([
      ...talking,
      fact.asked,
      fact.silentAnswer,
      left(hangup),
      { type: 'caller.speechStarted', at: 3_500, itemId: 'u9' },
      fact.farewell,
      fact.silent,
    ]);
    expect(snapshot.value).toEqual({ conversation: 'talking' });
  });

  test.each([
    ['dialing', transfer, 'wants a person'],
    ['recording', voicemail, 'catering'],
    ['hangingUp', hangup, ''],
    ['menu', { kind: 'menu', reason: 'no model' } as const, 'no model'],
  ])('a carrier that did not hear the answer is told %s again', (state, intent, about) => {
    const again = { ...next(null, 1), at: 12_000 };
    const { snapshot } = play([fact.arrived, fact.started, fact.ready, next(intent), again]);
    expect([snapshot.value, snapshot.context.about]).toEqual([state, about]);
    expect(Object.values(snapshot.context.pending.deadlines)).toEqual([expect.toSatisfy((at) => at > again.at)]);
  });

  test('all attempts at a model share one deadline: the menu comes in time', () => {
    const again: CallEvent = { type: 'model.lost', at: 8_500, code: 'configure_timeout', fatal: false };
    const { snapshot } = play([fact.arrived, fact.started, again]);
    const from = (at: number) => ({ model: at + limits.modelMs, filler: at + limits.fillerMs });
    expect(snapshot.context.pending.deadlines).toEqual(from(fact.started.at));
    const { snapshot: later } = play([fact.arrived, fact.started, fact.ready, again]);
    expect(later.context.pending.deadlines).toEqual(from(again.at));
  });

  test('who speaks before the farewell has begun leaves the model no tool without an output', () => {
    const facts = [fact.arrived, fact.started, fact.ready, fact.asked, left(hangup)];
    const { snapshot, effects } = play([...facts, { type: 'caller.speechStarted', at: 3_250, itemId: 'u2' }]);
    expect(snapshot.value).toEqual({ conversation: 'talking' });
    expect(effects.at(-1)).toEqual({
      type: 'tool.deliver',
      id: 'e3',
      toolCallId: 't1',
      output: '"bye"',
      respond: false,
    });
  });

  test('a caller whom staff did not answer is back in the same conversation', () => {
    const said: CallEvent = {
      type: 'caller.said',
      at: 2_500,
      itemId: 'u1',
      text: 'do you cater weddings',
      after: null,
    };
    const { effects } = play([
      ...talking,
      said,
      fact.asked,
      left(transfer),
      fact.spokenAsk,
      fact.silent,
      fact.stopped,
      next(transfer),
      { type: 'carrier.dialEnded', at: 40_000, result: 'no-answer', durationS: 0 },
      { ...fact.started, at: 41_000, streamSid: 'MZ2' },
    ]);
    expect(effects.at(-1)).toMatchObject({ type: 'model.open', opening: 'staffUnavailable' });
    expect(JSON.stringify(effects.at(-1))).toContain('do you cater weddings');
  });

  test('a stream that stops is not a call that ended: it is waited for, then REST is asked', () => {
    const stopped = play([...talking, fact.stopped]);
    expect(stopped.snapshot.value).toBe('detached');
    const asked = play([...talking, fact.stopped, passed('detached', 9_000 + limits.detachedMs)]);
    expect(asked.effects.at(-1)).toMatchObject({ type: 'carrier.ask' });
    expect(asked.snapshot.value).toBe('detached');
    expect(
      play([
        ...talking,
        fact.stopped,
        passed('detached', 39_000),
        { type: 'carrier.gone', at: 39_100, status: 'completed', durationS: 8 },
      ]).snapshot.value,
    ).toBe('ended');
  });

  test('the stop of an older stream does not detach the one that followed it', () => {
    const { snapshot } = play([...talking, { ...fact.started, streamSid: 'MZ2', at: 8_000 }, fact.stopped]);
    expect(snapshot.value).toEqual({ conversation: 'opening' });
  });

  test('a stream that breaks three times in a minute ends in the keypad menu, not in a loop', () => {
    expect(play([...talking, fact.stopped, next(null, 1)]).snapshot.value).toBe('ringing');
    expect(play([...talking, fact.stopped, next(null, limits.breaksMax)]).snapshot.value).toBe('menu');
  });

  test('a lost model session is opened again with what was said; a fatal loss leads to the menu', () => {
    const said: CallEvent = { type: 'caller.said', at: 2_500, itemId: 'u1', text: 'a latte', after: null };
    expect(play([...talking, said, fact.lost]).effects.at(-1)).toMatchObject({
      type: 'model.open',
      opening: 'bridging',
      seed: [{ who: 'caller', itemId: 'u1', text: 'a latte' }],
    });
    expect(play([...talking, fact.lostForGood]).effects.at(-1)).toMatchObject({
      type: 'stream.leave',
      intent: { kind: 'menu', reason: 'insufficient_quota' },
    });
  });

  test('sessions that are lost one after the other are opened with growing pauses, then the menu answers', () => {
    const opens = (events: CallEvent[]) => play(events).effects.filter(({ type }) => type === 'model.open').length;
    const twice = [...talking, fact.lost, fact.lost];
    expect([opens(twice), play(twice).snapshot.context.pending.deadlines]).toEqual([
      2,
      { model: fact.lost.at + limits.modelMs, filler: fact.lost.at + limits.fillerMs, retry: fact.lost.at + 500 },
    ]);
    expect(opens([...twice, passed('retry', fact.lost.at + 499)])).toBe(2);
    expect(opens([...twice, passed('retry', fact.lost.at + 500)])).toBe(3);
    const five = Array.from({ length: limits.modelAttemptsMax }, () => fact.lost);
    expect(play([...talking, ...five]).effects.at(-1)).toMatchObject({
      type: 'stream.leave',
      intent: { kind: 'menu', reason: '1006' },
    });
  });

  test('a session is opened after a loss only when the running tool has answered, and is told its answer', () => {
    const ask = { ...fact.asked, name: 'get_menu' };
    const waiting = play([...talking, ask, fact.lost]);
    expect(waiting.effects.map((effect) => effect.type)).toEqual(['model.open', 'tool.run']);
    const answered = play([...talking, ask, fact.lost, left(null)]);
    expect(answered.effects.at(-1)).toMatchObject({
      type: 'model.open',
      seed: [{ who: 'tool', toolCallId: 't1', output: '"bye"' }],
    });
  });

  test('a tool asked twice under one id runs once', () => {
    expect(
      play([...talking, fact.asked, fact.asked]).effects.filter((effect) => effect.type === 'tool.run'),
    ).toHaveLength(1);
    expect(
      play([...talking, fact.asked, left(null), left(null)]).effects.filter((effect) => effect.type === 'tool.deliver'),
    ).toHaveLength(1);
  });

  test('a stale deadline is nothing', () => {
    expect(play([...talking, passed('model', 2_200)]).snapshot.value).toEqual({ conversation: 'talking' });
    expect(play([fact.arrived, passed('stream', 1_500)]).effects).toEqual([]);
  });

  test('zero and star reach a person without the model', () => {
    expect(play([...talking, { type: 'carrier.dtmf', at: 3_000, digit: '0' }]).effects.at(-1)).toMatchObject({
      type: 'stream.leave',
      intent: { kind: 'transfer' },
    });
    expect(play([...talking, { type: 'carrier.dtmf', at: 3_000, digit: '7' }]).effects).toHaveLength(1);
  });

  test('turns stand in the order they were said in, as they were heard', () => {
    const { snapshot } = play([
      ...talking,
      { type: 'assistant.said', at: 2_900, itemId: 'a1', responseId: 'r0', text: 'Hello there', totalMs: 900 },
      {
        type: 'assistant.said',
        at: 4_700,
        itemId: 'a2',
        responseId: 'r1',
        text: 'We open at seven and close at six',
        totalMs: 2_000,
      },
      { type: 'caller.said', at: 4_800, itemId: 'u1', text: 'your hours please', after: 'a1' },
      { type: 'assistant.heard', at: 4_900, itemId: 'a1', text: 'Hello there', heardMs: 900, totalMs: 900, cut: false },
      { type: 'assistant.heard', at: 5_000, itemId: 'a2', text: 'We open at', heardMs: 600, totalMs: 2_000, cut: true },
    ]);
    expect(snapshot.context.turns).toEqual([
      { who: 'assistant', itemId: 'a1', text: 'Hello there', cut: false },
      { who: 'caller', itemId: 'u1', text: 'your hours please' },
      { who: 'assistant', itemId: 'a2', text: 'We open at', cut: true },
    ]);
  });

  test('a later card number takes back the words of an earlier turn', () => {
    const { snapshot } = play([
      ...talking,
      { type: 'caller.said', at: 3_000, itemId: 'u1', text: '4111 1111', after: null },
      { type: 'journal.redacted', at: 3_500, itemId: 'u1', text: '[card]' },
    ]);
    expect(snapshot.context.turns).toEqual([{ who: 'caller', itemId: 'u1', text: '[card]' }]);
  });

  test('a call by the keypad menu goes back to it when staff do not answer', () => {
    const menu = [...talking, fact.lostForGood, fact.stopped, next({ kind: 'menu', reason: 'no model' })];
    const dialled: CallEvent[] = [...menu, { type: 'carrier.menuChosen', at: 11_000, digits: '2' }];
    expect(play(dialled).snapshot.value).toBe('dialing');
    expect(
      play([...dialled, { type: 'carrier.dialEnded', at: 20_000, result: 'busy', durationS: 0 }]).snapshot.value,
    ).toBe('menu');
    const nothing: CallEvent = { type: 'carrier.menuChosen', at: 11_000, digits: '' };
    expect(play([...menu, nothing, nothing, nothing]).snapshot.value).toBe('hangingUp');
  });
});
