import type { DataSource } from 'typeorm';
import { forgetDeadFacts } from '../directory/dead-facts.ts';
import type { RedisLink } from '../directory/redis.ts';
import { forgetCall } from '../directory/stored-calls.ts';
import { addCounts, type Counts, deleteCallRows, emptyRecordings } from './call-tables.ts';
import { type EraseDeps, settle } from './erase.ts';

const limits = {
  callsAtOnce: 200,
  /** Rows of erased calls are looked for once more for so long: a release before this one makes them, knowing no erasure. */
  watchedDays: 2,
} as const;

export interface FinishDeps extends Pick<EraseDeps, 'dataSource' | 'deleteRecording'> {
  link: RedisLink;
}

interface OpenCall {
  call_sid: string;
  status: 'open' | 'done';
  erasure_id: string;
  number_hash: string;
  key_id: string;
  until: Date;
}

/**
 * What an erasure could not do at once: journals of calls that were still going on, rows and recordings that came after
 * it. Rejects as what it needs does; harmless to repeat. How many rows were deleted.
 */
export async function finishErasures(
  { dataSource, link, deleteRecording }: FinishDeps,
  signal: AbortSignal,
): Promise<Counts> {
  let counts: Counts = {};
  let after = '';
  while (!signal.aborted) {
    const calls = await nextCalls(dataSource, after);
    const last = calls.at(-1);
    if (!last) break;
    after = last.call_sid;
    const callSids = calls.map(({ call_sid: callSid }) => callSid);
    const { recordings, deleted } = await dataSource.transaction(async (manager) => ({
      recordings: await emptyRecordings(manager, callSids),
      deleted: await deleteCallRows(manager, callSids),
    }));
    const setAside = await forgetDeadFacts(link, callSids);
    counts = addCounts(counts, setAside > 0 ? { ...deleted, set_aside: setAside } : deleted);
    for (const { of, recordingSid } of recordings) await deleteRecording(of, recordingSid);
    for (const call of calls)
      if (call.status === 'open' && (await isForgotten(link, call))) await settle(dataSource, [call.call_sid]);
  }
  return counts;
}

async function isForgotten(
  link: RedisLink,
  { call_sid: callSid, erasure_id, number_hash, key_id, until }: OpenCall,
): Promise<boolean> {
  const at = until.getTime();
  const fact = {
    type: 'journal.erased',
    at,
    erasureId: erasure_id,
    numberHash: number_hash,
    keyId: key_id,
    until: at,
  } as const;
  return (await forgetCall(link, callSid, fact)) === 'forgotten';
}

const nextCalls = (dataSource: DataSource, after: string): Promise<OpenCall[]> =>
  dataSource.query(
    `SELECT c.call_sid, c.status, e.id AS erasure_id, e.number_hash, e.key_id, e.until
     FROM erased_call c JOIN erasure e ON e.id = c.erasure_id
     WHERE (c.status = 'open' OR c.created_at > now() - make_interval(days => $2)) AND c.call_sid > $1
     ORDER BY c.call_sid LIMIT $3`,
    [after, limits.watchedDays, limits.callsAtOnce],
  );
