import type { Turn } from '../../machines/call-events.ts';

/** A conversation item as a client may create it. Content types are strict by role. */
export type SeedItem =
  | { type: 'message'; role: 'user' | 'system'; content: [{ type: 'input_text'; text: string }] }
  | { type: 'message'; role: 'assistant'; content: [{ type: 'output_text'; text: string }] }
  | { type: 'function_call'; call_id: string; name: string; arguments: string }
  | { type: 'function_call_output'; call_id: string; output: string };

export interface OpenCall {
  toolCallId: string;
  name: string;
  arguments: string;
}

export interface Seed {
  /** Oldest first; `turnId` null for what is no turn of caller or assistant. */
  items: { item: SeedItem; turnId: string | null }[];
  /** Calls without an output: a pair is only seeded whole. */
  open: OpenCall[];
  /** The caller spoke last and was not answered. */
  callerWaits: boolean;
  /** The caller has said something in this call. */
  callerSpoke: boolean;
}

export function systemItem(text: string): SeedItem {
  return { type: 'message', role: 'system', content: [{ type: 'input_text', text }] };
}

export function assistantItem(text: string): SeedItem {
  return { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] };
}

/** What a supervisor noted for the model's next answer. It speaks to the caller, so it must not read the note out as such. */
export function noteItem(text: string): SeedItem {
  return systemItem(`${notePrefix} ${text.replaceAll('"', "'")}`);
}

/** How such a note begins. */
export const notePrefix =
  'Note from a supervisor who listens, unheard by the caller. Act on it in your next answer, and do not say that there is a note:';

export function callPair(call: OpenCall, output: string): SeedItem[] {
  return [
    { type: 'function_call', call_id: call.toolCallId, name: call.name, arguments: call.arguments },
    { type: 'function_call_output', call_id: call.toolCallId, output },
  ];
}

/** What a new session is told of the conversation so far. */
export function seedOf(turns: readonly Turn[]): Seed {
  const seed: Seed = { items: [], open: [], callerWaits: false, callerSpoke: false };
  for (const turn of turns) {
    if (turn.who === 'tool') {
      if (turn.output === null) seed.open.push(turn);
      else seed.items.push(...callPair(turn, turn.output).map((item) => ({ item, turnId: null })));
      continue;
    }
    if (turn.text.trim() === '') continue;
    if (turn.who === 'supervisor') {
      seed.items.push({ item: noteItem(turn.text), turnId: null });
      continue;
    }
    seed.callerWaits = turn.who === 'caller';
    seed.callerSpoke ||= seed.callerWaits;
    const item: SeedItem =
      turn.who === 'caller'
        ? { type: 'message', role: 'user', content: [{ type: 'input_text', text: turn.text }] }
        : assistantItem(turn.cut ? `${turn.text} …` : turn.text);
    seed.items.push({ item, turnId: turn.itemId });
  }
  return seed;
}
