import type { EntityManager } from 'typeorm';
import { type CallLog, CallLogEntity } from '../../entities/call-log.ts';
import { createErasureGate, type ErasureGate } from '../privacy/erasure-gate.ts';
import { foldCalls, lockCalls, type Projector, type Transactions } from './call-log.ts';
import { concernsCall } from './call-row.ts';
import type { StoredFact } from './stored-fact.ts';

/** Facts on their way into the tables, within one transaction that holds the rows of all their calls. */
export interface FactBatch {
  manager: EntityManager;
  /** Of any calls, each call's in the order of its journal but for repeats and what came late. */
  facts: readonly StoredFact[];
  /**
   * The row of each call, with these facts folded in. Who has more to say of a call replaces its row; rows that are no
   * longer what they were are written once all projections are done.
   */
  calls: Map<string, CallLog>;
  /** Ms, for display only: what decides stands in the facts. */
  now: number;
}

/**
 * Keeps some tables as a function of the facts: any facts again, late or in another order must come to the same rows,
 * since they come at least once and a rebuild begins from nothing. A throw undoes the whole batch; what is thrown for
 * the sake of one fact has that fact set aside.
 */
export interface Projection {
  name: string;
  /** What it alone writes: the tables, or `table.column` where they are another's. A rebuild makes them anew. */
  writes: readonly string[];
  apply(batch: FactBatch): Promise<void>;
}

/** All of these projections, one after the other, in one transaction for each batch. */
export function createProjector(
  dataSource: Transactions,
  projections: readonly Projection[],
  now: () => number,
  gate: ErasureGate = createErasureGate(null),
): Projector {
  return async (taken) => {
    if (taken.length === 0) return;
    await dataSource.transaction(async (manager) => {
      const facts = await gate(manager, taken);
      if (facts.length === 0) return;
      const known = await lockCalls(manager, facts);
      const calls = new Map(known);
      for (const row of foldCalls(known, facts.filter(concernsCall))) calls.set(row.callSid, row);
      for (const projection of projections) await projection.apply({ manager, facts, calls, now: now() });
      const changed = [...calls.values()].filter((row) => row !== known.get(row.callSid));
      if (changed.length > 0) await manager.upsert(CallLogEntity, changed, ['callSid']);
    });
  };
}
