import { expect, test } from 'vitest';
import type { CallEvent } from '../../machines/call-events.ts';
import { fact, next } from '../../machines/call.fixture.ts';
import { CallActor } from './actor.ts';

const ended = (facts: CallEvent[]): CallActor => CallActor.fold('CA1', [...facts, fact.completed]);
const stopped = (reason: Extract<CallEvent, { type: 'carrier.streamStopped' }>['reason']): CallEvent => ({
  type: 'carrier.streamStopped',
  at: 50_000,
  streamSid: fact.started.streamSid,
  reason,
});

test.each<[string, boolean, CallEvent[]]>([
  ['that no stream followed', true, [fact.arrived]],
  ['that was streamed', false, [fact.arrived, fact.started]],
  ['that waited in line', false, [{ ...fact.arrived, queued: true }]],
  ['that had waited in line, and no stream followed', false, [{ ...fact.arrived, queued: true }, next(null)]],
  ['that was offered the voicemail at once', false, [{ ...fact.arrived, rung: 'voicemail' }]],
  ['that was put through to the staff at once', false, [{ ...fact.arrived, rung: 'staff' }]],
])('whether the caller was left unanswered: a call %s: %s', (_, wasUnheard, facts) => {
  expect(ended(facts).wasUnheard).toBe(wasUnheard);
});

test.each<[string, string | null, CallEvent[]]>([
  ['the caller hung up', null, [stopped('stopped')]],
  ['its stream was ended here because the call was over', null, [stopped('left')]],
  ['its stream broke, and nobody asked what is next', 'stream', [stopped('closed')]],
  ['nothing came over its stream any more', 'stream', [stopped('silent')]],
  ['its actor failed', 'node', [stopped('failed')]],
  ['its process was gone', 'node', []],
])('what cut a call: %s: %s', (_, cause, facts) => {
  expect(ended([fact.arrived, fact.started, ...facts]).cutBy).toBe(cause);
});
