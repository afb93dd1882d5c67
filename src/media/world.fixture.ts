import uWS from 'uWebSockets.js';
import type { CallEvent } from '../../machines/call-events.ts';
import type { AttachRequest, CallDesk, ResidentCall, StreamPort, Told, TurnTimes } from '../calls/stream-port.ts';
import type { SessionProfile } from '../model/profile.ts';
import { ModelSessions, type SessionsDeps } from '../model/sessions.ts';
import { startFakeModel, type FakeModel, type FakeModelOptions } from '../sim/model/index.ts';
import { startFakeTwilio, type FakeTwilio, type SimCall, type TwilioFaults } from '../sim/twilio/index.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { rendered } from './lines.fixture.ts';
import { createMedia, type Media, type MediaDeps, type MediaSocketData } from './media.ts';

export const greeting = 'Hello, this is Mangy Dog Coffee. How can I help you?';

export const profile: SessionProfile = {
  instructions: 'You answer the phone of a coffee shop.',
  voice: 'marin',
  greeting,
  tools: [
    {
      type: 'function',
      name: 'get_menu',
      description: 'The menu',
      parameters: { type: 'object', properties: { category: { type: 'string' } } },
    },
  ],
  language: 'en',
};

export interface WorldOptions {
  model?: FakeModelOptions;
  twilio?: Partial<TwilioFaults>;
  media?: Partial<MediaDeps>;
  sessions?: Partial<SessionsDeps>;
  /** What the call does on a fact: the machine's part. Without it a started stream opens the model, no more. */
  react?: (fact: Told, call: TestCall) => unknown;
  attach?: (request: AttachRequest) => ReturnType<CallDesk['attach']>;
  token?: (callSid: string) => string;
}

/** What a call was told, and its stream. */
export class TestCall implements ResidentCall {
  readonly callSid: string;
  readonly epoch: number;
  readonly language = 'en';
  readonly port: StreamPort;
  readonly facts: Told[] = [];
  readonly traceId = null;
  /** What the caller waited for, turn by turn. */
  readonly waits: TurnTimes[] = [];
  /** How long ago the first sound began, when it was known as played. */
  readonly firstHeard: number[] = [];
  readonly #streamSid: string;
  readonly #react: (fact: Told, call: TestCall) => unknown;

  constructor(request: AttachRequest, react: (fact: Told, call: TestCall) => unknown) {
    this.callSid = request.callSid;
    this.epoch = request.epoch;
    this.port = request.port;
    this.#streamSid = request.streamSid;
    this.#react = react;
  }

  begin(): void {
    this.tell({ type: 'carrier.streamStarted', streamSid: this.#streamSid, node: 'n1' });
  }

  tell(fact: Told): void {
    this.facts.push(fact);
    this.#react(fact, this);
  }

  spoke(): void {}

  heardFirst(agoMs: number): void {
    this.firstHeard.push(agoMs);
  }

  answered(times: TurnTimes): void {
    this.waits.push(times);
  }

  of<T extends CallEvent['type']>(type: T): Extract<Told, { type: T }>[] {
    return this.facts.filter((fact): fact is Extract<Told, { type: T }> => fact.type === type);
  }

  get types(): string[] {
    return this.facts.map((fact) => fact.type);
  }
}

export interface MediaWorld {
  twilio: FakeTwilio;
  model: FakeModel;
  media: Media;
  metrics: Metrics;
  /** Where the bridge listens. */
  address: string;
  /** By attachment. */
  calls: TestCall[];
  /** Places a call and waits until its stream is attached. */
  dial(): Promise<{ sim: SimCall; call: TestCall }>;
  place(): SimCall;
  close(): Promise<void>;
}

const base = 'https://voice.example.com';

/** Fake carrier, fake model, and the bridge between them behind two webhooks. */
export async function startWorld(options: WorldOptions = {}): Promise<MediaWorld> {
  const model = await startFakeModel({ charsPerSecond: 32, ...options.model });
  const metrics = createMetrics();
  const calls: TestCall[] = [];
  const react =
    options.react ?? ((fact, call) => fact.type === 'carrier.streamStarted' && call.port.openModel('greeting', []));
  const attach: CallDesk['attach'] =
    options.attach ??
    ((request) => {
      const call = new TestCall(request, react);
      calls.push(call);
      return Promise.resolve(call);
    });
  const log = createLog('silent');
  const sessions = new ModelSessions({
    endpoints: [{ url: model.url, apiKey: 'sk-test', model: 'gpt-realtime-2.1' }],
    lifeMs: 3_600_000,
    sessionsMax: 100,
    isGreetingPrepared: () => false,
    epochNow: Date.now,
    profile: () => Promise.resolve(profile),
    log,
    metrics,
    now: () => performance.now(),
    ...options.sessions,
  });
  const media = createMedia({
    sessions,
    lines: rendered([]),
    cadence: 'adaptive',
    log,
    metrics,
    desk: { attach },
    checkToken: (token, callSid) =>
      token === `token-${callSid}` ? { ok: true, epoch: 7 } : { ok: false, refused: 'token forged' },
    ...options.media,
  });
  const server = listen(media, options.token ?? ((callSid) => `token-${callSid}`));
  const address = `127.0.0.1:${server.port}`;
  const twilio = await startFakeTwilio({
    accountSid: `AC${'0'.repeat(32)}`,
    authToken: 'secret',
    number: { voiceUrl: `${base}/voice`, voiceFallbackUrl: `${base}/voice` },
    hosts: { [base]: address, 'wss://voice.example.com': address },
    seed: 7,
    faults: options.twilio ?? {},
  });
  const place = () => twilio.placeCall({ from: '+15550001111', to: '+15550002222' });
  return {
    twilio,
    model,
    media,
    metrics,
    address,
    calls,
    place,
    async dial() {
      const sim = place();
      await sim.waitFor(() => calls.some((call) => call.callSid === sim.sid));
      return { sim, call: calls.find((call) => call.callSid === sim.sid) as TestCall };
    },
    async close() {
      await twilio.close();
      media.endAll();
      server.close();
      await model.close();
    },
  };
}

function listen(media: Media, token: (callSid: string) => string): { port: number; close(): void } {
  const app = uWS.App();
  app.ws<MediaSocketData>('/media-stream', {
    maxBackpressure: media.route.settings.backpressureBytesMax,
    maxPayloadLength: media.route.settings.messageBytesMax,
    idleTimeout: media.route.settings.idleTimeoutS,
    upgrade: (response, request, context) => {
      response.upgrade({}, request.getHeader('sec-websocket-key'), '', '', context);
    },
    open: media.route.open,
    message: media.route.message,
    drain: media.route.drain,
    pong: media.route.pong,
    close: media.route.close,
  });
  app.post('/*', (response, request) => {
    const path = request.getUrl();
    const body: Buffer[] = [];
    response.onAborted(() => undefined);
    response.onData((chunk, isLast) => {
      body.push(Buffer.from(Buffer.from(chunk)));
      if (!isLast) return;
      const callSid = new URLSearchParams(Buffer.concat(body).toString()).get('CallSid') ?? '';
      const stream = `<Connect action="${base}/voice/next"><Stream url="wss://voice.example.com/media-stream"><Parameter name="token" value="${token(callSid)}"/></Stream></Connect>`;
      response.cork(() => {
        response
          .writeHeader('Content-Type', 'text/xml')
          .end(`<Response>${path === '/voice' ? stream : '<Hangup/>'}</Response>`);
      });
    });
  });
  let socket: uWS.us_listen_socket | false = false;
  app.listen('127.0.0.1', 0, (opened) => {
    socket = opened;
  });
  if (!socket) throw new Error('no port to listen on');
  return { port: uWS.us_socket_local_port(socket), close: () => app.close() };
}
