import type { Rung, WaitEnd } from '../../machines/call-events.ts';
import type { CallDoor, CallView, TwimlRequest } from '../calls/call-door.ts';
import type { HttpResponse } from '../http/message.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Bounded } from './bounded.ts';
import type { DialDesk } from './dial-desk.ts';
import { arrivalFact } from './callbacks.ts';
import type { Ask, Documents, StoreFacts, Trouble } from './documents.ts';
import { type CarrierRequest, partiesOf } from './request.ts';
import { type StreamAddress, xml } from './twiml.ts';
import { readWait, type Wait } from './wait-state.ts';
import { callbackFor, type InLine, nextPiece, type Parties, type Piece, silence } from './wait-words.ts';

/** How a waiter stands. */
export type Standing =
  /** A node holds a place for the call. */
  | { kind: 'placed'; mediaUrl: string }
  | { kind: 'waiting'; ticket: number; line: InLine }
  /** No new caller comes to the assistant any more. */
  | { kind: 'aside'; rung: Rung }
  /** The waiting room itself has no room left. */
  | { kind: 'full' }
  /** The queue did not answer: nothing is known, and a ticket keeps its place. */
  | { kind: 'away' };

/** The line of those who wait for a place. Must not throw. */
export interface WaitingLine {
  /** Joins the line where `ticket` is 0, else asks whether the call's turn has come. Both may be repeated. */
  stand(callSid: string, wait: Pick<Wait, 'kind' | 'ticket'>): Promise<Standing>;
  leave(callSid: string): Promise<void>;
}

export interface WaitDeps {
  door: CallDoor;
  line: WaitingLine;
  documents: Documents;
  dials: Pick<DialDesk, 'preparing'>;
  bounded: Bounded;
  facts(): StoreFacts;
  /** How long a sentence lasts that is said to those who wait. */
  lengthMs(sentence: string): number;
  streamTo(mediaUrl: string, view: CallView): StreamAddress;
  /** Redis-clock ms. */
  now(): number;
  metrics: Metrics;
  /** Of everything that an answer waits for. */
  answerTimeoutMs: number;
}

/** After so long the caller is given the voicemail: nothing better is to come. */
const WAIT_MS_MAX = 1_800_000;
/** Of the time for an answer, what the queue may take: the call's own claim comes after it. */
const LINE_SHARE = 0.4;
const personKeys: ReadonlySet<string> = new Set(['0', '*']);

const endAt: Record<Rung, WaitEnd> = { menu: 'menu', voicemail: 'voicemail', staff: 'person' };

/** What a call hears that found no place, or the place that it found after all. */
export type Found = { mediaUrl: string } | { piece: Piece } | null;

interface Ending {
  how: WaitEnd;
  wait: Wait;
  mediaUrl: string | null;
}

/** The waiting room: callers who hold no node, asked for again and again by the carrier. */
export class WaitDesk {
  private readonly deps: WaitDeps;

  constructor(deps: WaitDeps) {
    this.deps = deps;
  }

  /** Joins the line, or takes the place in it again; null where the waiting room is full, or leads nowhere. */
  async seek(callSid: string, wait: Wait, parties: Parties): Promise<Found> {
    const standing = await this.stand(callSid, wait);
    if (standing.kind === 'full' || standing.kind === 'aside') return null;
    return standing.kind === 'placed'
      ? { mediaUrl: standing.mediaUrl }
      : { piece: this.piece(wait, standing, parties) };
  }

  /** Nobody waits for it: who is not heard of leaves the line by itself. */
  leave(callSid: string): void {
    const { bounded, line } = this.deps;
    void bounded(
      callSid,
      () => line.leave(callSid),
      () => undefined,
    );
  }

  /** `/voice/wait`: the next piece of the wait, unless a place, a key or the clock ends it. */
  async answer(request: CarrierRequest): Promise<HttpResponse> {
    const { facts, now, documents } = this.deps;
    const startedAt = performance.now();
    const parties = partiesOf(request);
    const told = readWait(request.query, now());
    const wait = { ...told, key: request.value('Digits').slice(0, 1) || told.key };
    const how = now() - wait.joinedAt >= WAIT_MS_MAX ? 'voicemail' : endOf(wait.key, facts(), parties);
    if (how !== null) return xml(await this.end(request, { how, wait, mediaUrl: null }, startedAt));
    const standing = await this.stand(request.callSid, wait);
    if (standing.kind === 'placed') {
      return xml(await this.end(request, { how: 'placed', wait, mediaUrl: standing.mediaUrl }, startedAt));
    }
    if (standing.kind === 'aside')
      return xml(await this.end(request, { how: endAt[standing.rung], wait, mediaUrl: null }, startedAt));
    // Its queue was lost, and others have filled it since.
    if (standing.kind === 'full')
      return xml(await this.end(request, { how: 'voicemail', wait, mediaUrl: null }, startedAt));
    return xml(documents.hold(this.piece({ ...wait, key: '' }, standing, parties)));
  }

  private stand(callSid: string, wait: Wait): Promise<Standing> {
    const { bounded, line, answerTimeoutMs } = this.deps;
    return bounded<Standing>(
      callSid,
      () => line.stand(callSid, wait),
      () => ({ kind: 'away' }),
      answerTimeoutMs * LINE_SHARE,
    );
  }

  private piece(wait: Wait, standing: Standing, parties: Parties): Piece {
    const { facts, lengthMs, now, metrics } = this.deps;
    const isInLine = standing.kind === 'waiting';
    const known = isInLine ? { ...wait, ticket: standing.ticket } : wait;
    const piece = nextPiece(known, isInLine ? standing.line : null, facts(), parties, now(), lengthMs);
    if (piece.announces) metrics.positionsAnnounced.inc();
    return piece;
  }

  private async end(request: CarrierRequest, ending: Ending, startedAt: number): Promise<string> {
    const { metrics, now } = this.deps;
    const { how, wait, mediaUrl } = ending;
    const { callSid } = request;
    const waitedMs = Math.max(0, Math.round(now() - wait.joinedAt));
    const ask: Ask = {
      kind: 'wait',
      digits: wait.key,
      succeeded: false,
      ...partiesOf(request),
      puttingOff: 0,
      waited: { how, wait },
    };
    const fact = { type: 'carrier.waitEnded', how, waitedMs } as const;
    const answer = await this.ask(request, ask, { kind: 'wait', fact }, mediaUrl, startedAt);
    if ('refused' in answer) {
      metrics.apologies.inc({ reason: answer.refused });
      return this.refused(request, ask, ending, answer.refused, startedAt);
    }
    metrics.waitsEnded.inc({ how });
    metrics.waitingSeconds.observe(waitedMs / 1000);
    // A place was taken out of the line with its caller.
    if (mediaUrl === null) this.leave(callSid);
    return answer.twiml;
  }

  private ask(
    { callSid, idempotencyToken, trace }: CarrierRequest,
    ask: Ask,
    told: Pick<TwimlRequest, 'kind' | 'fact'>,
    mediaUrl: string | null,
    startedAt: number,
  ): Promise<{ twiml: string } | { refused: Trouble }> {
    const { door, documents, dials, facts, bounded, streamTo, answerTimeoutMs } = this.deps;
    const store = facts();
    const prepare = dials.preparing(callSid, told.kind, ask);
    const render = (view: CallView) =>
      documents.forView(view, ask, store, mediaUrl === null ? 'nowhere' : streamTo(mediaUrl, view));
    return bounded<{ twiml: string } | { refused: Trouble }>(
      callSid,
      () => door.answer({ callSid, idempotencyToken, ...(trace && { trace }), ...told, prepare, render }),
      (refused) => ({ refused }),
      answerTimeoutMs - (performance.now() - startedAt),
    );
  }

  /** Nobody can say where the call stands: it waits on where that leads anywhere. */
  private async refused(
    request: CarrierRequest,
    ask: Ask,
    { how, wait, mediaUrl }: Ending,
    refused: Trouble,
    startedAt: number,
  ): Promise<string> {
    const { documents, facts } = this.deps;
    if (refused === 'ended') this.leave(request.callSid);
    else if (refused === 'unknown' && how === 'placed') {
      // Its journal was lost: it begins again, with the place that it waited for.
      const arrived = arrivalFact(request, facts());
      const again = await this.ask(request, ask, { kind: 'arrive', fact: arrived }, mediaUrl, startedAt);
      if ('twiml' in again) return again.twiml;
    } else if (refused !== 'unknown' && (how === 'placed' || how === 'callback')) {
      return documents.hold(silence(facts(), wait, 0));
    }
    return documents.forTrouble(refused, ask, facts());
  }
}

/** Where a key leads; null for one that leads nowhere. */
function endOf(key: string, facts: StoreFacts, parties: Parties): WaitEnd | null {
  if (key === '1') return 'voicemail';
  if (key === '2') return callbackFor(parties, facts) === null ? null : 'callback';
  return personKeys.has(key) && facts.staffNumbers.length > 0 ? 'person' : null;
}
