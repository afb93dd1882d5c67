import { callKeys, type NodeName, ownerName } from './keys.ts';
import type { RedisLink } from './redis.ts';
import { readReply, unknownKind } from './reply.ts';
import { clearRedirectScript, markRedirectScript } from './scripts/redirect.ts';

export interface RedirectRequest {
  callSid: string;
  /** Who holds the call and was judged dead, and its epoch, as `ownerOf` said. */
  owner: NodeName;
  epoch: number;
  by: NodeName;
}

/**
 * `marked`: tell the carrier now, with `?move=<epoch>`. `moved`: somebody else has the call by now. `underWay`: another
 * node tells the carrier. `idle`: the call needs no stream. `ended`, `unknown`: there is nothing to move.
 */
export type RedirectMark = 'marked' | 'moved' | 'ended' | 'unknown' | 'underWay' | 'idle';

const marks: ReadonlySet<string> = new Set(['marked', 'moved', 'ended', 'unknown', 'underWay', 'idle']);

/**
 * To be called before the carrier is told to ask `/voice/next` for a call whose owner is dead: a `/voice/next` that
 * comes by itself then waits, at most `redirectLifeMs`, for the one that the carrier is told to send. Counts as a break.
 */
export async function markRedirect(link: RedisLink, request: RedirectRequest): Promise<RedirectMark> {
  const args = [ownerName(request.owner), request.epoch, ownerName(request.by)];
  const reply = readReply(await link.run(markRedirectScript, [callKeys(request.callSid).call], args));
  if (marks.has(reply.kind)) return reply.kind as RedirectMark;
  throw unknownKind(reply);
}

/** The carrier could not be told: nobody waits for it, and no break counts. False if that redirect is over anyway. */
export async function clearRedirect(link: RedisLink, callSid: string, epoch: number): Promise<boolean> {
  const reply = readReply(await link.run(clearRedirectScript, [callKeys(callSid).call], [epoch]));
  return reply.kind === 'cleared';
}
