import { type EntityManager, In } from 'typeorm';
import { type ToolExecution, ToolExecutionEntity } from '../../entities/tool-execution.ts';
import type { CallEvent } from '../../machines/call-events.ts';
import type { Projection } from './projection.ts';
import { byCall, type StoredFact } from './stored-fact.ts';

type ToolFact = Extract<CallEvent, { type: 'tool.asked' | 'tool.answered' }>;

function toolFact({ fact }: StoredFact): ToolFact | null {
  return fact.type === 'tool.asked' || fact.type === 'tool.answered' ? fact : null;
}

/** Asked and answered, in any order, repeated or late, come to the same row. The first answer stands. */
export function foldToolRun(
  known: ToolExecution | null,
  { callSid, epoch }: StoredFact,
  fact: ToolFact,
): ToolExecution {
  const row: ToolExecution = known ?? {
    callSid,
    toolCallId: fact.toolCallId,
    epoch,
    name: '',
    arguments: '',
    result: null,
    output: null,
    leave: null,
    startedAt: new Date(fact.at),
    durationMs: null,
  };
  const first = { epoch: Math.min(row.epoch, epoch), startedAt: new Date(Math.min(row.startedAt.getTime(), fact.at)) };
  if (fact.type === 'tool.asked') return { ...row, ...first, name: fact.name, arguments: fact.arguments };
  if (row.result !== null) return { ...row, ...first };
  const { result, output, durationMs } = fact;
  return { ...row, ...first, result, output, durationMs, leave: fact.leave === null ? null : { ...fact.leave } };
}

async function applyToolRuns(manager: EntityManager, facts: readonly StoredFact[]): Promise<void> {
  const telling = facts.flatMap((stored) => {
    const fact = toolFact(stored);
    return fact ? [{ stored, fact }] : [];
  });
  if (telling.length === 0) return;
  const known = await manager.findBy(ToolExecutionEntity, {
    callSid: In([...new Set(telling.map(({ stored }) => stored.callSid))]),
    toolCallId: In([...new Set(telling.map(({ fact }) => fact.toolCallId))]),
  });
  const rows = new Map(known.map((row) => [`${row.callSid} ${row.toolCallId}`, row]));
  const changed = new Map<string, ToolExecution>();
  for (const { stored, fact } of telling) {
    const key = `${stored.callSid} ${fact.toolCallId}`;
    changed.set(key, foldToolRun(changed.get(key) ?? rows.get(key) ?? null, stored, fact));
  }
  await manager.upsert(ToolExecutionEntity, [...changed.values()], ['callSid', 'toolCallId']);
}

async function applyEpochs(manager: EntityManager, facts: readonly StoredFact[]): Promise<void> {
  const newest = [...byCall(facts)].map(([callSid, own]) => ({
    callSid,
    epoch: Math.max(...own.map(({ epoch }) => epoch)),
  }));
  await manager.query(
    `INSERT INTO call_epoch (call_sid, epoch) SELECT * FROM unnest($1::text[], $2::bigint[])
     ON CONFLICT (call_sid) DO UPDATE SET epoch = greatest(call_epoch.epoch, excluded.epoch)`,
    [newest.map(({ callSid }) => callSid), newest.map(({ epoch }) => epoch)],
  );
}

/** Tools asked and what they answered. */
export const toolRuns: Projection = {
  name: 'tool runs',
  writes: ['tool_execution'],
  apply: ({ manager, facts }) => applyToolRuns(manager, facts),
};

/** Each call's epoch, raised to the newest that has written. */
export const epochs: Projection = {
  name: 'epochs',
  writes: ['call_epoch'],
  apply: ({ manager, facts }) => applyEpochs(manager, facts),
};
