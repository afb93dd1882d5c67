import { randomBytes, randomUUID } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { ErasedCallEntity } from '../../entities/erased-call.ts';
import { ErasureEntity } from '../../entities/erasure.ts';
import { PrivacyRecordEntity } from '../../entities/privacy-record.ts';
import type { ErasureFact } from '../../machines/call-events.ts';
import { forgetCaller } from '../directory/callers.ts';
import { redisTime } from '../directory/clock.ts';
import { callsSetAside, forgetDeadFacts } from '../directory/dead-facts.ts';
import type { RedisLink, RedisScan } from '../directory/redis.ts';
import { forgetCall, tellErasure } from '../directory/stored-calls.ts';
import { callsInDatabase, callsInRedis } from './caller-calls.ts';
import { addCounts, type Counts, deleteCallRows, emptyRecordings } from './call-tables.ts';
import { closeGate, markErased, NOTE_ERASURE } from './erasure-gate.ts';
import type { NumberKey } from './number-key.ts';

export interface EraseDeps {
  dataSource: DataSource;
  link: RedisLink & RedisScan;
  key: NumberKey;
  /** Has the audio deleted, and its row; later, and again until it is done. */
  deleteRecording(of: 'voicemail' | 'call', recordingSid: string): Promise<void>;
}

export interface EraseOrder {
  /** E.164. */
  number: string;
  by: string;
  reason: string;
}

export interface Erased {
  erasureId: string;
  /** Calls that began up to then; Redis-clock ms. */
  until: number;
  calls: number;
  /** Calls that still go on: nothing of them is kept from now on, and their journals go when they are over. */
  live: string[];
  /** Rows that were deleted, by table; `recordings` are being deleted; `set_aside`: facts that no consumer could take in. */
  counts: Counts;
}

/**
 * Erases everything that is known of a caller up to now. May be repeated: what is erased already is not found again, and
 * what was left over of an earlier time is finished.
 */
export async function eraseCaller(
  { dataSource, link, key, deleteRecording }: EraseDeps,
  order: EraseOrder,
): Promise<Erased> {
  const { number } = order;
  const until = await redisTime(link);
  const fact = await factOf(dataSource, key, number, until);
  // Consumers learn of the number first: a call that is found by nobody here is known by it when its facts come.
  await tellErasure(link, fact);
  const stored = (await callsInRedis(link, number)).map(({ callSid }) => callSid);
  const own = [...new Set([...stored, ...(await callsSetAside(link, number))])];
  const { callSids, counts, recordings } = await dataSource.transaction(async (manager) => {
    await closeGate(manager);
    return eraseRows(manager, { fact, number, callSids: own, order });
  });
  await forgetCaller(link, number);
  const live: string[] = [];
  for (const callSid of callSids) {
    if ((await forgetCall(link, callSid, fact)) === 'live') live.push(callSid);
    else await settle(dataSource, [callSid]);
  }
  const setAside = await forgetDeadFacts(link, callSids);
  for (const { of, recordingSid } of recordings) await deleteRecording(of, recordingSid);
  const allCounts = setAside > 0 ? { ...counts, set_aside: setAside } : counts;
  return { erasureId: fact.erasureId, until, calls: callSids.length, live, counts: allCounts };
}

async function factOf(dataSource: DataSource, key: NumberKey, number: string, until: number): Promise<ErasureFact> {
  const numberHash = key.hash(number);
  const known = await dataSource.getRepository(ErasureEntity).findOneBy({ numberHash });
  const erasureId = known?.id ?? `ER${randomBytes(16).toString('hex')}`;
  return { type: 'journal.erased', at: until, erasureId, numberHash, keyId: key.id, until };
}

interface RowsToErase {
  fact: ErasureFact;
  number: string;
  /** Of calls that Redis knows. */
  callSids: readonly string[];
  order: EraseOrder;
}

async function eraseRows(manager: EntityManager, { fact, number, callSids: stored, order }: RowsToErase) {
  const { erasureId, numberHash, keyId, until } = fact;
  await manager.query(NOTE_ERASURE, [erasureId, numberHash, keyId, new Date(until)]);
  const unfinished = await manager.findBy(ErasedCallEntity, { erasureId, status: 'open' });
  const known = [...(await callsInDatabase(manager, number)), ...unfinished.map(({ callSid }) => callSid)];
  const callSids = [...new Set([...stored, ...known])];
  await markErased(
    manager,
    callSids.map((callSid) => ({ callSid, erasureId })),
  );
  const recordings = await emptyRecordings(manager, callSids);
  const [, callbacks]: [unknown, number] = await manager.query('DELETE FROM callback_request WHERE number = $1', [
    number,
  ]);
  const deleted = addCounts(
    await deleteCallRows(manager, callSids),
    callbacks > 0 ? { callback_request: callbacks } : {},
  );
  const counts = recordings.length > 0 ? { ...deleted, recordings: recordings.length } : deleted;
  await manager.insert(PrivacyRecordEntity, {
    id: randomUUID(),
    act: 'erase',
    subject: numberHash,
    by: order.by,
    reason: order.reason,
    counts: { calls: callSids.length, ...counts },
  });
  return { callSids, counts, recordings };
}

/** Of these calls nothing is left outside of the database. */
export async function settle(dataSource: DataSource, callSids: readonly string[]): Promise<void> {
  await dataSource.query(`UPDATE erased_call SET status = 'done' WHERE call_sid = ANY($1)`, [[...callSids]]);
}
