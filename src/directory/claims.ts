import type { Intent } from '../../machines/call-events.ts';
import { callKeys, type NodeName, ownerName, parseOwner } from './keys.ts';
import { directoryLimits } from './limits.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readTexts, unknownKind } from './reply.ts';
import { claimStreamScript } from './scripts/claim-stream.ts';
import { claimWebhookScript } from './scripts/claim-webhook.ts';

export interface WebhookClaimRequest {
  callSid: string;
  /** `arrive` claims only a call that nobody knows; `next` also takes the intent and may count a break. */
  kind: 'arrive' | 'next' | 'wait' | 'menu' | 'voicemail' | 'dialResult' | 'check';
  node: NodeName;
  /** For the hash of a new call. */
  from: string;
  to: string;
  /** Epoch of the caller's token, 0 without one: the new epoch is above it. */
  givenEpoch: number;
  /** `I-Twilio-Idempotency-Token`, null without one. */
  idempotencyToken: string | null;
  /** If there is no intent, the stream broke: count it. False where the request says that the call is over. */
  countBreak: boolean;
  /** Claim only while the call's epoch is this; null to claim whatever it is. */
  expectedEpoch: number | null;
  /**
   * `next` that the carrier was told to send (`?move=`): claims only while the call's epoch is this, and ends the
   * redirect. Null for all others.
   */
  move: number | null;
  /** Of whoever claims; the marker in the journal carries it. */
  machineVersion: number;
  /** When the sweep is to look after the call unless an append says otherwise, ms from now. */
  dueInMs: number;
}

export type WebhookClaim =
  | {
      kind: 'claimed';
      epoch: number;
      /** Redis' clock, ms. */
      at: number;
      /** What the last append said, '' before the first. */
      state: string;
      /** What the epoch before left for this request; the claimer's first append makes it a fact. */
      intent: Intent | null;
      /** Breaks within the last minute, this one included. */
      breaks: number;
      from: string;
      to: string;
      ownerBefore: NodeName | null;
      epochBefore: number;
    }
  /** The same request was answered before: give these bytes. */
  | { kind: 'answered'; epoch: number; answer: string }
  /** The same request is under way elsewhere: ask again shortly; after `unansweredMs` it claims. */
  | { kind: 'pending'; epoch: number }
  | { kind: 'ended'; epoch: number; status: string }
  /** The carrier is being told to ask with `move`: ask again by `untilMs` (Redis-clock ms), from then on it claims. */
  | { kind: 'redirecting'; epoch: number; untilMs: number }
  /** An arrival whose call has gone on without a stored answer, or `expectedEpoch` or `move` is not the epoch. */
  | { kind: 'moved'; epoch: number; owner: NodeName | null }
  | { kind: 'unknown' };

function parseIntent(json: string): Intent | null {
  // Only appends of this project write intents; the shape is theirs.
  return json === '' ? null : (JSON.parse(json) as Intent);
}

/** Takes a call for a webhook that is answered where it landed. Idempotent by token. */
export async function claimWebhook(link: RedisLink, request: WebhookClaimRequest): Promise<WebhookClaim> {
  const keys = callKeys(request.callSid);
  const limits = directoryLimits;
  const reply = readReply(
    await link.run(
      claimWebhookScript,
      [keys.call, keys.log, keys.due],
      [
        request.kind,
        request.callSid,
        request.givenEpoch,
        request.dueInMs,
        request.idempotencyToken ?? '',
        ownerName(request.node),
        request.from,
        request.to,
        request.countBreak ? '1' : '0',
        request.expectedEpoch ?? '',
        limits.callLifeMs,
        limits.unansweredMs,
        limits.breakLifeMs,
        limits.breaksMax,
        request.move ?? '',
        request.machineVersion,
      ],
    ),
  );
  const epoch = reply.number(1);
  switch (reply.kind) {
    case 'claimed':
      return {
        kind: 'claimed',
        epoch,
        at: reply.number(2),
        state: reply.text(3),
        intent: parseIntent(reply.text(4)),
        breaks: reply.number(5),
        from: reply.text(6),
        to: reply.text(7),
        ownerBefore: parseOwner(reply.text(8)),
        epochBefore: reply.number(9),
      };
    case 'answered':
      return { kind: 'answered', epoch, answer: reply.text(2) };
    case 'pending':
      return { kind: 'pending', epoch };
    case 'redirecting':
      return { kind: 'redirecting', epoch, untilMs: reply.number(2) };
    case 'ended':
      return { kind: 'ended', epoch, status: reply.text(2) };
    case 'moved':
      return { kind: 'moved', epoch, owner: parseOwner(reply.text(2)) };
    case 'unknown':
      return { kind: 'unknown' };
    default:
      throw unknownKind(reply);
  }
}

export interface StreamClaimRequest {
  callSid: string;
  /** The call's epoch must be this. */
  tokenEpoch: number;
  owner: NodeName;
  /** Made up once for each `start`, kept over repeats of a claim whose reply was lost. */
  attempt: string;
  dueInMs: number;
  /** Of whoever claims; the marker in the journal carries it. */
  machineVersion: number;
}

export type StreamClaim =
  | { kind: 'claimed'; epoch: number; at: number; state: string; from: string; to: string }
  /** The token was used or is of another epoch. */
  | { kind: 'refused'; epoch: number; owner: NodeName | null }
  | { kind: 'ended'; epoch: number; status: string }
  | { kind: 'unknown' };

/** Takes a call for a stream: the owner is whoever holds the socket. */
export async function claimStream(link: RedisLink, request: StreamClaimRequest): Promise<StreamClaim> {
  const keys = callKeys(request.callSid);
  const reply = readReply(
    await link.run(
      claimStreamScript,
      [keys.call, keys.log, keys.due],
      [
        request.callSid,
        request.tokenEpoch,
        ownerName(request.owner),
        request.attempt,
        request.dueInMs,
        directoryLimits.callLifeMs,
        request.machineVersion,
      ],
    ),
  );
  const epoch = reply.number(1);
  switch (reply.kind) {
    case 'claimed':
      return {
        kind: 'claimed',
        epoch,
        at: reply.number(2),
        state: reply.text(3),
        from: reply.text(4),
        to: reply.text(5),
      };
    case 'refused':
      return { kind: 'refused', epoch, owner: parseOwner(reply.text(2)) };
    case 'ended':
      return { kind: 'ended', epoch, status: reply.text(2) };
    case 'unknown':
      return { kind: 'unknown' };
    default:
      throw unknownKind(reply);
  }
}

export interface CallOwner {
  epoch: number;
  owner: NodeName | null;
  state: string;
  /** The final status, null while the call lives. */
  ended: string | null;
  /** What the next claim of kind `next` will be handed. */
  intent: Intent | null;
  from: string;
  to: string;
}

/** Who holds a call, null for a call that nobody knows. */
export async function ownerOf(link: RedisLink, callSid: string): Promise<CallOwner | null> {
  const names = ['epoch', 'owner', 'state', 'ended', 'from', 'to', 'intent', 'intentEpoch', 'taken'] as const;
  const texts = readTexts(await link.command('hmget', callKeys(callSid).call, ...names));
  const [epoch = '', owner = '', state = '', ended = '', from = '', to = '', left = '', leftEpoch = '', taken = ''] =
    texts;
  if (epoch === '') return null;
  return {
    epoch: Number(epoch),
    owner: parseOwner(owner),
    state,
    ended: ended === '' ? null : ended,
    intent: parseIntent(left !== '' && leftEpoch === epoch ? left : taken),
    from,
    to,
  };
}
