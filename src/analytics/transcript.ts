import { type EntityManager, In } from 'typeorm';
import type { CallLog, TranscriptLine } from '../../entities/call-log.ts';
import { type Turn, TurnEntity } from '../../entities/turn.ts';
import { inConversationOrder } from '../services/call-log.ts';
import type { Projection } from './projection.ts';
import { isBefore } from './stored-fact.ts';

/** What was said and heard, in order; what of the assistant nobody heard is no line of it. */
export function transcriptOf(turns: readonly Turn[]): TranscriptLine[] {
  const stored = turns.toSorted((left, right) => (isBefore(left, right) ? -1 : 1));
  return inConversationOrder(stored).flatMap((turn): TranscriptLine[] => {
    const at = turn.at.toISOString();
    if (turn.who === 'caller') return [{ who: 'caller', text: turn.text, at, cut: false }];
    // Never reported as heard: the line broke before that was known.
    if (turn.heardText === null) return [{ who: 'assistant', text: turn.text, at, cut: true }];
    return turn.heardText === '' ? [] : [{ who: 'assistant', text: turn.heardText, at, cut: turn.cut }];
  });
}

async function finish(manager: EntityManager, calls: readonly CallLog[], now: number): Promise<CallLog[]> {
  if (calls.length === 0) return [];
  const callSid = In(calls.map((call) => call.callSid));
  const turns = Map.groupBy(await manager.findBy(TurnEntity, { callSid }), (turn) => turn.callSid);
  return calls.map((call) => {
    const processedAt = call.processedAt ?? new Date(now);
    return { ...call, transcript: transcriptOf(turns.get(call.callSid) ?? []), processedAt };
  });
}

/** Once a call is over, its transcript. */
export const transcripts: Projection = {
  name: 'transcripts',
  writes: ['call_log.transcript', 'call_log.processed_at'],
  async apply({ manager, calls, now }) {
    const over = [...calls.values()].filter((row) => row.endedAt !== null);
    for (const row of await finish(manager, over, now)) calls.set(row.callSid, row);
  },
};
