import { randomBytes } from 'node:crypto';
import type { CallEvent } from '../../machines/call-events.ts';
import {
  type StreamClaimRequest,
  type WebhookClaim,
  type WebhookClaimRequest,
  claimStream,
  claimWebhook,
  type StreamClaim,
} from './claims.ts';
import type { NodeName } from './keys.ts';
import type { RedisLink } from './redis.ts';

/** What the tests of the directory make calls from. */
export const nodeA: NodeName = { node: 'a', incarnation: '1' };
export const nodeB: NodeName = { node: 'b', incarnation: '7' };

export const newCallSid = (): string => `CA${randomBytes(16).toString('hex')}`;

export const dtmf = (digit: string): CallEvent => ({ type: 'carrier.dtmf', at: 1_000, digit });

export function webhook(callSid: string, more: Partial<WebhookClaimRequest> = {}): WebhookClaimRequest {
  return {
    callSid,
    kind: 'arrive',
    node: nodeA,
    from: '+15550100',
    to: '+15550199',
    givenEpoch: 0,
    idempotencyToken: null,
    countBreak: false,
    expectedEpoch: null,
    move: null,
    machineVersion: 1,
    dueInMs: 30_000,
    ...more,
  };
}

type Claimed<T> = Extract<T, { kind: 'claimed' }>;

export async function claimed(link: RedisLink, request: WebhookClaimRequest): Promise<Claimed<WebhookClaim>> {
  const claim = await claimWebhook(link, request);
  if (claim.kind !== 'claimed') throw new Error(`claim came to ${claim.kind}`);
  return claim;
}

export async function streamed(
  link: RedisLink,
  callSid: string,
  tokenEpoch: number,
  more: Partial<StreamClaimRequest> = {},
): Promise<Claimed<StreamClaim>> {
  const claim = await claimStream(link, {
    callSid,
    tokenEpoch,
    owner: nodeA,
    attempt: 'one',
    dueInMs: 300_000,
    machineVersion: 1,
    ...more,
  });
  if (claim.kind !== 'claimed') throw new Error(`stream claim came to ${claim.kind}`);
  return claim;
}
