import type { DataSource, EntityManager } from 'typeorm';
import { ErasedCallEntity } from '../../entities/erased-call.ts';
import type { CallEvent, ErasureFact } from '../../machines/call-events.ts';
import { deleteCallRows, emptyRecordings } from './call-tables.ts';
import type { NumberKey } from './number-key.ts';

/** A fact of a call, from wherever it comes. */
export interface CallFact {
  callSid: string;
  fact: CallEvent;
}

/**
 * Stands at the beginning of every transaction that makes rows of facts: takes in what facts say of erasures, and leaves
 * out the facts of calls that are erased. Until the transaction is over nobody can erase: no row is made of a call in the
 * moment in which its rows are deleted.
 */
export type ErasureGate = <F extends CallFact>(manager: EntityManager, facts: readonly F[]) => Promise<readonly F[]>;

/** Everybody who makes rows of facts holds the weaker lock, whoever erases takes the stronger one. */
const PASS = 'SELECT call_sid FROM erased_call WHERE call_sid = ANY($1) FOR SHARE';
const CLOSE = 'LOCK TABLE erased_call IN EXCLUSIVE MODE';

/** Waits until nobody makes rows of facts, and lets nobody begin until the transaction is over. */
export async function closeGate(manager: EntityManager): Promise<void> {
  await manager.query(CLOSE);
}

/** Without a key calls are known by their CallSid alone: those that the erasure has found, or that told of it themselves. */
export function createErasureGate(key: NumberKey | null): ErasureGate {
  return async (manager, facts) => {
    const callSids = [...new Set(facts.map(({ callSid }) => callSid))];
    const known: { call_sid: string }[] = await manager.query(PASS, [callSids]);
    const erased = new Set(known.map(({ call_sid }) => call_sid));
    const told = facts.flatMap(({ callSid, fact }) => (fact.type === 'journal.erased' ? [{ callSid, fact }] : []));
    // First: the number of an arrival may be that of an erasure beside it.
    if (told.length > 0)
      await noteErasures(
        manager,
        told.map(({ fact }) => fact),
      );
    const found = key === null ? [] : await erasedNumbers(manager, key, facts);
    const fresh = [...told, ...found].filter(({ callSid }) => !erased.has(callSid));
    if (fresh.length > 0) await eraseCalls(manager, fresh);
    for (const { callSid } of fresh) erased.add(callSid);
    return erased.size === 0 ? facts : facts.filter(({ callSid }) => !erased.has(callSid));
  };
}

interface FoundCall {
  callSid: string;
  fact: Pick<ErasureFact, 'erasureId'>;
}

/** Calls that begin here and are of a caller who had them erased, though the erasure itself did not know of them. */
async function erasedNumbers(manager: EntityManager, key: NumberKey, facts: readonly CallFact[]): Promise<FoundCall[]> {
  const arrivals = facts.flatMap(({ callSid, fact }) =>
    fact.type === 'carrier.arrived' ? [{ callSid, at: fact.at, hash: key.hash(fact.from) }] : [],
  );
  if (arrivals.length === 0) return [];
  const rows: { id: string; number_hash: string; until: Date }[] = await manager.query(
    'SELECT id, number_hash, until FROM erasure WHERE number_hash = ANY($1)',
    [arrivals.map(({ hash }) => hash)],
  );
  const erasures = new Map(rows.map((row) => [row.number_hash, row]));
  return arrivals.flatMap(({ callSid, at, hash }) => {
    const erasure = erasures.get(hash);
    return erasure && at <= erasure.until.getTime() ? [{ callSid, fact: { erasureId: erasure.id } }] : [];
  });
}

/** The rows of erasures, should this database not know them: it may be made anew from the facts alone. */
async function noteErasures(manager: EntityManager, facts: readonly ErasureFact[]): Promise<void> {
  for (const { erasureId, numberHash, keyId, until } of facts)
    await manager.query(NOTE_ERASURE, [erasureId, numberHash, keyId, new Date(until)]);
}

/** A caller who asks again keeps the id; the later time counts. */
export const NOTE_ERASURE = `
  INSERT INTO erasure AS known (id, number_hash, key_id, until) VALUES ($1, $2, $3, $4)
  ON CONFLICT (number_hash) DO UPDATE SET until = greatest(known.until, excluded.until)
  RETURNING id, until`;

/** `open`: whoever finishes erasures looks after what is kept of the call elsewhere. */
async function eraseCalls(manager: EntityManager, calls: readonly FoundCall[]): Promise<void> {
  const callSids = [...new Set(calls.map(({ callSid }) => callSid))];
  await markErased(
    manager,
    calls.map(({ callSid, fact }) => ({ callSid, erasureId: fact.erasureId })),
  );
  await deleteCallRows(manager, callSids);
  await emptyRecordings(manager, callSids);
}

export async function markErased(
  manager: EntityManager,
  calls: readonly { callSid: string; erasureId: string }[],
): Promise<void> {
  // An erasure itself is told of like a call, and is none.
  const rows = calls.filter(({ callSid, erasureId }) => callSid !== erasureId);
  if (rows.length === 0) return;
  await manager
    .createQueryBuilder()
    .insert()
    .into(ErasedCallEntity)
    .values([...rows])
    .orIgnore()
    .execute();
}

/** Nothing of the call is kept, as far as that is known by its CallSid. */
export const isErased = (dataSource: DataSource, callSid: string): Promise<boolean> =>
  dataSource.getRepository(ErasedCallEntity).existsBy({ callSid });
