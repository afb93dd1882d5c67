import type { DataSource } from 'typeorm';
import { parseFact } from '../directory/journal.ts';
import type { RawEntry } from '../directory/outbox-spill.ts';
import type { CallFact, ErasureGate } from './erasure-gate.ts';

/** Leaves out what is of erased calls. Rejects while the database is away: nobody knows then. */
export type ErasureScreen = (entries: readonly RawEntry[]) => Promise<RawEntry[]>;

/**
 * The gate of the consumers, for facts that wait elsewhere. What tells of an erasure passes: those who read the topics
 * are to know of it.
 */
export function createErasureScreen(dataSource: Pick<DataSource, 'transaction'>, gate: ErasureGate): ErasureScreen {
  return async (entries) => {
    const facts = entries.flatMap(({ callSid, json }): CallFact[] => {
      const fact = parseFact(json);
      return fact ? [{ callSid, fact }] : [];
    });
    const passed = await dataSource.transaction((manager) => gate(manager, facts));
    const kept = new Set(passed.map(({ callSid }) => callSid));
    const known = new Set(facts.map(({ callSid }) => callSid));
    return entries.filter(
      ({ callSid, json }) => kept.has(callSid) || !known.has(callSid) || parseFact(json)?.type === 'journal.erased',
    );
  };
}
