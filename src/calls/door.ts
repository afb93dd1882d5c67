import { setTimeout as wait } from 'node:timers/promises';
import type { CallEvent } from '../../machines/call-events.ts';
import { machineVersion, type Outcome } from '../../machines/call-context.ts';
import { limits } from '../../machines/call-events.ts';
import { claimWebhook, ownerOf, type WebhookClaim, type WebhookClaimRequest } from '../directory/claims.ts';
import { append, type AppendRequest, readJournal } from '../directory/journal.ts';
import type { NodeName } from '../directory/keys.ts';
import type { RedisLink } from '../directory/redis.ts';
import { repeated } from '../directory/repeat.ts';
import { CallActor } from './actor.ts';
import type { CallState, CallView, DoorRefusal, TwimlRequest } from './call-door.ts';
import type { Told } from './stream-port.ts';

/** A retry that meets its first try under way asks again after this. */
const PENDING_PAUSE_MS = 100;
const PENDING_TRIES_MAX = 12;

/** States whose call goes on in a stream unless it left an intent. */
const streamed: ReadonlySet<string> = new Set<CallState>(['ringing', 'conversation', 'detached']);

type Claimed = Extract<WebhookClaim, { kind: 'claimed' }>;

export interface DoorDeps {
  link: RedisLink;
  node: NodeName;
  /** A call was folded to its end here. */
  ended(outcome: Outcome): void;
}

/** Folds the journal of a call that was just claimed. */
export async function foldCall(link: RedisLink, callSid: string): Promise<CallActor> {
  const entries = await repeated(() => readJournal(link, callSid));
  return CallActor.fold(
    callSid,
    entries.flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : [])),
  );
}

/** Fills in what only the claim knows. */
function completed(fact: Told, claim: Claimed, node: NodeName): CallEvent {
  if (fact.type === 'carrier.nextAsked') return { ...fact, at: claim.at, intent: claim.intent, breaks: claim.breaks };
  if (fact.type === 'carrier.arrived') return { ...fact, at: claim.at, node: node.node };
  return { ...fact, at: claim.at };
}

function viewOf(actor: CallActor, claim: Claimed): CallView {
  const { callSid, from, to, about, recordings } = actor.context;
  return { callSid, epoch: claim.epoch, state: actor.state, from, to, about, recordings };
}

/** Claims, asking again while the same request is under way. */
async function claimFor(deps: DoorDeps, request: TwimlRequest): Promise<WebhookClaim> {
  const { fact } = request;
  const claim: WebhookClaimRequest = {
    callSid: request.callSid,
    kind: request.kind,
    node: deps.node,
    from: fact.type === 'carrier.arrived' ? fact.from : '',
    to: fact.type === 'carrier.arrived' ? fact.to : '',
    givenEpoch: 0,
    idempotencyToken: request.idempotencyToken,
    countBreak: request.kind === 'next',
    expectedEpoch: null,
    move: null,
    machineVersion,
    dueInMs: limits.checkMs,
  };
  for (let tries = 1; ; tries += 1) {
    const claimed = await repeated(() => claimWebhook(deps.link, claim));
    if (claimed.kind !== 'pending' || tries === PENDING_TRIES_MAX) return claimed;
    await wait(PENDING_PAUSE_MS);
  }
}

const refusals: Record<Exclude<WebhookClaim['kind'], 'claimed' | 'answered'>, DoorRefusal> = {
  unknown: 'unknown',
  ended: 'ended',
  moved: 'unavailable',
  pending: 'unavailable',
  redirecting: 'unavailable',
};

/** `isClaimed`: the call was taken for this answer; false for the stored answer to a repeat. */
export type WebhookAnswer = { twiml: string; isClaimed: boolean } | { refused: DoorRefusal };

/** Where the carrier's question leads to a stream, as far as can be said without taking the call. */
async function needsStream(link: RedisLink, callSid: string): Promise<boolean> {
  const call = await repeated(() => ownerOf(link, callSid));
  if (call === null || call.ended !== null) return false;
  return call.intent === null ? streamed.has(call.state) : call.intent.kind === 'handover';
}

/**
 * Claims, folds, steps, appends, answers: the whole life of a webhook whose answer is TwiML.
 * @throws DirectoryError when Redis did not answer
 */
export async function answerWebhook(deps: DoorDeps, request: TwimlRequest): Promise<WebhookAnswer> {
  if (request.waitsForNode && (await needsStream(deps.link, request.callSid))) return { refused: 'draining' };
  const claim = await claimFor(deps, request);
  if (claim.kind === 'answered') return { twiml: claim.answer, isClaimed: false };
  if (claim.kind !== 'claimed') return { refused: refusals[claim.kind] };

  const actor = await foldCall(deps.link, request.callSid);
  const fact = completed(request.fact, claim, deps.node);
  actor.step(fact);
  const twiml = request.render(viewOf(actor, claim));
  const batch: AppendRequest = {
    callSid: request.callSid,
    epoch: claim.epoch,
    firstSeq: 1,
    facts: [fact],
    state: actor.state,
    dueAt: Math.round(actor.nextDeadline?.at ?? claim.at + limits.checkMs),
    answer: { idempotencyToken: request.idempotencyToken, text: twiml },
    ...(actor.ended && 'status' in fact ? { ended: fact.status } : {}),
  };
  const appended = await repeated(() => append(deps.link, batch));
  actor.stop();
  if (appended.kind === 'ok' && actor.ended) deps.ended(actor.context.outcome);
  if (appended.kind === 'ok') return { twiml, isClaimed: true };
  return { refused: appended.kind === 'fenced' && appended.ended ? 'ended' : 'unavailable' };
}

/**
 * Folds facts into a call that nobody holds: a final status, what REST said, a deadline that passed.
 * `facts` sees the folded call and says what happened to it. Returns the refusal, or how the call stands.
 * @throws DirectoryError when Redis did not answer
 */
export async function visit(
  deps: DoorDeps,
  callSid: string,
  expectedEpoch: number,
  facts: (actor: CallActor, at: number) => Promise<CallEvent[]>,
): Promise<'taken' | DoorRefusal> {
  const claim = await claimWebhook(deps.link, {
    callSid,
    kind: 'check',
    node: deps.node,
    from: '',
    to: '',
    givenEpoch: 0,
    idempotencyToken: null,
    countBreak: false,
    expectedEpoch,
    move: null,
    machineVersion,
    dueInMs: limits.checkMs,
  });
  if (claim.kind === 'ended') return 'ended';
  if (claim.kind !== 'claimed') return claim.kind === 'unknown' ? 'unknown' : 'unavailable';
  const actor = await foldCall(deps.link, callSid);
  const happened = await facts(actor, claim.at);
  const ended = happened.find((fact) => actor.ended && 'status' in fact);
  const batch: AppendRequest = {
    callSid,
    epoch: claim.epoch,
    firstSeq: 1,
    facts: happened,
    state: actor.state,
    dueAt: Math.round(actor.nextDeadline?.at ?? claim.at + limits.checkMs),
    ...(ended && 'status' in ended ? { ended: ended.status } : {}),
  };
  const appended = await repeated(() => append(deps.link, batch));
  actor.stop();
  if (appended.kind !== 'ok') return 'unavailable';
  if (actor.ended) deps.ended(actor.context.outcome);
  return 'taken';
}
