import { finalStatuses } from '../../machines/call-events.ts';
import { answeredMsMax } from '../calls/answer-score.ts';
import type { CallDoor, CallView, TwimlRequest } from '../calls/call-door.ts';
import type { Told } from '../calls/stream-port.ts';
import type { HttpRequest, HttpResponse } from '../http/message.ts';
import type { Ring } from '../services/staff-desk.ts';
import type { Route } from '../http/server.ts';
import { issueToken, streamTokenLifeMs } from '../placement/token.ts';
import { defaultLanguage } from '../services/languages.ts';
import { ownLanguage } from '../services/lines.ts';
import type { LineKeeper } from '../services/prepared-lines.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createSyntheticCheck, type IsSynthetic } from '../telemetry/synthetic-sid.ts';
import { newSpanId } from '../telemetry/trace-ids.ts';
import type { CallPlace, Tracing } from '../telemetry/tracing.ts';
import { audioRoute } from './audio.ts';
import { answerTimeoutMs, type Bounded, createBounded } from './bounded.ts';
import { arrivalFact, breaksStream, recordingFact, statusFact, streamFact } from './callbacks.ts';
import { debuggerRoute } from './debugger.ts';
import { callerOf, DialDesk, isStaffLine, type StaffPort } from './dial-desk.ts';
import { Documents, type Ask, type StoreFacts, type Trouble } from './documents.ts';
import type { HoldAudio } from './hold-audio.ts';
import { messageFact } from './message-keys.ts';
import {
  isOver,
  isPlacedByUs,
  isRefused,
  partiesOf,
  readRequest,
  type CarrierRequest,
  type SignatureRules,
} from './request.ts';
import { type Admission, Seating } from './seating.ts';
import { menuKeys, noKeypadFacts } from './menu-words.ts';
import { type StreamAddress, Twiml, xml } from './twiml.ts';
import { WaitDesk, type WaitingLine } from './wait-desk.ts';
import { saidMs } from './wait-words.ts';
import { webhookSpan } from './webhook-span.ts';
import { WhisperDesk } from './whisper.ts';

/** Sentences as sound, and every sound that was ever announced. Never rejects. */
export type SoundShelf = Pick<LineKeeper, 'said' | 'find'>;

export interface WebhookDeps {
  publicUrl: string;
  authTokens: readonly string[];
  streamTokenSecret: string;
  door: CallDoor;
  admission: Admission;
  waitingRoom: WaitingLine;
  staff: StaffPort;
  /** A call that we placed is answered or over; `asked` is the call in which it was asked for. Never throws, returns at once. */
  placedCall(news: { asked: string; callSid: string; status: string }): void;
  facts(): StoreFacts;
  holdAudio: HoldAudio;
  sounds: SoundShelf;
  /** Redis-clock ms. */
  now(): number;
  log: Log;
  metrics: Metrics;
  tracing: Tracing;
  /** Bound of everything that an answer waits for, ms. */
  answerTimeoutMs?: number;
}

const EPOCH = /^\d{1,15}$/;
const noFacts: StoreFacts = {
  name: 'us',
  greeting: '',
  languages: [defaultLanguage],
  keypad: noKeypadFacts,
  closed: () => null,
  recording: () => 'off',
  callMsMax: 1_800_000,
  staffNumbers: [],
  promotions: () => [],
  callback: () => null,
};
type FactOf = (request: CarrierRequest) => Told;

/** Every webhook of the carrier's. Callers hear a sentence where Aida cannot take the call, never an error. */
export function webhookRoutes(deps: WebhookDeps): Route[] {
  const rules = { publicUrl: deps.publicUrl, authTokens: deps.authTokens, metrics: deps.metrics };
  const { holdAudio, sounds } = deps;
  const desk = new WebhookDesk(deps, rules, new Documents(deps.publicUrl, holdAudio, sounds));
  const answering = (path: string, kind: TwimlRequest['kind'], factOf: FactOf): Route =>
    desk.route(path, (request) => desk.answer(request, kind, factOf(request)));
  return [
    answering('/voice', 'arrive', (request) => arrivalFact(request, desk.facts())),
    answering('/voice/next', 'next', () => ({ type: 'carrier.nextAsked', intent: null, breaks: 0 })),
    desk.route('/voice/dial-result', (request) => desk.dialed(request)),
    desk.route('/voice/whisper', (request) => desk.whisper(request)),
    answering('/voice/voicemail', 'voicemail', (request) => messageFact(request).fact),
    answering('/voice/menu', 'menu', (request) => ({
      type: 'carrier.menuChosen',
      digits: menuKey(request.value('Digits').slice(0, 1)),
    })),
    desk.route('/voice/wait', (request) => desk.wait(request)),
    desk.route('/voice/fallback', (request) => desk.fallback(request)),
    desk.route('/voice/status', (request) => desk.status(request)),
    desk.route('/voice/stream-status', (request) => desk.streamCallback(request)),
    desk.route('/voice/recording', (request) => desk.callback(request, recordingFact(request))),
    debuggerRoute(rules, deps.log),
    audioRoute((hash) => (hash === holdAudio.sound.hash ? Promise.resolve(holdAudio.sound) : sounds.find(hash))),
  ];
}

/** What they answer is no document; nor does a call that is over wait for one. */
const callbacks: ReadonlySet<string> = new Set(['/voice/status', '/voice/stream-status', '/voice/recording']);

class WebhookDesk {
  private readonly deps: WebhookDeps;
  private readonly rules: SignatureRules;
  private readonly documents: Documents;
  private readonly timeoutMs: number;
  private readonly bounded: Bounded;
  private readonly waitDesk: WaitDesk;
  private readonly seating: Seating;
  private readonly isSynthetic: IsSynthetic;
  private readonly dials: DialDesk;
  private readonly whispers: WhisperDesk;

  constructor(deps: WebhookDeps, rules: SignatureRules, documents: Documents) {
    this.deps = deps;
    this.rules = rules;
    this.documents = documents;
    this.isSynthetic = createSyntheticCheck(deps.authTokens);
    this.timeoutMs = deps.answerTimeoutMs ?? answerTimeoutMs;
    this.bounded = createBounded(this.timeoutMs, deps);
    const { staff, door } = deps;
    this.dials = new DialDesk({ staff, bounded: this.bounded, answerTimeoutMs: this.timeoutMs });
    const common = {
      door,
      documents,
      bounded: this.bounded,
      streamTo: (mediaUrl: string, view: CallView) => this.streamTo(mediaUrl, view),
      now: () => deps.now(),
      metrics: deps.metrics,
      answerTimeoutMs: this.timeoutMs,
    };
    this.whispers = new WhisperDesk({
      ...common,
      staff,
      twiml: new Twiml(deps.publicUrl, deps.sounds),
      store: () => this.facts(),
    });
    this.waitDesk = new WaitDesk({
      ...common,
      dials: this.dials,
      line: deps.waitingRoom,
      facts: () => this.facts(),
      lengthMs: (sentence) => deps.sounds.said(sentence, ownLanguage(this.facts()))?.ms ?? saidMs(sentence),
    });
    this.seating = new Seating({ ...common, admission: deps.admission, waitDesk: this.waitDesk });
  }

  route(path: string, handle: (request: CarrierRequest) => Promise<HttpResponse>): Route {
    const { metrics } = this.deps;
    const handler = async (request: HttpRequest): Promise<HttpResponse> => {
      const startedAt = performance.now();
      const read = readRequest(request, this.rules);
      const root = isRefused(read) ? null : this.rootOf(read);
      const place = root && { ...root, spanId: newSpanId() };
      if (!isRefused(read)) read.trace = place;
      const told = (status: number): void => {
        const answered = { path, status, ms: performance.now() - startedAt, endMs: this.deps.now() };
        if (root !== null && place !== null) this.deps.tracing.add(webhookSpan(place, root, answered));
        metrics.webhooks.inc({ route: path, status });
      };
      const threw = (error: unknown): never => {
        told(500);
        throw error;
      };
      const response = isRefused(read) ? read : await handle(read).catch(threw);
      const isAwaited = isRefused(read) || !(callbacks.has(path) || finalStatuses.has(read.callStatus));
      const seconds = isAwaited ? metrics.webhookSeconds : metrics.callbackSeconds;
      seconds.observe((performance.now() - startedAt) / 1000, root?.traceId ?? null);
      told(response.status);
      return response;
    };
    return { method: 'POST', path, handler };
  }

  /** A line to the staff belongs to the call that it was rung for. */
  private rootOf(request: CarrierRequest): CallPlace | null {
    const callSid = isStaffLine(request) ? callerOf(request) : request.callSid;
    return callSid === null ? null : this.deps.tracing.root(callSid);
  }

  async dialed(request: CarrierRequest): Promise<HttpResponse> {
    const startedAt = performance.now();
    const { fact, ring } = await this.dials.dialed(request);
    return this.answer(request, 'dialResult', fact, { ring, startedAt });
  }

  whisper(request: CarrierRequest): Promise<HttpResponse> {
    return this.whispers.answer(request);
  }

  async status(request: CarrierRequest): Promise<HttpResponse> {
    if (!isStaffLine(request)) return this.callback(request, statusFact(request));
    await this.dials.lineEnded(request);
    return { status: 204 };
  }

  async answer(
    request: CarrierRequest,
    kind: TwimlRequest['kind'],
    fact: Told,
    { ring = null, startedAt = performance.now() }: { ring?: Ring | null; startedAt?: number } = {},
  ): Promise<HttpResponse> {
    if (isOver(request.callStatus)) return this.end(request, fact);
    if (kind === 'arrive') {
      this.noteIfPlaced(request, request.callStatus);
      if (this.isSynthetic(request.callSid)) this.deps.metrics.callsSynthetic.inc();
    }
    const ask = askOf(request, kind, fact, ring);
    const facts = this.facts();
    const seat = await this.seating.find(request, ask, fact);
    if (seat.isTurnedAway) return this.turnAway(request);
    const { callSid, idempotencyToken } = request;
    const render: TwimlRequest['render'] = (view) => this.documents.forView(view, ask, facts, seat.next(view));
    const answer = await this.bounded<{ twiml: string } | { refused: Trouble }>(
      callSid,
      () =>
        this.deps.door.answer({
          callSid,
          idempotencyToken,
          kind,
          fact: seat.fact,
          ...(request.trace && { trace: request.trace }),
          prepare: this.dials.preparing(callSid, kind, ask),
          render,
          ...seat.how,
          ...moveOf(request, kind),
        }),
      (refused) => ({ refused }),
      this.timeoutMs - (performance.now() - startedAt),
    );
    const twiml = 'twiml' in answer ? answer.twiml : this.apologize(request, answer.refused, ask, facts);
    seat.settle(twiml);
    if (kind === 'arrive') this.countAnswer('twiml' in answer, twiml, performance.now() - startedAt);
    return xml(twiml);
  }

  /** Nothing is journaled of the call: this is all of it. */
  private turnAway({ trace }: CarrierRequest): HttpResponse {
    const at = this.deps.now();
    const root = trace && this.deps.tracing.root(trace.callSid);
    if (root)
      this.deps.tracing.add({
        name: 'call',
        place: root,
        parentId: null,
        startMs: at,
        endMs: at,
        attributes: { 'aida.outcome': 'blocked' },
      });
    return xml(this.documents.turnAway());
  }

  /** A document that speaks is the answer itself; a stream's first sound is counted where it is heard. */
  private countAnswer(isTaken: boolean, twiml: string, tookMs: number): void {
    const { callsAnswered } = this.deps.metrics;
    if (!isTaken) callsAnswered.inc({ result: 'never' });
    else if (!twiml.includes('<Connect')) callsAnswered.inc({ result: tookMs <= answeredMsMax ? 'in_time' : 'late' });
  }

  /** The next piece of the wait. */
  async wait(request: CarrierRequest): Promise<HttpResponse> {
    if (!isOver(request.callStatus)) return this.waitDesk.answer(request);
    this.deps.metrics.waitsEnded.inc({ how: 'hung_up' });
    this.giveUp(request);
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
    const told = fact && (await this.tell(request, fact));
    // Who hung up before a stream came leaves a place behind, or a place in line.
    if (fact?.type === 'carrier.statusReported' && isOver(fact.status)) this.callEnded(request, fact.status);
    return { status: told === 'unavailable' || told === 'late' || told === 'threw' ? 503 : 204 };
  }

  /** A broken stream is no fact of the call's: its socket tells that too. */
  streamCallback(request: CarrierRequest): Promise<HttpResponse> {
    const { door, log } = this.deps;
    if (breaksStream(request)) door.streamFailed(request.callSid, request.value('StreamSid'));
    return this.callback(request, streamFact(request, log));
  }

  /** The caller is gone: what the request says is folded, then the end. */
  private async end(request: CarrierRequest, fact: Told | null): Promise<HttpResponse> {
    const startedAt = performance.now();
    const isNews =
      fact?.type === 'carrier.dialEnded' ||
      fact?.type === 'carrier.reviewed' ||
      (fact?.type === 'carrier.recordEnded' && fact.recordingSid !== '');
    if (isNews) await this.tell(request, fact, this.timeoutMs / 2);
    const status = statusFact(request);
    if (status !== 'malformed') await this.tell(request, status, this.timeoutMs - (performance.now() - startedAt));
    return xml(this.documents.over());
  }

  private callEnded(request: CarrierRequest, status: string): void {
    this.giveUp(request);
    this.noteIfPlaced(request, status);
  }

  private noteIfPlaced(request: CarrierRequest, status: string): void {
    if (!isPlacedByUs(request)) return;
    this.deps.placedCall({ asked: request.query.get('asked') ?? '', callSid: request.callSid, status });
  }

  private giveUp(request: CarrierRequest): void {
    this.seating.ended(request.callSid, partiesOf(request).from);
    this.waitDesk.leave(request.callSid);
  }

  private async tell({ callSid, trace }: CarrierRequest, fact: Told, ms = this.timeoutMs): Promise<string> {
    return this.bounded(
      callSid,
      () => this.deps.door.tell(callSid, fact, trace),
      (trouble): string => trouble,
      ms,
    );
  }

  private streamTo(mediaUrl: string, { callSid, epoch }: CallView): StreamAddress {
    const expiresAt = Math.round(this.deps.now()) + streamTokenLifeMs;
    return { mediaUrl, token: issueToken({ callSid, epoch, expiresAt }, this.deps.streamTokenSecret) };
  }

  private apologize(request: CarrierRequest, trouble: Trouble, ask: Ask, facts: StoreFacts): string {
    this.deps.metrics.apologies.inc({ reason: trouble });
    this.deps.log.warn({ callSid: request.callSid, kind: ask.kind, trouble }, 'call could not be taken');
    return this.documents.forTrouble(trouble, ask, facts);
  }

  facts(): StoreFacts {
    try {
      return this.deps.facts();
    } catch (error) {
      this.deps.metrics.faults.inc({ place: 'facts' });
      this.deps.log.error({ err: error }, 'the store is not known');
      return noFacts;
    }
  }
}

function askOf(request: CarrierRequest, kind: TwimlRequest['kind'], fact: Told, ring: Ring | null): Ask {
  return {
    ...(ring === null ? {} : { staff: { kind: 'ring', ring } }),
    kind,
    ...(kind === 'voicemail' && { message: messageFact(request).message }),
    digits: fact.type === 'carrier.menuChosen' ? fact.digits : '',
    succeeded:
      (fact.type === 'carrier.dialEnded' && (fact.result === 'completed' || fact.result === 'answered')) ||
      (fact.type === 'carrier.recordEnded' && fact.durationS > 0) ||
      (fact.type === 'carrier.reviewed' && fact.choice === 'keep'),
    ...partiesOf(request),
    puttingOff: Number(/^\d$/.exec(request.query.get('n') ?? '')?.[0] ?? 0),
  };
}

/** What the carrier was told to send with a redirected call. */
function moveOf(request: CarrierRequest, kind: TwimlRequest['kind']): Pick<TwimlRequest, 'move'> {
  const move = request.query.get('move') ?? '';
  return kind === 'next' && EPOCH.test(move) ? { move: Number(move) } : {};
}

function menuKey(digit: string): string {
  return menuKeys.includes(digit) ? digit : '?';
}
