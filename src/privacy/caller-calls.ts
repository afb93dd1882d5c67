import type { DataSource, EntityManager } from 'typeorm';
import type { RedisLink, RedisScan } from '../directory/redis.ts';
import { type StoredCall, storedCalls } from '../directory/stored-calls.ts';

/** CallSids of everything that the tables know of a caller, by the number. */
export async function callsInDatabase(manager: EntityManager | DataSource, number: string): Promise<string[]> {
  const rows: { call_sid: string | null }[] = await manager.query(
    `SELECT call_sid FROM call_log WHERE from_number = $1
     UNION SELECT call_sid FROM voicemail WHERE from_number = $1
     UNION SELECT call_sid FROM callback_request WHERE number = $1
     UNION SELECT last_call_sid FROM callback_request WHERE number = $1`,
    [number],
  );
  return rows.flatMap(({ call_sid: callSid }) => (callSid === null ? [] : [callSid]));
}

/** Of a day at most: calls that go on, and those that are over. */
export async function callsInRedis(link: RedisLink & RedisScan, number: string): Promise<StoredCall[]> {
  const found = new Map<string, StoredCall>();
  for await (const calls of storedCalls(link))
    for (const call of calls) if (call.from === number) found.set(call.callSid, call);
  return [...found.values()];
}
