import type { Turn } from '../../machines/call-events.ts';
import { recentCallOf, rememberCaller } from '../directory/callers.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';
import { foldCall } from './door.ts';

/** A caller who calls again waits no longer than this for being recognized. */
const lookUpMs = 150;
const turnsMax = 20;

export interface RedialDeps {
  link: RedisLink;
  /** What tells callers apart; null for a number that many people may have. */
  callerOf(from: string): string | null;
  log: Log;
}

/** Notes a conversation that ended without a goodbye. Never rejects; failing, its caller begins anew. */
export async function rememberCutOff(
  { link, callerOf, log }: RedialDeps,
  { callSid, from }: { callSid: string; from: string },
): Promise<void> {
  const caller = callerOf(from);
  if (caller === null) return;
  try {
    await rememberCaller(link, caller, callSid);
  } catch (error) {
    log.warn({ err: error, callSid }, 'caller who was cut off could not be remembered');
  }
}

/** What was said when this caller was cut off a moment ago; null for nothing, or when it cannot be had in time. */
export async function previousTurns(deps: RedialDeps, from: string): Promise<Turn[] | null> {
  const caller = deps.callerOf(from);
  if (caller === null) return null;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, lookUpMs, null);
  });
  try {
    return await Promise.race([turnsOf(deps, caller), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function turnsOf({ link, log }: RedialDeps, caller: string): Promise<Turn[] | null> {
  try {
    const callSid = await recentCallOf(link, caller);
    if (callSid === null) return null;
    const actor = await foldCall(link, callSid);
    const turns = actor.context.turns.slice(-turnsMax);
    actor.stop();
    log.info({ callSid, turns: turns.length }, 'a caller who was cut off calls again');
    return turns.length === 0 ? null : turns;
  } catch (error) {
    log.warn({ err: error }, 'a caller could not be recognized');
    return null;
  }
}
