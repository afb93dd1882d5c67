import type { SpokenTurn } from '../../machines/call-events.ts';
import { recentCallOf, rememberCaller, rememberSpoken, spokenBy } from '../directory/callers.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';
import { type Before, foldCall } from './door.ts';

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

/** Notes what a caller chose to speak. Never rejects; failing, the next call begins in the store's language. */
export async function rememberLanguage(
  { link, callerOf, log }: RedialDeps,
  { callSid, from, language }: { callSid: string; from: string; language: string },
): Promise<void> {
  const caller = callerOf(from);
  if (caller === null) return;
  try {
    await rememberSpoken(link, caller, language);
  } catch (error) {
    log.warn({ err: error, callSid }, 'the language of a caller could not be remembered');
  }
}

const nothing: Before = { turns: null, language: null };

/** Nothing where it cannot be had in time. Never rejects. */
export async function before(deps: RedialDeps, from: string): Promise<Before> {
  const caller = deps.callerOf(from);
  if (caller === null) return nothing;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Before>((resolve) => {
    timer = setTimeout(resolve, lookUpMs, nothing);
  });
  const found = Promise.all([turnsOf(deps, caller), languageOf(deps, caller)]);
  try {
    return await Promise.race([found.then(([turns, language]) => ({ turns, language })), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function languageOf({ link, log }: RedialDeps, caller: string): Promise<string | null> {
  try {
    return await spokenBy(link, caller);
  } catch (error) {
    log.warn({ err: error }, 'the language of a caller is not known');
    return null;
  }
}

async function turnsOf({ link, log }: RedialDeps, caller: string): Promise<SpokenTurn[] | null> {
  try {
    const callSid = await recentCallOf(link, caller);
    if (callSid === null) return null;
    const actor = await foldCall(link, callSid);
    // What a supervisor noted was for that call.
    const spoken = actor.context.turns.filter((turn) => turn.who !== 'supervisor');
    const turns = spoken.slice(-turnsMax);
    actor.stop();
    log.info({ callSid, turns: turns.length }, 'a caller who was cut off calls again');
    return turns.length === 0 ? null : turns;
  } catch (error) {
    log.warn({ err: error }, 'a caller could not be recognized');
    return null;
  }
}
