import { setTimeout as wait } from 'node:timers/promises';
import { machineVersion } from '../../machines/call-context.ts';
import { type CallEvent, type Intent, limits, type SpokenTurn } from '../../machines/call-events.ts';
import { claimWebhook, ownerOf, type WebhookClaim, type WebhookClaimRequest } from '../directory/claims.ts';
import { DirectoryError } from '../directory/errors.ts';
import {
  append,
  type AppendRequest,
  type JournaledFact,
  type JournalEntry,
  readJournal,
} from '../directory/journal.ts';
import type { NodeName } from '../directory/keys.ts';
import type { RedisLink } from '../directory/redis.ts';
import { repeated } from '../directory/repeat.ts';
import type { CallPlace } from '../telemetry/tracing.ts';
import { CallActor } from './actor.ts';
import type { CallState, CallView, DoorRefusal, TwimlRequest } from './call-door.ts';
import type { Told } from './stream-port.ts';
import { endsCall, Unfolded, unfoldedState } from './unfolded.ts';

/** A retry that meets its first try under way asks again after this. */
const PENDING_PAUSE_MS = 100;
const PENDING_TRIES_MAX = 12;

/** States whose call goes on in a stream unless it left an intent. */
export const streamed: ReadonlySet<string> = new Set<CallState>(['ringing', 'conversation', 'detached']);

type Claimed = Extract<WebhookClaim, { kind: 'claimed' }>;

/** What is known of a caller by a call of a moment ago. */
export interface Before {
  /** What was said when this caller was cut off; null for nothing. */
  turns: SpokenTurn[] | null;
  /** ISO 639-1 of what the caller chose to speak; null for none. */
  language: string | null;
}

export interface DoorDeps {
  link: RedisLink;
  node: NodeName;
  /** A call was folded to its end here; null where its journal could not be folded. */
  ended(callSid: string, actor: CallActor | null): void;
  /** Another process held the call until it was claimed here with this epoch. */
  took(before: NodeName, callSid: string, epoch: number, trace: CallPlace | null): void;
  /** The call goes on without its journal. */
  unfolded(callSid: string, error: Unfolded): void;
  /** A stream broke and the carrier asked what is next: by itself (a) or because it was told to (b). */
  resumed(callSid: string, path: 'a' | 'b', before: NodeName | null): void;
  /** What is known of this caller by a call of a moment ago. Never rejects, and not late. */
  before(from: string): Promise<Before>;
}

/**
 * Folds the journal of a call that was just claimed.
 * @throws Unfolded for a journal that nobody here may go on with
 */
export async function foldCall(link: RedisLink, callSid: string): Promise<CallActor> {
  return (await foldJournal(link, callSid)).actor;
}

/** The same with the facts that were folded. */
export async function foldJournal(
  link: RedisLink,
  callSid: string,
): Promise<{ actor: CallActor; facts: JournaledFact[] }> {
  const facts: JournaledFact[] = [];
  for (const entry of await readWhole(link, callSid)) {
    if (entry.kind === 'corrupt') throw new Unfolded('corrupt entry', `${entry.epoch}-${entry.seq}`);
    if (entry.kind === 'claim' && (entry.version ?? 0) > machineVersion)
      throw new Unfolded('newer machine', `version ${entry.version} at ${entry.epoch}-${entry.seq}`);
    if (entry.kind === 'fact') facts.push(entry);
  }
  try {
    const actor = CallActor.fold(
      callSid,
      facts.map(({ fact }) => fact),
    );
    return { actor, facts };
  } catch (error) {
    throw new Unfolded('fold threw', String(error), error);
  }
}

async function readWhole(link: RedisLink, callSid: string): Promise<JournalEntry[]> {
  try {
    return await repeated(() => readJournal(link, callSid));
  } catch (error) {
    if (error instanceof DirectoryError && error.code === 'tooLarge') throw new Unfolded('too long', error.message);
    throw error;
  }
}

/** Fills in what only the claim knows. */
async function completed(deps: DoorDeps, fact: Told, claim: Claimed): Promise<CallEvent> {
  if (fact.type === 'carrier.nextAsked') return { ...fact, at: claim.at, intent: claim.intent, breaks: claim.breaks };
  if (fact.type !== 'carrier.arrived') return { ...fact, at: claim.at };
  const { turns: previous, language } = await deps.before(fact.from);
  return { ...fact, at: claim.at, node: deps.node.node, ...(previous && { previous }), ...(language && { language }) };
}

/** How a claimed call stands after a fact. */
interface Stood {
  /** Null: the journal was not folded. */
  actor: CallActor | null;
  view: CallView;
  dueAt: number;
}

async function stand(deps: DoorDeps, callSid: string, claim: Claimed, fact: CallEvent): Promise<Stood> {
  const { epoch } = claim;
  try {
    if (claim.breaks >= limits.breaksMax && claim.intent === null && streamed.has(claim.state))
      throw new Unfolded('broke too often', `${claim.breaks} times`);
    const actor = await foldCall(deps.link, callSid);
    step(actor, fact);
    return { actor, view: actor.viewAt(epoch), dueAt: dueAtOf(actor, claim) };
  } catch (error) {
    if (!(error instanceof Unfolded)) throw error;
    deps.unfolded(callSid, error);
    const { from, to } = claim;
    const nothing = { about: '', recordings: 0, ringing: null, supervisor: null, turns: [], language: 'en' };
    const view = { callSid, epoch, state: unfoldedState(fact), from, to, ...nothing };
    return { actor: null, view, dueAt: dueAtOf(null, claim) };
  }
}

function step(actor: CallActor, fact: CallEvent): void {
  try {
    actor.step(fact);
  } catch (error) {
    throw new Unfolded('fold threw', fact.type, error);
  }
}

const dueAtOf = (actor: CallActor | null, claim: Claimed): number =>
  Math.round(actor?.nextDeadline?.at ?? claim.at + limits.checkMs);

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
    move: request.move ?? null,
    machineVersion,
    dueInMs: limits.checkMs,
  };
  for (let tries = 1; ; tries += 1) {
    const claimed = await repeated(() => claimWebhook(deps.link, claim));
    if (claimed.kind === 'moved' && claim.move !== null) {
      // The carrier was told too late: it has left the stream that the call has by now, and this is its question. Nothing
      // broke: the break that it was told for is counted.
      claim.move = null;
      claim.countBreak = false;
      continue;
    }
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

  const { callSid, idempotencyToken } = request;
  if (claim.ownerBefore) deps.took(claim.ownerBefore, callSid, claim.epoch, request.trace ?? null);
  if (request.kind === 'next' && claim.intent === null && streamed.has(claim.state))
    deps.resumed(callSid, typeof request.move === 'number' ? 'b' : 'a', claim.ownerBefore);
  const fact = await completed(deps, request.fact, claim);
  const { actor, view, dueAt } = await stand(deps, callSid, claim, fact);
  await request.prepare?.(view);
  const twiml = request.render(view);
  const batch: AppendRequest = {
    callSid,
    epoch: claim.epoch,
    firstSeq: 1,
    facts: [fact],
    state: view.state,
    dueAt,
    answer: { idempotencyToken, text: twiml },
  };
  const appended = await repeated(() => append(deps.link, batch));
  actor?.stop();
  if (appended.kind === 'ok') return { twiml, isClaimed: true };
  return { refused: appended.kind === 'fenced' && appended.ended ? 'ended' : 'unavailable' };
}

/**
 * What happened to a call that is visited: `actor` is stepped with each fact, null where it could not be folded. None:
 * nothing is written.
 */
export type Visit = (actor: CallActor | null, at: number) => Promise<CallEvent[]>;

/**
 * Folds facts into a call that nobody holds: a final status, what REST said, a deadline that passed. Returns the
 * refusal, or how the call stands. `intent`: what the carrier's next question is to find, 'none' takes it back.
 * @throws DirectoryError when Redis did not answer
 */
export async function visit(
  deps: DoorDeps,
  callSid: string,
  expectedEpoch: number,
  facts: Visit,
  intent?: Intent | 'none',
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
  if (claim.ownerBefore) deps.took(claim.ownerBefore, callSid, claim.epoch, null);
  const { actor, happened } = await happenedTo(deps, callSid, claim, facts);
  const end = happened.find(endsCall);
  const batch: AppendRequest = {
    callSid,
    epoch: claim.epoch,
    firstSeq: 1,
    facts: happened,
    state: end ? 'ended' : (actor?.state ?? claim.state),
    dueAt: dueAtOf(actor, claim),
    ...(end && 'status' in end ? { ended: end.status } : {}),
    ...(intent !== undefined && { intent }),
  };
  const appended = await repeated(() => append(deps.link, batch));
  actor?.stop();
  if (appended.kind !== 'ok') return 'unavailable';
  if (end) deps.ended(callSid, actor);
  return 'taken';
}

async function happenedTo(
  deps: DoorDeps,
  callSid: string,
  claim: Claimed,
  facts: Visit,
): Promise<{ actor: CallActor | null; happened: CallEvent[] }> {
  try {
    const actor = await foldCall(deps.link, callSid);
    return { actor, happened: await facts(actor, claim.at) };
  } catch (error) {
    if (error instanceof DirectoryError) throw error;
    deps.unfolded(callSid, error instanceof Unfolded ? error : new Unfolded('fold threw', String(error), error));
    return { actor: null, happened: await facts(null, claim.at) };
  }
}
