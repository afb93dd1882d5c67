import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ActorRefFrom, createActor, type SnapshotFrom } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { callMachine } from './call.ts';
import { diagram } from './call-diagram.ts';
import { type CallEffect, type CallEvent, type Intent, limits } from './call-events.ts';
import { ignored } from './call-ignored.ts';

const usage = null;
const input = { callSid: 'CA1' };
const transfer: Intent = { kind: 'transfer', reason: 'wants a person' };
const voicemail: Intent = { kind: 'voicemail', topic: 'catering' };
const hangup: Intent = { kind: 'hangup', reason: 'said goodbye' };

const fact = {
  arrived: { type: 'carrier.arrived', at: 1_000, from: '+15550001111', to: '+15550002222', node: 'n1' },
  started: { type: 'carrier.streamStarted', at: 2_000, streamSid: 'MZ1', node: 'n1' },
  stopped: { type: 'carrier.streamStopped', at: 9_000, streamSid: 'MZ1', reason: 'closed' },
  ready: { type: 'model.ready', at: 2_300, sessionId: 'sess_1', model: 'm' },
  lost: { type: 'model.lost', at: 2_400, code: '1006', fatal: false },
  lostForGood: { type: 'model.lost', at: 2_400, code: 'insufficient_quota', fatal: true },
  asked: { type: 'tool.asked', at: 3_000, toolCallId: 't1', responseId: 'r1', name: 'end_call', arguments: '{}' },
  silentAnswer: {
    type: 'model.responded',
    at: 3_100,
    responseId: 'r1',
    status: 'completed',
    spoke: false,
    toolCallIds: ['t1'],
    errorCode: null,
    usage,
  },
  farewell: {
    type: 'model.responded',
    at: 3_900,
    responseId: 'r2',
    status: 'completed',
    spoke: true,
    toolCallIds: [],
    errorCode: null,
    usage,
  },
  spokenAsk: {
    type: 'model.responded',
    at: 3_100,
    responseId: 'r1',
    status: 'completed',
    spoke: true,
    toolCallIds: ['t1'],
    errorCode: null,
    usage,
  },
  silent: { type: 'assistant.fellSilent', at: 5_000 },
  completed: { type: 'carrier.statusReported', at: 60_000, status: 'completed', durationS: 59, sequence: 3 },
} satisfies Record<string, CallEvent>;

const left = (intent: Intent | null): CallEvent => ({
  type: 'tool.answered',
  at: 3_200,
  toolCallId: 't1',
  result: 'ok',
  output: '"bye"',
  durationMs: 5,
  leave: intent,
});
const next = (intent: Intent | null, breaks = 0): CallEvent => ({
  type: 'carrier.nextAsked',
  at: 10_000,
  intent,
  breaks,
});
const passed = (name: Extract<CallEvent, { type: 'deadline.passed' }>['name'], at: number): CallEvent => ({
  type: 'deadline.passed',
  at,
  name,
});

/** As the host does: an ended call is told nothing more. */
function tell(actor: ActorRefFrom<typeof callMachine>, event: CallEvent) {
  if (actor.getSnapshot().status === 'active') actor.send(event);
}

function play(events: CallEvent[]) {
  const actor = createActor(callMachine, { input });
  const effects: CallEffect[] = [];
  actor.on('*', (effect) => effects.push(effect));
  actor.start();
  for (const event of events) tell(actor, event);
  return { snapshot: actor.getSnapshot(), effects };
}

const place = (snapshot: SnapshotFrom<typeof callMachine>) => JSON.stringify(snapshot.value);

/** One of each kind of fact, so that every state can be reached and every state meets every fact. */
const anyFact: CallEvent[] = [
  ...Object.values(fact),
  left(hangup),
  left(transfer),
  left(null),
  next(null),
  next(null, limits.breaksMax),
  next(transfer),
  next(voicemail),
  next(hangup),
  next({ kind: 'menu', reason: 'no model' }),
  { type: 'carrier.dtmf', at: 4_000, digit: '0' },
  { type: 'carrier.dtmf', at: 4_000, digit: '5' },
  { type: 'carrier.statusReported', at: 2_000, status: 'in-progress', durationS: null, sequence: 1 },
  { type: 'carrier.dialEnded', at: 30_000, result: 'completed', durationS: 20 },
  { type: 'carrier.dialEnded', at: 30_000, result: 'no-answer', durationS: 0 },
  { type: 'carrier.menuChosen', at: 11_000, digits: '1' },
  { type: 'carrier.menuChosen', at: 11_000, digits: '2' },
  { type: 'carrier.menuChosen', at: 11_000, digits: '3' },
  { type: 'carrier.menuChosen', at: 11_000, digits: '' },
  { type: 'carrier.recordEnded', at: 40_000, recordingSid: 'RE1', recordingUrl: 'u', durationS: 9, digits: '#' },
  {
    type: 'carrier.recordingReady',
    at: 41_000,
    recordingSid: 'RE1',
    recordingUrl: 'u',
    durationS: 9,
    status: 'completed',
  },
  { type: 'carrier.gone', at: 50_000, status: 'completed', durationS: 1 },
  { type: 'carrier.stillLive', at: 50_000, status: 'in-progress' },
  { type: 'caller.speechStarted', at: 4_000, itemId: 'u1' },
  { type: 'caller.speechStopped', at: 4_500, itemId: 'u1' },
  { type: 'caller.said', at: 4_600, itemId: 'u1', text: 'hello', after: null },
  { type: 'assistant.said', at: 4_700, itemId: 'a1', responseId: 'r2', text: 'Good bye', totalMs: 600 },
  { type: 'assistant.heard', at: 5_000, itemId: 'a1', text: 'Good', heardMs: 300, totalMs: 600, cut: true },
  { type: 'journal.redacted', at: 5_100, itemId: 'u1', text: '[card]' },
  ...(['stream', 'detached', 'model', 'farewell', 'ring', 'record', 'menu', 'ending', 'check'] as const).map((name) =>
    passed(name, 10_000_000),
  ),
];

const leaves = [
  'ringing',
  'detached',
  'dialing',
  'recording',
  'menu',
  'hangingUp',
  'ended',
  ...['opening', 'talking', 'leaving', 'left'].map((inner) => ({ conversation: inner })),
].map((value) => JSON.stringify(value));

const paths = getShortestPaths(callMachine, {
  input,
  events: anyFact,
  serializeState: (snapshot) =>
    JSON.stringify([
      snapshot.value,
      'context' in snapshot && [
        snapshot.context.leaving?.delivered,
        snapshot.context.silent,
        snapshot.context.lastResponse?.spoke,
        snapshot.context.menuRounds,
        Object.values(snapshot.context.pending.effects).some((effect) => effect.type === 'tool.run'),
      ],
    ]),
  limit: 200_000,
});

describe('the call machine', () => {
  test('reaches every state', () => {
    expect(new Set(paths.map((path) => place(path.state)))).toEqual(new Set(leaves));
  });

  test('handles every fact in every state, or says that it ignores it', () => {
    const wrong = new Set<string>();
    for (const { state } of paths) {
      if (state.status === 'done') continue;
      const path = typeof state.value === 'string' ? state.value : `conversation.${state.value.conversation}`;
      for (const { type } of anyFact) {
        const handles = [...state._nodes].some((node) => type in (node.config.on ?? {}));
        const ignores = ignored[path]?.includes(type) ?? false;
        if (handles === ignores) wrong.add(`${path} ${type}: ${handles ? 'handled and on the list' : 'neither'}`);
      }
    }
    expect([...wrong]).toEqual([]);
  });

  test('is drawn in call.md as it is', () => {
    expect(readFileSync(join(import.meta.dirname, 'call.md'), 'utf8')).toBe(diagram());
  });

  test('folds any journal to the same call, however often it is dropped and rebuilt on the way', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...anyFact), { maxLength: 40 }), fc.array(fc.nat(40)), (facts, drops) => {
        let actor = createActor(callMachine, { input }).start();
        facts.forEach((event, at) => {
          tell(actor, event);
          if (!drops.includes(at)) return;
          actor.stop();
          actor = createActor(callMachine, { input }).start();
          for (const earlier of facts.slice(0, at + 1)) tell(actor, earlier);
        });
        const { value, context, status } = actor.getSnapshot();
        const whole = play(facts).snapshot;
        expect({ value, context, status }).toEqual({
          value: whole.value,
          context: whole.context,
          status: whole.status,
        });
        expect(status).not.toBe('error');
        expect(JSON.parse(JSON.stringify(context))).toEqual(context);
      }),
      { numRuns: 300 },
    );
  });

  test('has always something to wait for until it ends: a deadline, or a stream that will stop', () => {
    for (const { state } of paths) {
      if (state.status === 'done' || state.context.from === '') continue;
      const talks = place(state) === '{"conversation":"talking"}';
      expect([place(state), talks || Object.keys(state.context.pending.deadlines).length > 0]).toEqual([
        place(state),
        true,
      ]);
    }
  });
});

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
    expect(play([fact.arrived, fact.started, fact.lost, fact.lost, fact.lost]).effects.at(-1)).toMatchObject({
      type: 'stream.leave',
      intent: { kind: 'menu' },
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
