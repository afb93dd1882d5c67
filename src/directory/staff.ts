import type { RedisLink } from './redis.ts';
import { type Reply, readReply, readTexts, unknownKind } from './reply.ts';
import {
  askStaffScript,
  freeStaffScript,
  holdStaffScript,
  leaveStaffScript,
  matchStaffScript,
  readLineScript,
  staffKeysOf,
} from './scripts/staff.ts';
import type { Script } from './scripts/script.ts';

/**
 * What a member is kept for: a farewell that is being said, a waiter who was offered, a phone that rings, a
 * conversation.
 */
export type HoldState = 'reserved' | 'offered' | 'ringing' | 'talking';

/** A member kept for one call. */
export interface StaffHold {
  number: string;
  /** Tells it from later holds of the same member. */
  attempt: string;
}

export interface StaffAsk {
  callSid: string;
  /** Numbers of those who may be rung now, in their order. */
  candidates: readonly string[];
  /** Taken if it is free; null for the first who is. */
  wanted: string | null;
  state: HoldState;
  lifeMs: number;
  /** Another transfer than the last: members who were rung for the call may be rung again. */
  fresh: boolean;
  /** Those who wait are served first. */
  behindLine: boolean;
  /** Where nobody is free the call waits, for this reason; null for no waiting. */
  waitsFor: string | null;
  /** Members that are rung in one transfer. */
  triesMax: number;
}

export type StaffAnswer =
  | ({ kind: 'kept' } & StaffHold)
  /** Nobody is free. `place` in line from 1, 0 for a call that is not in it. */
  | { kind: 'none'; place: number; waiting: number }
  /** Nobody is free, and as many wait as may. */
  | { kind: 'full'; waiting: number };

async function run(
  link: RedisLink,
  script: Script,
  callSid: string,
  args: readonly (string | number)[],
): Promise<Reply> {
  return readReply(await link.run(script, staffKeysOf(script.keys, callSid), args));
}

/** Keeps a free member for a call, or lets it wait. A repeat gets the same member, or the same place. */
export async function askStaff(link: RedisLink, ask: StaffAsk): Promise<StaffAnswer> {
  const { callSid, wanted, state, lifeMs, fresh, behindLine, waitsFor, triesMax, candidates } = ask;
  const reply = await run(link, askStaffScript, callSid, [
    callSid,
    wanted ?? '',
    state,
    Math.round(lifeMs),
    fresh ? 'fresh' : '',
    behindLine ? 'line' : 'first',
    waitsFor === null ? '' : 'join',
    waitsFor ?? '',
    triesMax,
    ...candidates,
  ]);
  if (reply.kind === 'kept') return { kind: 'kept', number: reply.text(1), attempt: reply.text(2) };
  if (reply.kind === 'none') return { kind: 'none', place: reply.number(1), waiting: reply.number(2) };
  if (reply.kind === 'full') return { kind: 'full', waiting: reply.number(1) };
  throw unknownKind(reply);
}

export interface HoldChange {
  callSid: string;
  attempt: string;
  state: HoldState;
  lifeMs: number;
}

/** Goes on with a hold; null where it is another call's by now, or nobody's. */
export async function holdStaff(link: RedisLink, change: HoldChange): Promise<string | null> {
  const { callSid, attempt, state, lifeMs } = change;
  const reply = await run(link, holdStaffScript, callSid, [callSid, attempt, state, Math.round(lifeMs)]);
  return reply.kind === 'held' ? reply.text(1) : null;
}

export interface HoldEnd {
  callSid: string;
  attempt: string;
  /** The member is left alone for so long. */
  restMs: number;
  /** The hold ends only in this state. */
  only?: HoldState;
}

/** Ends a hold. False where it had ended. */
export async function freeStaff(link: RedisLink, { callSid, attempt, restMs, only }: HoldEnd): Promise<boolean> {
  const reply = await run(link, freeStaffScript, callSid, [callSid, attempt, Math.round(restMs), only ?? '']);
  return reply.kind === 'freed';
}

/** Takes a call out of the line and frees whoever is kept for it. False where there was neither. */
export async function leaveStaff(link: RedisLink, callSid: string): Promise<boolean> {
  return (await run(link, leaveStaffScript, callSid, [callSid])).kind === 'left';
}

/** The calls that wait, in order. */
export async function readLine(link: RedisLink): Promise<string[]> {
  const [, ...waiting] = readTexts(await link.run(readLineScript, staffKeysOf(readLineScript.keys, ''), []));
  return waiting;
}

export interface StaffOffer extends StaffHold {
  callSid: string;
  reason: string;
}

export interface StaffMatch {
  offers: StaffOffer[];
  /** Calls that wait on. */
  waiting: number;
  /** Members who are kept for a call. */
  busy: number;
}

const PARTS_OF_OFFER = 4;

/**
 * Gives whoever is free to those who wait, in order. The offers are nobody else's for `offerMs`; a call that has not
 * taken its first one by then has its place again.
 */
export async function matchStaff(
  link: RedisLink,
  { candidates, offerMs }: { candidates: readonly string[]; offerMs: number },
): Promise<StaffMatch> {
  const reply = await run(link, matchStaffScript, '', [Math.round(offerMs), ...candidates]);
  if (reply.kind !== 'matched') throw unknownKind(reply);
  const offers: StaffOffer[] = [];
  for (let at = 3; reply.text(at) !== ''; at += PARTS_OF_OFFER) {
    const [number, attempt, callSid, reason] = [0, 1, 2, 3].map((part) => reply.text(at + part));
    offers.push({ number: number ?? '', attempt: attempt ?? '', callSid: callSid ?? '', reason: reason ?? '' });
  }
  return { offers, waiting: reply.number(1), busy: reply.number(2) };
}
