import { type ActorRefFrom, createActor } from 'xstate';
import { callMachine } from './call.ts';
import type { CallEffect, CallEvent, Intent } from './call-events.ts';

const usage = null;
export const input = { callSid: 'CA1' };
export const transfer: Intent = { kind: 'transfer', reason: 'wants a person' };
export const voicemail: Intent = { kind: 'voicemail', topic: 'catering' };
export const hangup: Intent = { kind: 'hangup', reason: 'said goodbye' };

export const fact = {
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

export const left = (intent: Intent | null): CallEvent => ({
  type: 'tool.answered',
  at: 3_200,
  toolCallId: 't1',
  result: 'ok',
  output: '"bye"',
  durationMs: 5,
  leave: intent,
});
export const next = (intent: Intent | null, breaks = 0): CallEvent => ({
  type: 'carrier.nextAsked',
  at: 10_000,
  intent,
  breaks,
});
export const passed = (name: Extract<CallEvent, { type: 'deadline.passed' }>['name'], at: number): CallEvent => ({
  type: 'deadline.passed',
  at,
  name,
});

/** As the host does: an ended call is told nothing more. */
export function tell(actor: ActorRefFrom<typeof callMachine>, event: CallEvent) {
  if (actor.getSnapshot().status === 'active') actor.send(event);
}

export function play(events: CallEvent[]) {
  const actor = createActor(callMachine, { input });
  const effects: CallEffect[] = [];
  actor.on('*', (effect) => effects.push(effect));
  actor.start();
  for (const event of events) tell(actor, event);
  return { snapshot: actor.getSnapshot(), effects };
}
