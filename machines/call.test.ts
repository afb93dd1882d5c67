import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createActor, type SnapshotFrom, transition } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { fact, hangup, input, left, next, passed, play, tell, transfer, voicemail } from './call.fixture.ts';
import { callMachine } from './call.ts';
import { diagram } from './call-diagram.ts';
import { type CallEvent, limits } from './call-events.ts';
import { ignored } from './call-ignored.ts';

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
  { type: 'carrier.recordingSet', at: 41_000, to: 'paused' },
  { ...fact.arrived, queued: true },
  ...(['menu', 'voicemail', 'staff'] as const).map((rung): CallEvent => ({ ...fact.arrived, rung })),
  { ...next(null), queued: true } as CallEvent,
  next({ kind: 'handover', reason: 'drain' }),
  { type: 'carrier.dialEnded', at: 30_000, result: 'busy', durationS: 0, queued: true },
  ...(['placed', 'voicemail', 'menu', 'callback', 'person', 'goodbye'] as const).map((how): CallEvent => ({
    type: 'carrier.waitEnded',
    at: 20_000,
    how,
    waitedMs: 9_000,
  })),
  { type: 'carrier.dialEnded', at: 30_000, result: 'busy', durationS: 0, next: '+15550003333' },
  {
    type: 'carrier.recordEnded',
    at: 40_000,
    recordingSid: 'RE1',
    recordingUrl: 'u',
    durationS: 9,
    digits: '#',
    review: true,
  },
  ...(['keep', 'again', 'person'] as const).map((choice): CallEvent => ({
    type: 'carrier.reviewed',
    at: 45_000,
    choice,
  })),
  { type: 'model.rotated', at: 6_000, sessionId: 'sess_2', rotateMs: 50_000 },
  { type: 'model.rotated', at: 6_000, sessionId: null, rotateMs: 50_000 },
  { type: 'staff.offered', at: 6_000, to: '+15550003333', reason: 'wants a person' },
  { type: 'staff.wentHome', at: 6_000 },
  { type: 'supervisor.whispered', at: 6_000, noteId: 'note1', by: 'Kim', text: 'offer the refund' },
  { type: 'supervisor.tookOver', at: 6_000, by: 'Kim', to: '+15550004444' },
  { type: 'supervisor.gaveBack', at: 6_000, by: 'Kim' },
  { type: 'supervisor.transferred', at: 6_000, by: 'Kim', to: '+15550003333' },
  { type: 'supervisor.transferred', at: 6_000, by: 'Kim', waits: true },
  { type: 'supervisor.hungUp', at: 6_000, by: 'Kim' },
  next({ kind: 'transfer', reason: 'supervisor', to: '+15550004444', supervisor: 'Kim' }),
  { type: 'node.draining', at: 4_000, urgent: false },
  { type: 'node.draining', at: 4_000, urgent: true },
  { type: 'intent.withdrawn', at: 5_500 },
  { type: 'carrier.gone', at: 50_000, status: 'completed', durationS: 1 },
  { type: 'carrier.stillLive', at: 50_000, status: 'in-progress' },
  { type: 'caller.speechStarted', at: 4_000, itemId: 'u1' },
  { type: 'caller.speechStopped', at: 4_500, itemId: 'u1' },
  { type: 'caller.said', at: 4_600, itemId: 'u1', text: 'hello', after: null },
  { type: 'assistant.said', at: 4_700, itemId: 'a1', responseId: 'r2', text: 'Good bye', totalMs: 600 },
  { type: 'assistant.heard', at: 5_000, itemId: 'a1', text: 'Good', heardMs: 300, totalMs: 600, cut: true },
  { type: 'journal.redacted', at: 5_100, itemId: 'u1', text: '[card]' },
  { type: 'journal.erased', at: 5_200, erasureId: 'ER1', numberHash: '', keyId: '', until: 5_200 },
  ...(
    [
      'stream',
      'detached',
      'model',
      'retry',
      'farewell',
      'ring',
      'record',
      'menu',
      'ending',
      'check',
      'handover',
      'filler',
      'answer',
      'quiet',
      'rotate',
      'length',
    ] as const
  ).map((name) => passed(name, 10_000_000)),
];

const leaves = [
  'ringing',
  'waiting',
  'detached',
  'dialing',
  'recording',
  'reviewing',
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
        snapshot.context.draining,
        snapshot.context.turnOpen,
        snapshot.context.modelGone,
        snapshot.context.rotation,
        snapshot.context.offer !== null,
        snapshot.context.leaving?.line === 'timeIsUp' || snapshot.context.leaving?.line === 'farewell',
        Object.values(snapshot.context.pending.effects).some((effect) => effect.type === 'tool.run'),
      ],
    ]),
  limit: 400_000,
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

  test('lets no deadline pass twice: whatever the state, one that has passed stands no more', () => {
    const again = paths.flatMap(({ state }) => {
      if (state.status === 'done') return [];
      return Object.entries(state.context.pending.deadlines).flatMap(([name, at]) => {
        const [after] = transition(callMachine, state, passed(name as 'quiet', at));
        if (after.status === 'done') return [];
        const stands = after.context.pending.deadlines[name as 'quiet'];
        const asksCarrier = Object.values(after.context.pending.effects).some(({ type }) => type === 'carrier.ask');
        // A conversation knows what to do about its own clocks.
        const isForeign = asksCarrier && place(state).startsWith('{"conversation"') && name !== 'detached';
        return (stands !== undefined && stands <= at) || isForeign ? [`${place(state)} ${name}`] : [];
      });
    });
    expect([...new Set(again)]).toEqual([]);
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
