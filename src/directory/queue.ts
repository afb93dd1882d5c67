import { type NodeAddresses, parseNodeRecord } from './fleet.ts';
import { boundOf, runPlacement } from './placement-link.ts';
import type { RedisLink } from './redis.ts';
import { type Reply, readReply, unknownKind } from './reply.ts';
import { joinQueueScript, leaveQueueScript, pollQueueScript } from './scripts/queue.ts';

/** `live`: was in a conversation before; stands before everybody who was not, and may take any place. */
export type WaiterClass = 'new' | 'live';

export interface Waiting {
  kind: 'waiting';
  /** The place in line, to be given with each poll: it survives a Redis that lost the queue. */
  ticket: number;
  /** From 1. */
  position: number;
  /** Everybody in the waiting room, this caller included. */
  waiting: number;
  /** When to ask again, ms: a waiter that is silent for `queueGraceMs`, or one more piece, beyond it has left. */
  pieceMs: number;
  /** Callers that went from the waiting room to a node each minute, of late; null until there are some. */
  perMinute: number | null;
}

function waitingOf(reply: Reply): Waiting {
  return {
    kind: 'waiting',
    ticket: reply.number(1),
    position: reply.number(2),
    waiting: reply.number(3),
    pieceMs: reply.number(4),
    perMinute: reply.text(5) === '' ? null : reply.number(5),
  };
}

export interface JoinRequest {
  callSid: string;
  class: WaiterClass;
  /** Null for a caller that has none yet. */
  ticket: number | null;
}

/**
 * Takes a caller into the waiting room; one that is there keeps its place. `full`: as many wait as may, which holds
 * for those that have no ticket and were in no conversation.
 */
export async function joinQueue(link: RedisLink, request: JoinRequest): Promise<Waiting | { kind: 'full' }> {
  const args = [request.callSid, request.class, request.ticket ?? 0];
  const reply = readReply(await runPlacement(link, joinQueueScript, args));
  if (reply.kind === 'waiting') return waitingOf(reply);
  if (reply.kind === 'full') return { kind: 'full' };
  throw unknownKind(reply);
}

export interface PollRequest {
  callSid: string;
  class: WaiterClass;
  ticket: number;
  /** Calls of the whole fleet at most, Infinity for no bound. Not for `live`. */
  ceiling: number;
  preferredNode: string | null;
}

/**
 * Asks for a place, which is then held for 20 s; polls repeated within that give the same. One whose turn has not come
 * waits on, at the place of its ticket even if it had been given up.
 */
export async function pollQueue(
  link: RedisLink,
  request: PollRequest,
): Promise<{ kind: 'placed'; node: NodeAddresses } | Waiting> {
  const args = [request.callSid, request.class, request.ticket, boundOf(request.ceiling), request.preferredNode ?? ''];
  const reply = readReply(await runPlacement(link, pollQueueScript, args));
  if (reply.kind === 'placed') return { kind: 'placed', node: parseNodeRecord(reply.text(1), reply.text(2)) };
  if (reply.kind === 'waiting') return waitingOf(reply);
  throw unknownKind(reply);
}

/** For a caller who hung up, or took voicemail, a call-back or a person instead. True if it was waiting. */
export async function leaveQueue(link: RedisLink, callSid: string): Promise<boolean> {
  const reply = readReply(await runPlacement(link, leaveQueueScript, [callSid]));
  return reply.kind === 'left';
}
