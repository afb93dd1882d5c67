import { createCalls } from '../../calls/calls.fixture.ts';
import type { Calls } from '../../calls/calls.ts';
import { createServer } from '../../http/server.ts';
import type { Socket } from '../../http/socket.ts';
import { connectRedis, type RedisLink } from '../../directory/redis.ts';
import { type RedisServer, startRedis } from '../../embedded/redis.ts';
import { checkToken } from '../../placement/token.ts';
import { smallCatalog } from '../../services/catalog.fixture.ts';
import type { Catalog } from '../../services/catalog.ts';
import { createKnowledge } from '../../services/knowledge.ts';
import { answersOf, type Services } from '../../services/services.ts';
import { StaffDesk, type staffLimits } from '../../services/staff-desk.ts';
import type { StaffPerson } from '../../services/staff.ts';
import { createLog } from '../../telemetry/log.ts';
import { createMetrics, type Metrics } from '../../telemetry/metrics.ts';
import { noTracing } from '../../telemetry/tracing.ts';
import { createTools } from '../../tools/registry.ts';
import { createHoldAudio } from '../../webhook/hold-audio.ts';
import { noKeypadFacts } from '../../webhook/menu-words.ts';
import { noSounds } from '../../webhook/lines.fixture.ts';
import { webhookRoutes } from '../../webhook/routes.ts';
import { type FakeTwilio, startFakeTwilio, type StaffPhone } from '../twilio/index.ts';
import type { Guest } from './guest.fixture.ts';

const BASE = 'https://voice.example.com';
const MEDIA = 'wss://voice.example.com';
/** Less than what the tool of the transfer may take. */
const SLOW_MS = 500;
const [AUTH_TOKEN, STREAM_SECRET] = ['secret', 'stream-secret'];

export interface HallOptions {
  people: readonly StaffPerson[];
  phones: Record<string, StaffPhone>;
  limits?: Partial<Record<keyof typeof staffLimits, number>>;
  /** Who calls with this number. */
  guestOf(from: string): Guest;
}

/** One node's webhooks, calls, tools and staff in this process, the fake carrier before them; the talk has no sound. */
export interface Hall {
  twilio: FakeTwilio;
  calls: Calls;
  desk: StaffDesk;
  link: RedisLink;
  metrics: Metrics;
  close(): Promise<void>;
}

interface Line {
  callSid: string;
  streamSid: string;
  tell: ((reason: 'left' | 'stopped') => void) | null;
}

export async function openHall(options: HallOptions): Promise<Hall> {
  const redis: RedisServer = await startRedis();
  // All parts share this process: what Redis answered in time may be read late.
  const link = await connectRedis(redis.url, { blockMsMax: SLOW_MS });
  const [log, metrics] = [createLog('silent'), createMetrics()];
  const services = servicesOf({ ...smallCatalog, staff: options.people });
  const desk: StaffDesk = new StaffDesk({
    link,
    onDuty: () => services.onDuty(),
    isClosed: () => services.onDuty().length === 0,
    offer: (callSid, offer) => calls.tell(callSid, { type: 'staff.offered', ...offer }),
    dismiss: (callSid) => calls.tell(callSid, { type: 'staff.wentHome' }),
    log,
    metrics,
    ...(options.limits && { limits: options.limits }),
  });
  const tools = createTools(services, { log, staff: desk });
  const calls: Calls = createCalls(link, { tools, metrics, log, callEnded: (callSid) => void desk.leave(callSid) });
  const server = await createServer({
    host: '127.0.0.1',
    port: 0,
    log,
    metrics,
    routes: routesOf({ calls, desk, services, log, metrics }),
    sockets: [mediaRoute(calls, (callSid) => attendantOf(callSid))],
  });
  const place = `127.0.0.1:${server.port}`;
  const twilio = await startFakeTwilio({
    accountSid: `AC${'0'.repeat(32)}`,
    authToken: AUTH_TOKEN,
    seed: 7,
    staff: options.phones,
    number: { voiceUrl: `${BASE}/voice`, statusCallback: `${BASE}/voice/status` },
    hosts: { [BASE]: place, [MEDIA]: place },
  });
  const attendantOf = (callSid: string) => {
    const call = twilio.calls.find(({ sid }) => sid === callSid);
    if (!call) throw new Error(`nobody placed ${callSid}`);
    // Nothing is heard of the caller but what the guest tells.
    for (const stream of call.streams) stream.line.muted = true;
    return options.guestOf(call.leg.options.from);
  };
  desk.start();
  return {
    twilio,
    calls,
    desk,
    link,
    metrics,
    async close() {
      await twilio.close();
      await desk.stop();
      await calls.close();
      await server.close();
      await link.close();
      await redis.stop();
    },
  };
}

function servicesOf(catalog: Catalog): Services {
  const log = createLog('silent');
  const knowledge = createKnowledge({ query: () => Promise.reject(new Error('away')) }, { now: Date.now, log });
  return { ...answersOf(() => catalog, knowledge, Date.now), refresh: async () => true, close: () => undefined };
}

function routesOf(
  parts: Pick<Hall, 'calls' | 'desk' | 'metrics'> & { services: Services; log: ReturnType<typeof createLog> },
) {
  const { calls, desk, services, log, metrics } = parts;
  return webhookRoutes({
    publicUrl: BASE,
    authTokens: [AUTH_TOKEN],
    streamTokenSecret: STREAM_SECRET,
    door: calls,
    admission: {
      reserve: () => Promise.resolve({ ok: true, mediaUrl: `${MEDIA}/media-stream` }),
      warm: () => undefined,
      release: () => Promise.resolve(),
      ended: () => Promise.resolve(),
    },
    waitingRoom: { stand: () => Promise.resolve({ kind: 'full' }), leave: () => Promise.resolve() },
    staff: desk,
    placedCall: () => undefined,
    facts: () => ({
      name: services.store().name,
      greeting: '',
      languages: services.languages(),
      keypad: noKeypadFacts,
      closed: () => null,
      recording: () => 'off',
      callMsMax: services.callMsMax(),
      staffNumbers: services.onDuty().map(({ number }) => number),
      promotions: () => [],
      callback: () => null,
    }),
    holdAudio: createHoldAudio(),
    sounds: noSounds,
    now: Date.now,
    log,
    metrics,
    tracing: noTracing,
  });
}

/** The carrier's streams as far as a talk without sound needs them: begun, and ended by either side. */
function mediaRoute(calls: Calls, guestOf: (callSid: string) => Guest) {
  const begin = async (socket: Socket<Line>, start: { callSid: string; customParameters: { token: string } }) => {
    const line = socket.getUserData();
    const { callSid, streamSid } = line;
    const token = checkToken(start.customParameters.token, callSid, Date.now(), STREAM_SECRET);
    const guest = guestOf(callSid);
    let isOpen = true;
    const port = guest.port(() => {
      if (!isOpen) return;
      isOpen = false;
      line.tell?.('left');
      socket.end(1000);
    });
    const call = await calls.attach({ callSid, epoch: token.ok ? token.epoch : 0, streamSid, port });
    if (typeof call === 'string') throw new Error(`${callSid} was not attached: ${call}`);
    line.tell = (reason) => {
      line.tell = null;
      isOpen = false;
      call.tell({ type: 'carrier.streamStopped', streamSid, reason });
    };
    guest.attached(call);
    call.begin();
  };
  return {
    path: '/media-stream',
    settings: { idleTimeoutS: 120, backpressureBytesMax: 1_000_000, messageBytesMax: 64_000 },
    upgrade: () => ({ accept: { callSid: '', streamSid: '', tell: null } satisfies Line }),
    open: () => undefined,
    message: (socket: Socket<Line>, data: ArrayBuffer) => {
      const message = JSON.parse(Buffer.from(data).toString()) as {
        event: string;
        streamSid: string;
        start: { callSid: string; customParameters: { token: string } };
      };
      if (message.event !== 'start') return;
      Object.assign(socket.getUserData(), { callSid: message.start.callSid, streamSid: message.streamSid });
      return begin(socket, message.start);
    },
    close: (socket: Socket<Line>) => socket.getUserData().tell?.('stopped'),
  };
}
