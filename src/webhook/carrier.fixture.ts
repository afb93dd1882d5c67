import type { CallDoor, CallState, CallView, DoorRefusal, TwimlRequest } from '../calls/call-door.ts';
import type { Told } from '../calls/stream-port.ts';
import { createServer, type Server } from '../http/server.ts';
import type { Ring, StaffFound } from '../services/staff-desk.ts';
import { parseTwiml } from '../sim/twilio/twiml.ts';
import { sign } from '../sim/twilio/signature.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { noTracing } from '../telemetry/tracing.ts';
import type { Standing, WaitingLine } from './wait-desk.ts';
import { createHoldAudio } from './hold-audio.ts';
import { noKeypadFacts } from './menu-words.ts';
import { noSounds } from './lines.fixture.ts';
import { webhookRoutes, type WebhookDeps } from './routes.ts';
import type { Place } from './seating.ts';

export const PUBLIC_URL = 'https://voice.example.com';
export const TOKENS = ['token-new', 'token-old'];
export const SECRET = 'stream-token-secret';
export const CALL_SID = `CA${'a1'.repeat(16)}`;
export const NOW = 1_763_827_200_000;
export const PLACE: Place = { ok: true, mediaUrl: 'wss://voice.example.com/media-stream' };

export const WAITING: Standing = {
  kind: 'waiting',
  ticket: NOW,
  line: { position: 3, perMinute: 2, pieceMs: 4_000 },
};

/** A call that stands there, and of which nothing else is to be known. */
export const viewIn = (state: CallState): CallView => ({
  callSid: CALL_SID,
  epoch: 7,
  state,
  from: '+15553334444',
  to: '+15559990000',
  about: '',
  recordings: 0,
  ringing: null,
  supervisor: null,
  turns: [],
  language: 'en',
});

/** A door that stands where a test puts it, and remembers answers by their token as the real one does. */
export class FakeDoor implements CallDoor {
  view: CallView = viewIn('ringing');
  refuses: DoorRefusal | null = null;
  /** Only the next one. */
  refusesOnce = false;
  throws: 'at once' | 'later' | null = null;
  hangs = false;
  telling: 'taken' | DoorRefusal = 'taken';
  readonly asked: Omit<TwimlRequest, 'render' | 'prepare'>[] = [];
  readonly told: [callSid: string, fact: Told][] = [];
  preferred: string | null = null;
  readonly failed: [callSid: string, streamSid: string][] = [];
  private readonly answers = new Map<string, string>();

  answer({ render, prepare, ...request }: TwimlRequest): Promise<{ twiml: string } | { refused: DoorRefusal }> {
    this.asked.push(request);
    this.misbehave();
    if (this.throws) return Promise.reject(new Error('door rejects'));
    if (this.hangs) return new Promise(() => {});
    if (this.refuses) {
      const refused = this.refuses;
      if (this.refusesOnce) this.refuses = null;
      return Promise.resolve({ refused });
    }
    const key = request.idempotencyToken;
    return Promise.resolve(prepare?.(this.view)).then(() => {
      const twiml = (key !== null && this.answers.get(key)) || render(this.view);
      if (key !== null) this.answers.set(key, twiml);
      return { twiml };
    });
  }

  tell(callSid: string, fact: Told): Promise<'taken' | DoorRefusal> {
    this.told.push([callSid, fact]);
    this.misbehave();
    return this.throws ? Promise.reject(new Error('door rejects')) : Promise.resolve(this.telling);
  }

  preferredNode(): Promise<string | null> {
    return Promise.resolve(this.preferred);
  }

  look(): Promise<CallView | null> {
    return Promise.resolve(this.view);
  }

  streamFailed(callSid: string, streamSid: string): void {
    this.failed.push([callSid, streamSid]);
  }

  private misbehave(): void {
    if (this.throws === 'at once') throw new Error('door throws');
  }
}

export interface Reply {
  status: number;
  type: string | null;
  body: string;
  /** Names of the document's verbs. */
  verbs: string[];
}

export interface Carrier {
  /** `http://127.0.0.1:…`, where it listens. */
  origin: string;
  door: FakeDoor;
  metrics: Metrics;
  lines: string[];
  admission: string[];
  place: Place | Error;
  /** How the line answers; and what it was asked. */
  standing: Standing | Error;
  line: string[];
  /** Whom the staff's desk finds, for the first and for the next; and what it was asked. */
  staff: StaffFound;
  nextRing: Ring | null;
  desk: string[];
  placed: { asked: string; callSid: string; status: string }[];
  now: number;
  facts: WebhookDeps['facts'];
  /** Posts a form as the carrier does: signed, with the standard parameters. */
  post(target: string, params?: Record<string, string>, change?: Change): Promise<Reply>;
  /** Posts anything. */
  raw(target: string, init: RequestInit): Promise<Reply>;
  close(): Promise<void>;
}

export interface Change {
  headers?: Record<string, string>;
  signature?: string;
  authToken?: string;
  body?: string;
}

const standard = {
  CallSid: CALL_SID,
  AccountSid: `AC${'0'.repeat(32)}`,
  From: '+15553334444',
  To: '+15559990000',
  CallStatus: 'in-progress',
  Direction: 'inbound',
  CallerName: '',
};

/** The webhook routes behind real HTTP, with a carrier that calls them. */
export async function startCarrier(change: Partial<WebhookDeps> = {}): Promise<Carrier> {
  const door = new FakeDoor();
  const metrics = createMetrics();
  const lines: string[] = [];
  const log = createLog('info', { destination: { write: (line) => lines.push(line) } });
  const carrier = {
    door,
    metrics,
    lines,
    admission: [] as string[],
    place: PLACE as Place | Error,
    standing: WAITING as Standing | Error,
    line: [] as string[],
    staff: { kind: 'away' } as StaffFound,
    nextRing: null as Ring | null,
    desk: [] as string[],
    placed: [] as Carrier['placed'],
    now: NOW,
    facts: (): ReturnType<WebhookDeps['facts']> => ({
      greeting: '',
      languages: ['en'],
      name: 'Mangy Dog Coffee',
      keypad: { ...noKeypadFacts, hours: () => "We're open until 18:00 today." },
      closed: () => null,
      recording: () => 'off',
      callMsMax: 1_800_000,
      staffNumbers: ['+15550001111'],
      promotions: () => [['Muddy Paws, through Monday.', 'Buy two bags and get a third one free.']],
      callback: () => 'within 2 hours',
    }),
  };
  const admission: WebhookDeps['admission'] = {
    reserve: ({ callSid, kind, preferredNode }) => {
      carrier.admission.push(['reserve', kind, callSid, preferredNode].filter((word) => word !== null).join(' '));
      return carrier.place instanceof Error ? Promise.reject(carrier.place) : Promise.resolve(carrier.place);
    },
    warm: (callSid, { node }) => void carrier.admission.push(`warm ${callSid} ${node}`),
    ended: (callSid, from) => {
      carrier.admission.push(`ended ${callSid} ${from}`);
      return Promise.resolve();
    },
    release: (callSid) => {
      carrier.admission.push(`release ${callSid}`);
      return Promise.resolve();
    },
  };
  const waitingRoom: WaitingLine = {
    stand: (callSid, { kind, ticket }) => {
      carrier.line.push(`stand ${kind} ${ticket} ${callSid}`);
      return carrier.standing instanceof Error ? Promise.reject(carrier.standing) : Promise.resolve(carrier.standing);
    },
    leave: (callSid) => {
      carrier.line.push(`leave ${callSid}`);
      return Promise.resolve();
    },
  };
  const noted = <T>(what: string, value: T): Promise<T> => {
    carrier.desk.push(what);
    return Promise.resolve(value);
  };
  const staff: WebhookDeps['staff'] = {
    ring: (_, wanted, waitsFor) => noted(`ring ${wanted} ${waitsFor}`, carrier.staff),
    ringNext: (_, hold, result) => noted(`next ${hold} ${result}`, carrier.nextRing),
    accepted: (callSid, hold) => noted(`accepted ${callSid} ${hold}`, 'held'),
    ended: (_, hold, result) => noted(`ended ${hold} ${result}`, true),
    hungUp: (callSid, hold) => noted(`hungUp ${callSid} ${hold}`, undefined),
    leave: () => noted('leave', undefined),
  };
  const facts = () => carrier.facts();
  const routes = webhookRoutes({
    publicUrl: PUBLIC_URL,
    authTokens: TOKENS,
    streamTokenSecret: SECRET,
    door,
    admission,
    waitingRoom,
    staff,
    placedCall: (news) => carrier.placed.push(news),
    facts,
    holdAudio: createHoldAudio(),
    sounds: noSounds,
    now: () => carrier.now,
    log,
    metrics,
    tracing: noTracing,
    answerTimeoutMs: 100,
    ...change,
  });
  const server: Server = await createServer({ host: '127.0.0.1', port: 0, routes, log, metrics });
  const raw: Carrier['raw'] = async (target, init) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${target}`, init);
    const body = await response.text();
    const isXml = response.headers.get('content-type')?.startsWith('text/xml') ?? false;
    const verbs = isXml ? parseTwiml(body, null).verbs.map((verb) => verb.name) : [];
    return { status: response.status, type: response.headers.get('content-type'), body, verbs };
  };
  return Object.assign(carrier, {
    origin: `http://127.0.0.1:${server.port}`,
    raw,
    post: (target: string, params: Record<string, string> = {}, change: Change = {}) => {
      const all = Object.entries({ ...standard, ...params });
      const signature = change.signature ?? sign(change.authToken ?? 'token-new', PUBLIC_URL + target, all);
      return raw(target, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
          ...(signature === '' ? {} : { 'x-twilio-signature': signature }),
          ...change.headers,
        },
        body: change.body ?? new URLSearchParams(all).toString(),
      });
    },
    close: () => server.close(),
  });
}
