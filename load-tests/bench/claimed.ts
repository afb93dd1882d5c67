import { randomBytes } from 'node:crypto';
import { machineVersion } from '../../machines/call-context.ts';
import { claimStream, claimWebhook } from '../../src/directory/claims.ts';
import type { NodeName } from '../../src/directory/keys.ts';
import type { RedisLink } from '../../src/directory/redis.ts';

/** When a call is looked after that nothing is heard of. */
export const dueInMs = 300_000;

export const newCallSid = (): string => `CA${randomBytes(16).toString('hex')}`;

export interface Claimed {
  epoch: number;
  /** Redis-clock ms. */
  at: number;
}

export interface Arrival {
  callSid: string;
  node: NodeName;
  from?: string;
  to?: string;
  idempotencyToken?: string | null;
}

/** Claims a call as its first webhook does. Throws where somebody else has it. */
export async function claimArrival(
  link: RedisLink,
  { callSid, node, from = '+12075551234', to = '+12075550142', idempotencyToken = null }: Arrival,
): Promise<Claimed> {
  const claim = await claimWebhook(link, {
    callSid,
    kind: 'arrive',
    node,
    from,
    to,
    givenEpoch: 0,
    idempotencyToken,
    countBreak: false,
    expectedEpoch: null,
    move: null,
    machineVersion,
    dueInMs,
  });
  if (claim.kind !== 'claimed') throw new Error(`a call was ${claim.kind}`);
  return claim;
}

/** Claims a call as the start of its stream does, with the epoch that its webhook was given. */
export async function claimStart(
  link: RedisLink,
  { callSid, tokenEpoch, owner }: { callSid: string; tokenEpoch: number; owner: NodeName },
): Promise<Claimed> {
  const attempt = randomBytes(16).toString('hex');
  const claim = await claimStream(link, { callSid, tokenEpoch, owner, attempt, dueInMs, machineVersion });
  if (claim.kind !== 'claimed') throw new Error(`a stream was ${claim.kind}`);
  return claim;
}
