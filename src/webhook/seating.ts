import type { Rung } from '../../machines/call-events.ts';
import type { CallDoor, CallView, TwimlRequest } from '../calls/call-door.ts';
import type { Told } from '../calls/stream-port.ts';
import type { NodeName } from '../directory/keys.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { CallPlace } from '../telemetry/tracing.ts';
import type { Bounded } from './bounded.ts';
import type { Ask, Documents, Next, Trouble } from './documents.ts';
import { isPlacedByUs, type CarrierRequest } from './request.ts';
import type { StreamAddress } from './twiml.ts';
import type { WaitDesk } from './wait-desk.ts';
import { beginWait, readWait } from './wait-state.ts';
import type { Piece } from './wait-words.ts';

export type Place =
  /**
   * `alone`: Redis is away, and the node that answers takes the call by itself. `node`: it is to be told when the stream
   * is sure to come.
   */
  | { ok: true; mediaUrl: string; alone?: true; node?: NodeName }
  /** No assistant for this caller now: where the call begins instead. */
  | { ok: false; reason: 'rung'; rung: Rung }
  /** Not answered at all: nobody wants this number. */
  | { ok: false; reason: 'blocked' }
  | { ok: false; reason: Trouble };

export interface PlaceAsked {
  callSid: string;
  /** `live`: a conversation that goes on, which waits only when every node is full. */
  kind: 'new' | 'live';
  /** Who calls. */
  from: string;
  /** Taken if it has room: it may know the call already. Null for none. */
  preferredNode: string | null;
  /** The span that the search belongs to. */
  trace: CallPlace | null;
}

/** Where a call's stream may go. Must not throw; what takes longer than the answer may is given up. */
export interface Admission {
  /** Holds a place; a repeat gets the same one. */
  reserve(asked: PlaceAsked): Promise<Place>;
  /** The stream will come: the node may make a model session ready. Returns at once. */
  warm(callSid: string, node: NodeName, trace: CallPlace | null): void;
  /** The webhook ended in TwiML without a stream. */
  release(callSid: string): Promise<void>;
  /** The call is over. */
  ended(callSid: string, from: string): Promise<void>;
}

/** What a webhook's answer makes of the place that was sought for its call. */
export interface Seat {
  /** The call is not taken, and nothing is journaled. */
  isTurnedAway: boolean;
  fact: Told;
  /** For the door. */
  how: Pick<TwimlRequest, 'waitsForNode' | 'alone'>;
  next(view: CallView): Next;
  /** Gives back what the document does not use. What was answered before counts too: its stream may be on its way. */
  settle(twiml: string): void;
}

export interface SeatingDeps {
  door: CallDoor;
  admission: Admission;
  waitDesk: WaitDesk;
  documents: Documents;
  bounded: Bounded;
  streamTo(mediaUrl: string, view: CallView): StreamAddress;
  /** Redis-clock ms. */
  now(): number;
  metrics: Pick<Metrics, 'refusals'>;
  answerTimeoutMs: number;
}

/** Of the time for an answer, what a place may take: without one there must be time left to say so. */
const PLACE_SHARE = 0.5;
/** Kinds of requests after which a call may be streamed, and whether it is a conversation already. */
const streams: Partial<Record<TwimlRequest['kind'], 'new' | 'live'>> = {
  arrive: 'new',
  next: 'live',
  dialResult: 'live',
};
/** No place now, but there will be one. */
const passing: ReadonlySet<string> = new Set<Trouble>(['full', 'queued', 'draining']);

/** A place for a call that may be streamed, or one in the waiting room. */
export class Seating {
  private readonly deps: SeatingDeps;

  constructor(deps: SeatingDeps) {
    this.deps = deps;
  }

  async find(request: CarrierRequest, ask: Ask, fact: Told): Promise<Seat> {
    const { documents } = this.deps;
    // Talked to somebody, or somebody else is rung: no stream follows.
    const held = ask.succeeded || ask.staff?.kind === 'ring' ? undefined : heldFor(request, ask.kind);
    if (held === undefined) return this.without('nowhere', fact);
    // Back from the staff without having talked: the place in line still stands.
    const place: Place = request.query.has('t')
      ? { ok: false, reason: 'queued' }
      : await this.reserve(request, held, ask);
    if (place.ok) return this.at(request, place, fact);
    if (place.reason === 'blocked') return { ...this.without('nowhere', fact), isTurnedAway: true };
    if (place.reason === 'tooMany' || place.reason === 'closed' || place.reason === 'afterHours')
      return this.without(place.reason, atRung(fact, 'voicemail'));
    if (place.reason === 'rung') return this.without('nowhere', atRung(fact, place.rung));
    if (place.reason === 'draining' && documents.putOff('draining', ask) !== null)
      return { ...this.without('draining', fact), how: { waitsForNode: true } };
    return passing.has(place.reason)
      ? this.inLine(request, held, ask, fact, place.reason)
      : this.without(place.reason, fact);
  }

  /** Nobody waits for it: what is not given back runs out. */
  ended(callSid: string, from: string): void {
    const { bounded, admission } = this.deps;
    void bounded(
      callSid,
      () => admission.ended(callSid, from),
      () => undefined,
    );
  }

  private release(callSid: string): void {
    const { bounded, admission } = this.deps;
    void bounded(
      callSid,
      () => admission.release(callSid),
      () => undefined,
    );
  }

  private async reserve(
    { callSid, trace }: CarrierRequest,
    kind: 'new' | 'live',
    { from, ...ask }: Ask,
  ): Promise<Place> {
    const { bounded, admission, door, answerTimeoutMs, metrics } = this.deps;
    const place = await bounded<Place>(
      callSid,
      async () => {
        const preferredNode = ask.kind === 'next' ? await door.preferredNode(callSid) : null;
        return admission.reserve({ callSid, kind, from, preferredNode, trace });
      },
      (reason) => ({ ok: false, reason }),
      answerTimeoutMs * PLACE_SHARE,
    );
    if (!place.ok) metrics.refusals.inc({ reason: place.reason });
    return place;
  }

  private async inLine(
    request: CarrierRequest,
    held: 'new' | 'live',
    ask: Ask,
    fact: Told,
    reason: Trouble,
  ): Promise<Seat> {
    const { callSid, query } = request;
    const now = this.deps.now();
    const wait = query.has('t') ? readWait(query, now) : beginWait(held, now);
    const found = await this.deps.waitDesk.seek(callSid, wait, ask);
    if (found === null) return this.without(reason, fact);
    return 'mediaUrl' in found
      ? this.at(request, { ok: true, mediaUrl: found.mediaUrl }, fact)
      : this.waiting(callSid, found.piece, fact);
  }

  private at(
    { callSid, trace }: CarrierRequest,
    { mediaUrl, alone, node }: Extract<Place, { ok: true }>,
    fact: Told,
  ): Seat {
    return {
      isTurnedAway: false,
      fact,
      how: alone ? { alone } : {},
      next: (view) => this.deps.streamTo(mediaUrl, view),
      settle: (twiml) => {
        if (!twiml.includes('<Connect')) this.release(callSid);
        else if (node) this.deps.admission.warm(callSid, node, trace);
      },
    };
  }

  private waiting(callSid: string, piece: Piece, fact: Told): Seat {
    return {
      isTurnedAway: false,
      fact: queued(fact),
      how: {},
      next: () => ({ piece }),
      settle: (twiml) => {
        if (!twiml.includes('/voice/wait?')) this.deps.waitDesk.leave(callSid);
      },
    };
  }

  private without(reason: Trouble, fact: Told): Seat {
    return { isTurnedAway: false, fact, how: {}, next: () => reason, settle: () => undefined };
  }
}

function heldFor(request: CarrierRequest, kind: TwimlRequest['kind']): 'new' | 'live' | undefined {
  // Who was called back has waited already.
  return kind === 'arrive' && isPlacedByUs(request) ? 'live' : streams[kind];
}

function queued(fact: Told): Told {
  const canWait =
    fact.type === 'carrier.arrived' || fact.type === 'carrier.nextAsked' || fact.type === 'carrier.dialEnded';
  return canWait ? { ...fact, queued: true } : fact;
}

function atRung(fact: Told, rung: Rung): Told {
  return fact.type === 'carrier.arrived' ? { ...fact, rung } : fact;
}
