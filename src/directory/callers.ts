import { blockKey, callerKeys, partitionCount } from './keys.ts';
import { directoryLimits } from './limits.ts';
import { boundOf } from './placement-link.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readTextMap, readTexts, unknownKind } from './reply.ts';
import { admitCallerScript, blockCallerScript } from './scripts/callers.ts';
import { noteAudit } from './switches.ts';

export interface AdmitRequest {
  /** What tells callers apart, such as their number; withheld ones must not come here as one caller. */
  caller: string;
  callSid: string;
  /** Calls of one caller at once. */
  callsMax: number;
  /** Calls of one caller within the window. */
  arrivalsMax: number;
  windowMs: number;
  /** A number behind which many people are: nothing is counted, only the block list holds. */
  exempt: boolean;
}

/** Counts a call against its caller. Idempotent on the CallSid for calls that were let in. */
export async function admitCaller(link: RedisLink, request: AdmitRequest): Promise<'admitted' | 'tooMany' | 'blocked'> {
  const { caller, callSid, callsMax, arrivalsMax, windowMs, exempt } = request;
  const { calls, arrivals, block } = callerKeys(caller);
  const args = [caller, callSid, boundOf(callsMax), boundOf(arrivalsMax), windowMs, exempt ? '1' : '0'];
  const reply = readReply(await link.run(admitCallerScript, [calls, arrivals, block], args));
  if (reply.kind === 'admitted' || reply.kind === 'tooMany' || reply.kind === 'blocked') return reply.kind;
  throw unknownKind(reply);
}

/** The call has ended: it counts no longer as one at once. Untold, it does for `callerCallLifeMs`. */
export async function leaveCaller(link: RedisLink, caller: string, callSid: string): Promise<void> {
  await link.command('zrem', callerKeys(caller).calls, callSid);
}

export interface BlockRequest {
  caller: string;
  lifeMs: number;
  by: string;
  reason: string;
}

/** Lets no call of this caller in until the life has passed, and notes it in the audit. `full`: too many are blocked. */
export async function blockCaller(link: RedisLink, request: BlockRequest): Promise<'blocked' | 'full'> {
  const { caller, lifeMs, by, reason } = request;
  const args = [caller, Math.max(1, Math.floor(lifeMs)), JSON.stringify({ by, reason })];
  const reply = readReply(await link.run(blockCallerScript, [callerKeys(caller).block], args));
  if (reply.kind === 'full') return 'full';
  if (reply.kind !== 'blocked') throw unknownKind(reply);
  await noteAudit(link, { name: 'block', value: caller, by, reason });
  return 'blocked';
}

/** False if the caller was not blocked. */
export async function unblockCaller(
  link: RedisLink,
  { caller, by, reason }: { caller: string; by: string; reason: string },
): Promise<boolean> {
  const removed = await link.command('hdel', callerKeys(caller).block, caller);
  await noteAudit(link, { name: 'unblock', value: caller, by, reason });
  return removed === 1;
}

export interface Block {
  caller: string;
  /** Redis-clock ms. */
  untilMs: number;
  by: string;
  reason: string;
}

function toBlock(caller: string, entry: string): Block {
  const space = entry.indexOf(' ');
  const { by, reason } = JSON.parse(entry.slice(space + 1)) as { by: string; reason: string };
  return { caller, untilMs: Number(entry.slice(0, space)), by, reason };
}

/** The whole block list, entries included that have run out of late. */
export async function readBlocks(link: RedisLink): Promise<Block[]> {
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
  const lists = await Promise.all(partitions.map((partition) => link.command('hgetall', blockKey(partition))));
  return lists.flatMap((list) => [...readTextMap(list)].map(([caller, entry]) => toBlock(caller, entry)));
}

/** Notes which call a caller was cut off from: for `recentCallLifeMs`. */
export async function rememberCaller(link: RedisLink, caller: string, callSid: string): Promise<void> {
  await link.command('set', callerKeys(caller).recent, callSid, 'PX', directoryLimits.recentCallLifeMs);
}

/** The call from which this caller was cut off of late, null for none. Whoever asks has used it up. */
export async function recentCallOf(link: RedisLink, caller: string): Promise<string | null> {
  const [callSid = ''] = readTexts([await link.command('getdel', callerKeys(caller).recent)]);
  return callSid === '' ? null : callSid;
}

/** Notes which language a caller chose: for `recentCallLifeMs`. */
export async function rememberSpoken(link: RedisLink, caller: string, language: string): Promise<void> {
  await link.command('set', callerKeys(caller).spoken, language, 'PX', directoryLimits.recentCallLifeMs);
}

/** ISO 639-1 of what this caller chose to speak of late, null for nothing. */
export async function spokenBy(link: RedisLink, caller: string): Promise<string | null> {
  const [language = ''] = readTexts([await link.command('get', callerKeys(caller).spoken)]);
  return language === '' ? null : language;
}

/** Forgets what is counted and remembered of a caller; whether the number is blocked stays. */
export async function forgetCaller(link: RedisLink, caller: string): Promise<void> {
  const { calls, arrivals, recent, spoken } = callerKeys(caller);
  await link.command('del', calls, arrivals, recent, spoken);
}
