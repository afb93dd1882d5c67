import { type NodeAddresses, parseNodeRecord } from './fleet.ts';
import { placementKeys } from './keys.ts';
import { boundOf, runPlacement } from './placement-link.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readTexts, unknownKind } from './reply.ts';
import { releaseScript } from './scripts/release.ts';
import { renewScript } from './scripts/renew.ts';
import { reserveScript } from './scripts/reserve.ts';

export interface ReserveRequest {
  callSid: string;
  /** `new` waits behind the queue; `waiting` comes from it; `live` may use the room kept for the loss of a node. */
  class: 'new' | 'waiting' | 'live';
  /** Taken when it has room; null for none. */
  preferredNode: string | null;
  /** Calls of the whole fleet at most, Infinity for no bound. Not for `live`. */
  ceiling: number;
}

export type Reservation =
  | { kind: 'placed'; node: NodeAddresses; repeated: boolean }
  /** `nodes`: no place is free, or only those kept for the loss of a node; `ceiling`: the fleet may hold no more. */
  | { kind: 'full'; reason: 'ceiling' | 'nodes' }
  /** New callers wait: so many are in the queue. */
  | { kind: 'queued'; waiting: number }
  /** No node has given a heartbeat of late. */
  | { kind: 'nowhere' };

/** Holds a place for a call, for 20 s. Idempotent on the CallSid. */
export async function reserve(link: RedisLink, request: ReserveRequest): Promise<Reservation> {
  const args = [request.callSid, request.class, request.preferredNode ?? '', boundOf(request.ceiling)];
  const reply = readReply(await runPlacement(link, reserveScript, args));
  switch (reply.kind) {
    case 'placed':
      return {
        kind: 'placed',
        node: parseNodeRecord(reply.text(1), reply.text(2)),
        repeated: reply.text(3) === 'again',
      };
    case 'queued':
      return { kind: 'queued', waiting: reply.number(1) };
    case 'full':
      return { kind: 'full', reason: reply.text(1) === 'ceiling' ? 'ceiling' : 'nodes' };
    case 'nowhere':
      return { kind: 'nowhere' };
    default:
      throw unknownKind(reply);
  }
}

/** For a node at which a stream has come: its reservation lives on, or moves here if there is room. */
export async function renewReservation(
  link: RedisLink,
  callSid: string,
  node: string,
): Promise<'renewed' | 'moved' | 'full'> {
  const reply = readReply(await runPlacement(link, renewScript, [callSid, node]));
  if (reply.kind === 'renewed' || reply.kind === 'moved' || reply.kind === 'full') return reply.kind;
  throw unknownKind(reply);
}

/** For a webhook that ends in TwiML without a stream. True if there was one. */
export async function releaseReservation(link: RedisLink, callSid: string): Promise<boolean> {
  const reply = readReply(await runPlacement(link, releaseScript, [callSid]));
  return reply.kind === 'released';
}

/** The node at which a place is held for the call; null for none. */
export async function reservedAt(link: RedisLink, callSid: string): Promise<NodeAddresses | null> {
  const [node = ''] = readTexts([await link.command('hget', placementKeys.reservedAt, callSid)]);
  if (node === '') return null;
  const [record = ''] = readTexts([await link.command('hget', placementKeys.node, node)]);
  return record === '' ? null : parseNodeRecord(node, record);
}
