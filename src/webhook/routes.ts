import type { CallDoor, TwimlRequest } from '../calls/call-door.ts';
import type { Told } from '../calls/stream-port.ts';
import type { HttpRequest, HttpResponse } from '../http/message.ts';
import type { Route } from '../http/server.ts';
import { issueToken, streamTokenLifeMs } from '../placement/token.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { recordingFact, statusFact, streamFact } from './callbacks.ts';
import { Documents, type Ask, type StoreFacts, type Trouble } from './documents.ts';
import { isOver, isRefused, readRequest, type CarrierRequest, type SignatureRules } from './request.ts';
import { textXml } from './twiml.ts';

export type Place = { ok: true; mediaUrl: string } | { ok: false; reason: Trouble };

/** Where a call's stream may go. Must not throw; what takes longer than the answer may is given up. */
export interface Admission {
  /** Holds a place. `live`: a conversation that goes on, which never waits. A repeat gets the same place. */
  reserve(callSid: string, kind: 'new' | 'live'): Promise<Place>;
  /** The webhook ended in TwiML without a stream. */
  release(callSid: string): Promise<void>;
}

export interface WebhookDeps {
  publicUrl: string;
  authTokens: readonly string[];
  streamTokenSecret: string;
  door: CallDoor;
  admission: Admission;
  facts(): StoreFacts;
  /** Redis-clock ms. */
  now(): number;
  log: Log;
  metrics: Metrics;
  /** Bound of everything that an answer waits for, ms. */
  answerTimeoutMs?: number;
}

/** Below the carrier's read timeout of 2.5 s: what is late is answered with a sentence. */
const ANSWER_TIMEOUT_MS = 2_000;
/** Of it, what a place may take: without one there must be time left to say so. */
const PLACE_SHARE = 0.5;
/** What the keypad menu minds: no row of other keys is kept. */
const MENU_KEY = /^[0-3*]?$/;
/** A number, or a SIP address. */
const ADDRESS_LENGTH_MAX = 256;
const noFacts: StoreFacts = { name: 'us', hours: () => '', staffNumbers: [] };
/** Kinds of requests after which a call may be streamed, and whether it is a conversation already. */
const streams: Partial<Record<TwimlRequest['kind'], 'new' | 'live'>> = {
  arrive: 'new',
  next: 'live',
  dialResult: 'live',
};

type FactOf = (request: CarrierRequest) => Told;

/** Every webhook of the carrier's. Callers hear a sentence where Aida cannot take the call, never an error. */
export function webhookRoutes(deps: WebhookDeps): Route[] {
  const desk = new WebhookDesk(deps);
  const answering = (path: string, kind: TwimlRequest['kind'], factOf: FactOf): Route =>
    desk.route(path, (request) => desk.answer(request, kind, factOf(request)));
  return [
    answering('/voice', 'arrive', (request) => ({
      type: 'carrier.arrived',
      from: request.value('From').slice(0, ADDRESS_LENGTH_MAX),
      to: request.value('To').slice(0, ADDRESS_LENGTH_MAX),
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
    desk.route('/voice/fallback', (request) => desk.fallback(request)),
    desk.route('/voice/status', (request) => desk.callback(request, statusFact(request))),
    desk.route('/voice/stream-status', (request) => desk.callback(request, streamFact(request, deps.log))),
    desk.route('/voice/recording', (request) => desk.callback(request, recordingFact(request))),
  ];
}

class WebhookDesk {
  private readonly deps: WebhookDeps;
  private readonly rules: SignatureRules;
  private readonly documents: Documents;
  private readonly timeoutMs: number;

  constructor(deps: WebhookDeps) {
    this.deps = deps;
    this.rules = { publicUrl: deps.publicUrl, authTokens: deps.authTokens, metrics: deps.metrics };
    this.documents = new Documents(deps.publicUrl);
    this.timeoutMs = deps.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
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
    const render: TwimlRequest['render'] = (view) => {
      if (!place.ok) return this.documents.forView(view, ask, facts, place.reason);
      const expiresAt = Math.round(this.deps.now()) + streamTokenLifeMs;
      const token = issueToken({ callSid, epoch: view.epoch, expiresAt }, this.deps.streamTokenSecret);
      return this.documents.forView(view, ask, facts, { mediaUrl: place.mediaUrl, token });
    };
    const answer = await this.bounded<{ twiml: string } | { refused: Trouble }>(
      () =>
        this.deps.door.answer({ callSid, idempotencyToken, kind, fact, render, ...(waits && { waitsForNode: true }) }),
      (refused) => ({ refused }),
      this.timeoutMs - (performance.now() - startedAt),
    );
    const twiml = 'twiml' in answer ? answer.twiml : this.apologize(request, answer.refused, ask, facts);
    // What was answered before counts too: its stream may be on its way.
    if (place.ok && !twiml.includes('<Connect')) this.release(callSid);
    return document(twiml);
  }

  fallback(request: CarrierRequest): Promise<HttpResponse> {
    this.deps.log.error(
      { callSid: request.callSid, code: request.value('ErrorCode'), url: request.value('ErrorUrl') },
      'the carrier fell back',
    );
    if (isOver(request.callStatus)) return Promise.resolve(document(this.documents.over()));
    const ask = { from: request.value('From'), to: request.value('To') };
    return Promise.resolve(document(this.documents.fallback(ask, this.facts())));
  }

  /** One-way: 204, or 503 where the carrier should tell it again. */
  async callback(request: CarrierRequest, fact: Told | null | 'malformed'): Promise<HttpResponse> {
    if (fact === 'malformed') {
      this.deps.metrics.refusals.inc({ reason: 'callback' });
      return { status: 400 };
    }
    const told = fact && (await this.tell(request.callSid, fact));
    // Who hung up before a stream came leaves a place behind.
    if (fact?.type === 'carrier.statusReported' && isOver(fact.status)) this.release(request.callSid);
    return { status: told === 'unavailable' || told === 'late' || told === 'threw' ? 503 : 204 };
  }

  /** The caller is gone: what the request says is folded, then the end. */
  private async end(request: CarrierRequest, fact: Told): Promise<HttpResponse> {
    const { callSid } = request;
    if (fact.type === 'carrier.dialEnded' || (fact.type === 'carrier.recordEnded' && fact.recordingSid !== ''))
      await this.tell(callSid, fact);
    const status = statusFact(request);
    if (status !== 'malformed') await this.tell(callSid, status);
    return document(this.documents.over());
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

  /** The promise's value, or what stands in for it when it is late or something throws. */
  private async bounded<T>(
    start: () => Promise<T>,
    otherwise: (trouble: 'late' | 'threw') => T,
    ms = this.timeoutMs,
  ): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<T>((resolve) => (timer = setTimeout(() => resolve(otherwise('late')), ms)));
    try {
      return await Promise.race([start(), late]);
    } catch (error) {
      this.deps.metrics.faults.inc({ place: 'webhook' });
      this.deps.log.error({ err: error }, 'a webhook could not be answered as meant');
      return otherwise('threw');
    } finally {
      clearTimeout(timer);
    }
  }

  private async reserve({ callSid }: CarrierRequest, kind: TwimlRequest['kind'], ask: Ask): Promise<Place> {
    const held = kind === 'dialResult' && ask.succeeded ? undefined : streams[kind];
    if (!held) return { ok: false, reason: 'nowhere' };
    const place = await this.bounded<Place>(
      () => this.deps.admission.reserve(callSid, held),
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
    from: request.value('From'),
    to: request.value('To'),
    puttingOff: Number(/^\d$/.exec(request.query.get('n') ?? '')?.[0] ?? 0),
  };
}

function menuKey(digit: string): string {
  return MENU_KEY.test(digit) ? digit : '?';
}

function document(twiml: string): HttpResponse {
  return { status: 200, headers: textXml, body: twiml };
}
