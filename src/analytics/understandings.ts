import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type EntityManager, In } from 'typeorm';
import type { CallLog } from '../../entities/call-log.ts';
import { type CallUnderstanding, CallUnderstandingEntity } from '../../entities/call-understanding.ts';
import { type ToolExecution, ToolExecutionEntity } from '../../entities/tool-execution.ts';
import { type Turn, TurnEntity } from '../../entities/turn.ts';
import { inConversationOrder } from '../services/call-log.ts';
import { localMinute } from '../services/promotions.ts';
import type { Projection } from './projection.ts';
import { isBefore } from './stored-fact.ts';
import { type StoreOfCalls, readStore } from './understanding/read-store.ts';
import { readByRules, RULES_VERSION } from './understanding/rules.ts';
import type { Conversation, Understanding } from './understanding/understanding.ts';

/** Who reads a call before, or instead of, a chat model. */
export const RULES = 'rules';
const HASH_CHARS = 32;

/** A call as it is read, with the items that its turns are. */
export interface ReadableCall {
  conversation: Conversation;
  /** By the index of the turn. */
  itemIds: string[];
  inputHash: string;
}

/** What was said and heard in a call, in order, with its tools; what nobody heard told nobody anything. */
export function readableCall(
  call: Pick<CallLog, 'startedAt' | 'endedAt' | 'outcome'>,
  turns: readonly Turn[],
  tools: readonly Pick<ToolExecution, 'toolCallId' | 'name' | 'arguments' | 'output' | 'startedAt'>[],
  { words, timeZone }: StoreOfCalls,
): ReadableCall {
  const ordered = inConversationOrder(turns.toSorted((left, right) => (isBefore(left, right) ? -1 : 1))).flatMap(
    (turn) => {
      const text = turn.heardText ?? turn.text;
      return text === '' ? [] : [{ itemId: turn.itemId, who: turn.who, text }];
    },
  );
  const conversation: Conversation = {
    turns: ordered.map(({ who, text }) => ({ who, text })),
    tools: tools
      .toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime() || (a.toolCallId < b.toolCallId ? -1 : 1))
      .map((run) => ({ name: run.name, arguments: run.arguments, output: run.output })),
    outcome: call.outcome,
    span: {
      startLocal: localMinute(call.startedAt.getTime(), timeZone),
      endLocal: localMinute((call.endedAt ?? call.startedAt).getTime(), timeZone),
    },
  };
  const input = JSON.stringify([RULES_VERSION, ordered, conversation, words]);
  const inputHash = createHash('sha256').update(input).digest('hex').slice(0, HASH_CHARS);
  return { conversation, itemIds: ordered.map(({ itemId }) => itemId), inputHash };
}

/** The row of what was understood; turns become the items that they are. */
export function understandingRow(
  callSid: string,
  { itemIds, inputHash }: ReadableCall,
  understood: Understanding,
  by: Pick<CallUnderstanding, 'classifier' | 'reading'>,
): CallUnderstanding {
  const itemOf = (turn: number | null): string | null => (turn === null ? null : (itemIds[turn] ?? null));
  const { intents, resolution, summary, promotion, codes, questions, products, transferReason } = understood;
  return {
    callSid,
    inputHash,
    ...by,
    intents: intents.map(({ intent, turn }) => ({ intent, itemId: itemOf(turn) })),
    resolution,
    summary,
    promotionSlug: promotion,
    codes,
    questions: questions.map(({ turn, question }) => ({ itemId: itemOf(turn), question })),
    products,
    transferReason,
  };
}

/** Turns and tools of calls, from their rows. */
export async function readCalls(
  manager: EntityManager,
  calls: readonly CallLog[],
  store: StoreOfCalls,
): Promise<Map<string, ReadableCall>> {
  const callSid = In(calls.map((call) => call.callSid));
  const turns = Map.groupBy(await manager.findBy(TurnEntity, { callSid }), (turn) => turn.callSid);
  const runs = await manager.find(ToolExecutionEntity, {
    where: { callSid },
    select: { callSid: true, toolCallId: true, name: true, arguments: true, output: true, startedAt: true },
  });
  const tools = Map.groupBy(runs, (run) => run.callSid);
  return new Map(
    calls.map((call) => {
      const { callSid: sid } = call;
      return [sid, readableCall(call, turns.get(sid) ?? [], tools.get(sid) ?? [], store)];
    }),
  );
}

/** The call's row with what lists of calls show of it. */
export function withUnderstanding(call: CallLog, { intents, promotionSlug }: CallUnderstanding): CallLog {
  return { ...call, intents: intents.map(({ intent }) => intent), promotionSlug };
}

async function understand(manager: EntityManager, over: readonly CallLog[]): Promise<CallLog[]> {
  const store = await readStore(manager);
  const readable = await readCalls(manager, over, store);
  const known = await manager.findBy(CallUnderstandingEntity, { callSid: In([...readable.keys()]) });
  const read = new Map(known.map((row) => [row.callSid, row]));
  const rows: CallUnderstanding[] = [];
  const calls: CallLog[] = [];
  for (const call of over) {
    const own = readable.get(call.callSid);
    const before = read.get(call.callSid);
    // What was read already stands, whoever read it: a chat model is not asked twice about the same words.
    if (!own || before?.inputHash === own.inputHash) {
      calls.push(own && before ? withUnderstanding(call, before) : call);
      continue;
    }
    // A long call takes some ms to read, and this process may carry calls.
    await nextTurn();
    const understood = readByRules(own.conversation, store.words);
    const row = understandingRow(call.callSid, own, understood, { classifier: RULES, reading: 'none' });
    rows.push(row);
    calls.push(withUnderstanding(call, row));
  }
  if (rows.length > 0) await manager.upsert(CallUnderstandingEntity, rows, ['callSid']);
  return calls;
}

/**
 * Once a call is over, what its caller wanted and got, by rules. Turns that come later, or are redacted, have it read
 * anew, and nothing of an earlier reading is kept.
 */
export const understandings: Projection = {
  name: 'understandings',
  writes: ['call_understanding', 'call_log.intents', 'call_log.promotion_slug'],
  async apply({ manager, calls }) {
    const over = [...calls.values()].filter((row) => row.endedAt !== null);
    if (over.length === 0) return;
    for (const row of await understand(manager, over)) calls.set(row.callSid, row);
  },
};
