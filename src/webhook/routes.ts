import type { CallDoor, CallView, TwimlRequest } from '../calls/call-door.ts';
import type { Told } from '../calls/stream-port.ts';
import type { HttpRequest, HttpResponse } from '../http/message.ts';
import type { Route } from '../http/server.ts';
import { issueToken, streamTokenLifeMs } from '../placement/token.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { audioRoute } from './audio.ts';
import { answerTimeoutMs, type Bounded, createBounded } from './bounded.ts';
import { recordingFact, statusFact, streamFact } from './callbacks.ts';
import { debuggerRoute } from './debugger.ts';
import { Documents, type Ask, type Next, type StoreFacts, type Trouble } from './documents.ts';
import { createHoldAudio } from './hold-audio.ts';
import {
  isOver,
  isPlacedByUs,
  isRefused,
  partiesOf,
  readRequest,
  type CarrierRequest,
  type SignatureRules,
} from './request.ts';
import { type StreamAddress, xml } from './twiml.ts';
import { type Found, WaitDesk, type WaitingLine } from './wait-desk.ts';
import { beginWait, readWait } from './wait-state.ts';

export type Place = { ok: true; mediaUrl: string } | { ok: false; reason: Trouble };

/** Where a call's stream may go. Must not throw; what takes longer than the answer may is given up. */
export interface Admission {
  /**
   * Holds a place for who calls from `from`. `live`: a conversation that goes on, which waits only when every node is
   * full. A repeat gets the same place.
   */
  reserve(callSid: string, kind: 'new' | 'live', from: string): Promise<Place>;
  /** The webhook ended in TwiML without a stream. */
  release(callSid: string): Promise<void>;
}

export interface WebhookDeps {
  publicUrl: string;
  authTokens: readonly string[];
  streamTokenSecret: string;
  door: CallDoor;
  admission: Admission;
  waitingRoom: WaitingLine;
  facts(): StoreFacts;
  /** Redis-clock ms. */
  now(): number;
  log: Log;
  metrics: Metrics;
  /** Bound of everything that an answer waits for, ms. */
  answerTimeoutMs?: number;
}

/** Of it, what a place may take: without one there must be time left to say so. */
const PLACE_SHARE = 0.5;
/** What the keypad menu minds: no row of other keys is kept. */
const MENU_KEY = /^[0-3*]?$/;
const noFacts: StoreFacts = {
  name: 'us',
  hours: () => '',
  staffNumbers: [],
  promotions: () => [],
  callback: () => null,
};
/** No place now, but there will be one. */
const passing: ReadonlySet<Trouble> = new Set<Trouble>(['full', 'queued', 'draining']);
/** Kinds of requests after which a call may be streamed, and whether it is a conversation already. */
const streams: Partial<Record<TwimlRequest['kind'], 'new' | 'live'>> = {
  arrive: 'new',
  next: 'live',
  dialResult: 'live',
};

type FactOf = (request: CarrierRequest) => Told;

/** Every webhook of the carrier's. Callers hear a sentence where Aida cannot take the call, never an error. */
export function webhookRoutes(deps: WebhookDeps): Route[] {
  const rules = { publicUrl: deps.publicUrl, authTokens: deps.authTokens, metrics: deps.metrics };
  const holdAudio = createHoldAudio();
  const desk = new WebhookDesk(deps, rules, new Documents(deps.publicUrl, holdAudio));
  const answering = (path: string, kind: TwimlRequest['kind'], factOf: FactOf): Route =>
    desk.route(path, (request) => desk.answer(request, kind, factOf(request)));
  return [
    answering('/voice', 'arrive', (request) => ({
      type: 'carrier.arrived',
      ...partiesOf(request),
      // Filled in by the door, as `intent` and `breaks` below.
      node: '',
    })),
    answering('/voice/next', 'next', () => ({ type: 'carrier.nextAsked', intent: null, breaks: 0 })),
    answering('/voice/dial-result', 'dialResult', (request) => ({
      type: 'carrier.dialEnded',
      // Without a result nobody was rung.
      result: request.value('DialCallStatus') || 'failed',
      durationS: request.count('DialCallDuration') ?? 0,
    })),
    answering('/voice/voicemail', 'voicemail', (request) => ({
      type: 'carrier.recordEnded',
      recordingSid: request.value('RecordingSid'),
      recordingUrl: request.value('RecordingUrl'),
      durationS: request.count('RecordingDuration') ?? 0,
      digits: request.value('Digits'),
    })),
    answering('/voice/menu', 'menu', (request) => ({
      type: 'carrier.menuChosen',
      digits: menuKey(request.value('Digits').slice(0, 1)),
    })),
    desk.route('/voice/wait', (request) => desk.wait(request)),
    desk.route('/voice/fallback', (request) => desk.fallback(request)),
    desk.route('/voice/status', (request) => desk.callback(request, statusFact(request))),
    desk.route('/voice/stream-status', (request) => desk.callback(request, streamFact(request, deps.log))),
    desk.route('/voice/recording', (request) => desk.callback(request, recordingFact(request))),
    debuggerRoute(rules, deps.log),
    audioRoute(holdAudio.find),
  ];
}

class WebhookDesk {
  private readonly deps: WebhookDeps;
  private readonly rules: SignatureRules;
  private readonly documents: Documents;
  private readonly timeoutMs: number;
  private readonly bounded: Bounded;
  private readonly waitDesk: WaitDesk;

  constructor(deps: WebhookDeps, rules: SignatureRules, documents: Documents) {
    this.deps = deps;
    this.rules = rules;
    this.documents = documents;
    this.timeoutMs = deps.answerTimeoutMs ?? answerTimeoutMs;
    this.bounded = createBounded(this.timeoutMs, deps);
    this.waitDesk = new WaitDesk({
      door: deps.door,
      line: deps.waitingRoom,
      documents,
      bounded: this.bounded,
      facts: () => this.facts(),
      streamTo: (mediaUrl, view) => this.streamTo(mediaUrl, view),
      now: () => deps.now(),
      metrics: deps.metrics,
      answerTimeoutMs: this.timeoutMs,
    });
  }

  route(path: string, handle: (request: CarrierRequest) => Promise<HttpResponse>): Route {
    const { metrics } = this.deps;
    const handler = async (request: HttpRequest): Promise<HttpResponse> => {
      const startedAt = performance.now();
      const read = readRequest(request, this.rules);
      const response = isRefused(read) ? read : await handle(read);
      metrics.webhookSeconds.observe((performance.now() - startedAt) / 1000);
      metrics.webhooks.inc({ route: path, status: response.status });
      return response;
    };
    return { method: 'POST', path, handler };
  }

  async answer(request: CarrierRequest, kind: TwimlRequest['kind'], fact: Told): Promise<HttpResponse> {
    if (isOver(request.callStatus)) return this.end(request, fact);
    const startedAt = performance.now();
    const ask = askOf(request, kind, fact);
    const facts = this.facts();
    const place = await this.reserve(request, kind, ask);
    const { callSid, idempotencyToken } = request;
    const waits = !place.ok && place.reason === 'draining' && this.documents.putOff('draining', ask) !== null;
    const found = place.ok || waits ? null : await this.waitInstead(request, kind, place.reason);
    const mediaUrl = place.ok ? place.mediaUrl : found && 'mediaUrl' in found ? found.mediaUrl : null;
    const isQueued = found !== null && 'piece' in found;
    const render: TwimlRequest['render'] = (view) => {
      const otherwise: Next = isQueued ? found : place.ok ? 'nowhere' : place.reason;
      return this.documents.forView(view, ask, facts, mediaUrl === null ? otherwise : this.streamTo(mediaUrl, view));
    };
    const told = isQueued ? queued(fact) : fact;
    const answer = await this.bounded<{ twiml: string } | { refused: Trouble }>(
      () =>
        this.deps.door.answer({
          callSid,
          idempotencyToken,
          kind,
          fact: told,
          render,
          ...(waits && { waitsForNode: true }),
        }),
      (refused) => ({ refused }),
      this.timeoutMs - (performance.now() - startedAt),
    );
    const twiml = 'twiml' in answer ? answer.twiml : this.apologize(request, answer.refused, ask, facts);
    // What was answered before counts too: its stream may be on its way, or its caller in line.
    if (mediaUrl !== null && !twiml.includes('<Connect')) this.release(callSid);
    if (isQueued && !twiml.includes('/voice/wait?')) this.waitDesk.leave(callSid);
    return xml(twiml);
  }

  /** The next piece of the wait. */
  async wait(request: CarrierRequest): Promise<HttpResponse> {
    if (!isOver(request.callStatus)) return this.waitDesk.answer(request);
    this.giveUp(request.callSid);
    return this.end(request, null);
  }

  fallback(request: CarrierRequest): Promise<HttpResponse> {
    this.deps.log.error(
      { callSid: request.callSid, code: request.value('ErrorCode'), url: request.value('ErrorUrl') },
      'the carrier fell back',
    );
    if (isOver(request.callStatus)) return Promise.resolve(xml(this.documents.over()));
    return Promise.resolve(xml(this.documents.fallback(partiesOf(request), this.facts())));
  }

  /** One-way: 204, or 503 where the carrier should tell it again. */
  async callback(request: CarrierRequest, fact: Told | null | 'malformed'): Promise<HttpResponse> {
    if (fact === 'malformed') {
      this.deps.metrics.refusals.inc({ reason: 'callback' });
      return { status: 400 };
    }
    const told = fact && (await this.tell(request.callSid, fact));
    // Who hung up before a stream came leaves a place behind, or a place in line.
    if (fact?.type === 'carrier.statusReported' && isOver(fact.status)) this.giveUp(request.callSid);
    return { status: told === 'unavailable' || told === 'late' || told === 'threw' ? 503 : 204 };
  }

  /** The caller is gone: what the request says is folded, then the end. */
  private async end(request: CarrierRequest, fact: Told | null): Promise<HttpResponse> {
    const { callSid } = request;
    const isNews =
      fact?.type === 'carrier.dialEnded' || (fact?.type === 'carrier.recordEnded' && fact.recordingSid !== '');
    if (isNews) await this.tell(callSid, fact);
    const status = statusFact(request);
    if (status !== 'malformed') await this.tell(callSid, status);
    return xml(this.documents.over());
  }

  private giveUp(callSid: string): void {
    this.release(callSid);
    this.waitDesk.leave(callSid);
  }

  /** Nobody waits for it: a place that is not given back runs out. */
  private release(callSid: string): void {
    void this.bounded(
      () => this.deps.admission.release(callSid),
      () => undefined,
    );
  }

  private async tell(callSid: string, fact: Told): Promise<string> {
    return this.bounded(
      () => this.deps.door.tell(callSid, fact),
      (trouble): string => trouble,
    );
  }

  private streamTo(mediaUrl: string, { callSid, epoch }: CallView): StreamAddress {
    const expiresAt = Math.round(this.deps.now()) + streamTokenLifeMs;
    return { mediaUrl, token: issueToken({ callSid, epoch, expiresAt }, this.deps.streamTokenSecret) };
  }

  /** A place in line for a call that needs a stream and found no place for it. */
  private async waitInstead(request: CarrierRequest, kind: TwimlRequest['kind'], reason: Trouble): Promise<Found> {
    const held = heldFor(request, kind);
    if (held === undefined || !passing.has(reason)) return null;
    const now = this.deps.now();
    const wait = request.query.has('t') ? readWait(request.query, now) : beginWait(held, now);
    return this.waitDesk.seek(request.callSid, wait, partiesOf(request).from);
  }

  private async reserve(request: CarrierRequest, kind: TwimlRequest['kind'], ask: Ask): Promise<Place> {
    const held = ask.succeeded ? undefined : heldFor(request, kind);
    if (held === undefined) return { ok: false, reason: 'nowhere' };
    // Back from the staff without having talked: the place in line still stands.
    if (request.query.has('t')) return { ok: false, reason: 'queued' };
    const place = await this.bounded<Place>(
      () => this.deps.admission.reserve(request.callSid, held, ask.from),
      (reason) => ({ ok: false, reason }),
      this.timeoutMs * PLACE_SHARE,
    );
    if (!place.ok) this.deps.metrics.refusals.inc({ reason: place.reason });
    return place;
  }

  private apologize(request: CarrierRequest, trouble: Trouble, ask: Ask, facts: StoreFacts): string {
    this.deps.metrics.apologies.inc({ reason: trouble });
    this.deps.log.warn({ callSid: request.callSid, kind: ask.kind, trouble }, 'call could not be taken');
    return this.documents.forTrouble(trouble, ask, facts);
  }

  private facts(): StoreFacts {
    try {
      return this.deps.facts();
    } catch (error) {
      this.deps.metrics.faults.inc({ place: 'facts' });
      this.deps.log.error({ err: error }, 'the store is not known');
      return noFacts;
    }
  }
}

function askOf(request: CarrierRequest, kind: TwimlRequest['kind'], fact: Told): Ask {
  return {
    kind,
    digits: fact.type === 'carrier.menuChosen' ? fact.digits : '',
    succeeded:
      (fact.type === 'carrier.dialEnded' && (fact.result === 'completed' || fact.result === 'answered')) ||
      (fact.type === 'carrier.recordEnded' && fact.durationS > 0),
    ...partiesOf(request),
    puttingOff: Number(/^\d$/.exec(request.query.get('n') ?? '')?.[0] ?? 0),
  };
}

function menuKey(digit: string): string {
  return MENU_KEY.test(digit) ? digit : '?';
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
