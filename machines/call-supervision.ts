import { sayAndLeave } from './call-clocks.ts';
import { type CallContext, Step } from './call-context.ts';
import type { CallEvent, Intent } from './call-events.ts';
import { toLeft } from './call-steps.ts';
import { insertTurn } from './call-turns.ts';

/** What a supervisor does to a call. Pure. */

type Of<T extends CallEvent['type']> = Extract<CallEvent, { type: T }>;
type Removal = Of<'supervisor.tookOver' | 'supervisor.transferred' | 'supervisor.hungUp'>;

/** Why a call leaves the assistant, in its journal. */
const REASON = 'supervisor';

/** A note stands in the conversation where it was written: whatever session goes on with it knows it. */
export function withNote(context: CallContext, { noteId: itemId, text }: Of<'supervisor.whispered'>) {
  return new Step(context).set({ turns: insertTurn(context.turns, { who: 'supervisor', itemId, text }, null) });
}

/** The same in a conversation: the session that talks is told. */
export function note(context: CallContext, event: Of<'supervisor.whispered'>) {
  return withNote(context, event).want({ type: 'model.note', noteId: event.noteId, text: event.text });
}

/** The caller hears a sentence, then leaves the assistant. */
export function announce(context: CallContext, event: Removal) {
  const line = event.type === 'supervisor.hungUp' ? 'farewell' : 'connecting';
  return sayAndLeave(context, event.at, line, intentOf(event));
}

/** The caller leaves the assistant without a word. */
export function remove(context: CallContext, event: Removal) {
  return toLeft(context, intentOf(event), event.at);
}

/** The call is in line for the staff, and goes on meanwhile. */
export const lineUp = (context: CallContext) => new Step(context).set({ inLine: true });

/** The next stream goes on where the assistant was. */
export const givenBack = (context: CallContext) => new Step(context).set({ opening: 'returned' });

function intentOf(event: Removal): Intent {
  switch (event.type) {
    case 'supervisor.hungUp':
      return { kind: 'hangup', reason: REASON };
    case 'supervisor.transferred':
      return { kind: 'transfer', reason: REASON, ...(event.to !== undefined && { to: event.to }) };
    case 'supervisor.tookOver':
      return { kind: 'transfer', reason: REASON, to: event.to, supervisor: event.by };
  }
}
