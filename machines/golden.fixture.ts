import { createActor } from 'xstate';
import { callMachine } from './call.ts';
import { type Outcome } from './call-context.ts';
import type { CallEvent, Turn } from './call-events.ts';

/** A call's journal as a released machine wrote it, and what that machine made of it. */
export interface Golden {
  /** What happens in the call. */
  story: string;
  /** Of the machine that wrote it. */
  machineVersion: number;
  facts: CallEvent[];
  end: { state: string; outcome: Outcome; turns: Turn[]; recordings: number; pending: number };
  /** Where the call stood after each fact that moved it: `12 conversation.talking`. */
  states: string[];
}

function nameOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[outer, inner] = []] = Object.entries(value as Record<string, unknown>);
  return `${outer}.${nameOf(inner)}`;
}

function* fold(facts: readonly CallEvent[]) {
  const actor = createActor(callMachine, { input: { callSid: 'CA1' } }).start();
  yield actor.getSnapshot();
  for (const fact of facts) {
    if (actor.getSnapshot().status === 'active') actor.send(fact);
    const snapshot = actor.getSnapshot();
    if (snapshot.status === 'error') throw snapshot.error;
    yield snapshot;
  }
}

export function endOf(facts: readonly CallEvent[]): Golden['end'] {
  const last = [...fold(facts)].at(-1);
  if (!last) throw new Error('a journal without facts');
  const { outcome, turns, recordings, pending } = last.context;
  return { state: nameOf(last.value), outcome, turns, recordings, pending: Object.keys(pending.effects).length };
}

export function statesOf(facts: readonly CallEvent[]): string[] {
  const names = [...fold(facts)].map(({ value }) => nameOf(value));
  return names.flatMap((name, index) => (name === names[index - 1] ? [] : [`${index} ${name}`]));
}
