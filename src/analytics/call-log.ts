import { type EntityManager, In } from 'typeorm';
import { type CallLog, CallLogEntity } from '../../entities/call-log.ts';
import { createErasureGate, type ErasureGate } from '../privacy/erasure-gate.ts';
import { concernsCall, emptyCall, foldCall } from './call-row.ts';
import { byCall, type StoredFact } from './stored-fact.ts';

/** Where rows are made: a `DataSource`, or one in which other tables stand before those in use. */
export interface Transactions {
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T>;
}

/** Takes facts of any calls in, all or none; the same facts again change nothing. Rejects as the database does. */
export type Projector = (facts: readonly StoredFact[]) => Promise<void>;

/**
 * The rows of these calls, made where they were missing, locked until the transaction ends: whoever projects facts of
 * a call has it alone. Always in one order, so that two projectors cannot wait for each other.
 */
export async function lockCalls(manager: EntityManager, facts: readonly StoredFact[]): Promise<Map<string, CallLog>> {
  const firstAt = new Map<string, number>();
  for (const { callSid, fact } of facts) firstAt.set(callSid, Math.min(firstAt.get(callSid) ?? Infinity, fact.at));
  const callSids = [...firstAt.keys()].toSorted();
  const present = await manager.find(CallLogEntity, { where: { callSid: In(callSids) }, select: { callSid: true } });
  const known = new Set(present.map(({ callSid }) => callSid));
  const rows = callSids.flatMap((callSid) =>
    known.has(callSid) ? [] : [emptyCall(callSid, firstAt.get(callSid) ?? 0)],
  );
  // A row has many columns: those that are there are not written only to be ignored.
  if (rows.length > 0)
    await manager.createQueryBuilder().insert().into(CallLogEntity).values(rows).orIgnore().execute();
  const locked = await manager.find(CallLogEntity, {
    where: { callSid: In(callSids) },
    order: { callSid: 'ASC' },
    lock: { mode: 'pessimistic_write' },
  });
  return new Map(locked.map((row) => [row.callSid, row]));
}

/** The row with all facts of its call. */
export function foldCalls(rows: ReadonlyMap<string, CallLog>, facts: readonly StoredFact[]): CallLog[] {
  const folded: CallLog[] = [];
  for (const [callSid, own] of byCall(facts)) {
    const row = rows.get(callSid);
    if (row) folded.push(own.reduce(foldCall, row));
  }
  return folded;
}

/** Keeps each call's row: there from its arrival on, with what the carrier says of it. */
export function createCallLogProjector(
  dataSource: Transactions,
  gate: ErasureGate = createErasureGate(null),
): Projector {
  return async (facts) => {
    const telling = facts.filter((stored) => concernsCall(stored) || stored.fact.type === 'journal.erased');
    if (telling.length === 0) return;
    await dataSource.transaction(async (manager) => {
      const own = await gate(manager, telling);
      if (own.length === 0) return;
      const rows = await lockCalls(manager, own);
      await manager.upsert(CallLogEntity, foldCalls(rows, own), ['callSid']);
    });
  };
}
