import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import packageJson from '../package.json' with { type: 'json' };
import { Analytics, type AnalyticsOptions } from './analytics/analytics.ts';
import { Calls, type CallsDeps } from './calls/calls.ts';
import { type CarrierPort, createCarrier } from './calls/carrier.ts';
import { Drain } from './calls/drain.ts';
import { mailboxBlockMs } from './calls/mailbox.ts';
import { Neighbours } from './calls/neighbours.ts';
import { Reconcile } from './calls/reconcile.ts';
import { type Config, defaultNodeUrl, mediaPaths, type Role } from './config.ts';
import { consoleRoutes } from './console/routes.ts';
import { createRedisClock, type RedisClock, syncClock } from './directory/clock.ts';
import type { NodeName } from './directory/keys.ts';
import { connectRedis, type RedisLink, subscribe } from './directory/redis.ts';
import { drainRoutes } from './http/drain-routes.ts';
import { healthRoutes } from './http/health.ts';
import { createServer, type Server } from './http/server.ts';
import { createMedia, type Media } from './media/media.ts';
import { AccountBooks } from './placement/account-books.ts';
import { Admission, asideOf } from './placement/admission.ts';
import { callerKey, Fairness } from './placement/fairness.ts';
import { watchLoop } from './placement/loop-budget.ts';
import { Placement } from './placement/placement.ts';
import { hasRoom, reportPlacement } from './placement/report.ts';
import { checkToken } from './placement/token.ts';
import { WaitingRoom } from './placement/waiting-room.ts';
import { createRedactor } from './redact/redactor.ts';
import { CallbackDialler } from './services/callback-dialler.ts';
import { createCallbacks } from './services/callbacks.ts';
import { CATALOG_CHANNEL } from './services/catalog-keeper.ts';
import { openDatabase } from './services/database.ts';
import { createServices, type Services } from './services/services.ts';
import { createVoicemails } from './services/voicemail.ts';
import type { Log } from './telemetry/log.ts';
import { createMetrics, type Metrics, watchProcess } from './telemetry/metrics.ts';
import { createTools } from './tools/registry.ts';
import { Documents, type StoreFacts } from './webhook/documents.ts';
import { createHoldAudio } from './webhook/hold-audio.ts';
import { twimlForIntent } from './webhook/intent.ts';
import { refuseUpgrade } from './webhook/request.ts';
import { webhookRoutes } from './webhook/routes.ts';
import { moveUrl, placedUrls } from './webhook/twiml.ts';

export interface NodeOptions {
  log: Log;
  /** Tests: drop and rebuild each actor from its journal after every fact. */
  amnesia: boolean;
}

/** What the parts of a node stand on. */
interface Ground {
  config: Config & { redisUrl: string };
  log: Log;
  metrics: Metrics;
  link: RedisLink;
  clock: RedisClock;
  dataSource: DataSource;
  services: Services;
}

export interface Node {
  /** Name of the store whose calls it answers. */
  storeName: string;
  /** Webhooks and media; null without the role `call`. */
  port: number | null;
  opsPort: number;
  /** No new calls from now on; the others finish or are handed over. `urgent`: none may finish first. Once more to hurry. */
  drain(urgent: boolean): void;
  /** Resolves when a drain, whoever asked for it, has left no call here. */
  left: Promise<void>;
  /** Hands over what is left, writes what waits, closes. */
  close(): Promise<void>;
  /** For a process that cannot go on: ends the sockets and nothing else. */
  abandon(): void;
}

/** Builds one node from its settings and starts it. Rejects when its database or a port cannot be had. */
export async function startNode(
  config: Config & { redisUrl: string; databaseUrl: string },
  options: NodeOptions,
): Promise<Node> {
  const { log } = options;
  const metrics = createMetrics();
  watchProcess(metrics);
  const link = await connectRedis(config.redisUrl, {
    onError: (error) => log.warn({ err: error }, 'Redis connection failed'),
  });
  const clock = createRedisClock();
  await syncClock(link, clock).catch((error: unknown) => log.warn({ err: error }, 'Redis did not tell the time'));
  const dataSource = await openDatabase(config.databaseUrl, {
    onError: (error) => log.warn({ err: error }, 'database connection failed'),
  });
  const services = await createServices(dataSource, {
    now: Date.now,
    log,
    onChange: (changed) => subscribe(config.redisUrl, CATALOG_CHANNEL, changed),
  });
  const ground: Ground = { config, log, metrics, link, clock, dataSource, services };
  return run(ground, options);
}

async function run(ground: Ground, { amnesia }: NodeOptions): Promise<Node> {
  const { config, link, dataSource, services, log, metrics } = ground;
  const name = { node: config.nodeId, incarnation: randomUUID() };
  const has = (role: Role) => config.roles.includes(role);
  const switchboard = has('call') ? createSwitchboard(ground, name, amnesia) : null;
  const analytics = has('analytics') ? createAnalytics(ground, name.incarnation) : null;
  const ready = {
    redis: () => link.ready,
    catalog: () => services.isLoaded(),
    ...(switchboard ? { placement: () => switchboard.isPlaced() } : {}),
  };
  const pages = has('console') ? consoleRoutes({ dataSource, adminToken: config.adminToken, now: Date.now, log }) : [];
  const { promise: left, resolve: isLeft } = Promise.withResolvers<void>();
  let isDraining = false;
  const drain = (urgent: boolean): void => {
    isDraining = true;
    void (switchboard?.drain.begin(urgent) ?? Promise.resolve())
      .catch((error: unknown) => log.error({ err: error }, 'the node could not be drained'))
      .finally(isLeft);
  };
  const exits = switchboard
    ? drainRoutes({
        adminToken: config.adminToken,
        incarnation: name.incarnation,
        progress: () => switchboard.drain.progress(),
        drain,
      })
    : [];
  const routes = [...healthRoutes({ ready, isDraining: () => isDraining, metrics }), ...exits, ...pages];
  const opsServer = await createServer({ host: config.host, port: config.opsPort, routes, log, metrics });
  analytics?.start();
  const port = (await switchboard?.start(opsServer.port)) ?? null;
  return {
    storeName: services.store().name,
    port,
    opsPort: opsServer.port,
    drain,
    left,
    abandon: () => switchboard?.abandon(),
    async close() {
      drain(true);
      await left;
      await switchboard?.close();
      await analytics?.stop();
      await opsServer.close();
      services.close();
      await dataSource.destroy();
      await link.close();
    },
  };
}

/** The role `call`: webhooks, media streams and the calls between them. */
interface Switchboard {
  isPlaced(): boolean;
  drain: Drain;
  /** Listens; resolves with the public port. `opsPort` is where other nodes reach this one. */
  start(opsPort: number): Promise<number>;
  abandon(): void;
  /** After the drain. */
  close(): Promise<void>;
}

function createSwitchboard(ground: Ground, name: NodeName, amnesia: boolean): Switchboard {
  const { config, log, metrics, link, clock, services } = ground;
  const carrier = createCarrier(accountOf(config), (error) =>
    log.warn({ err: error }, 'the carrier could not be asked'),
  );
  const tools = createTools(services, { log, isOff: (tool) => placement?.switches.toolsOff.has(tool) ?? false });
  const { redactPhone, redactEmail } = services.assistant();
  const redactor = createRedactor({
    phone: config.redact.phone || redactPhone,
    mail: config.redact.mail || redactEmail,
  });
  const now = () => clock.now();
  const documents = new Documents(config.publicUrl, createHoldAudio());
  const twimlFor: CallsDeps['twimlFor'] = (intent, call) =>
    twimlForIntent(documents, intent, call, storeFacts(services));
  const parts = { link, node: name, now, carrier, log, metrics };
  const calls: Calls = new Calls({
    ...parts,
    redactor,
    tools,
    twimlFor,
    amnesia,
    admit: async (callSid) => (await placement?.admit(callSid)) ?? false,
    isGone: (holder) => neighbours.isGone(holder),
    answers: (holder, ms) => neighbours.answers(holder, ms),
    streamFailed: (callSid, streamSid) => neighbours.streamFailed(callSid, streamSid),
    callerOf: callerKey,
  });
  const neighbours = new Neighbours({
    ...parts,
    calls,
    connectBlocking: () =>
      connectRedis(config.redisUrl, {
        blockMsMax: mailboxBlockMs,
        onError: (error) => log.warn({ err: error }, 'Redis connection of the inbox failed'),
      }),
    moveUrl: (epoch) => moveUrl(config.publicUrl, epoch),
  });
  const books = new AccountBooks({ settings: config, now, log, metrics });
  const media = createMedia({
    desk: calls,
    checkToken: (token, callSid) => checkToken(token, callSid, now(), config.streamTokenSecret),
    profile: async () => ({ ...services.persona(), tools: tools.definitions, language: 'en' }),
    settings: { url: config.openai.realtimeUrl, apiKey: config.openai.apiKey, model: config.openai.realtimeModel },
    account: books,
    log,
    metrics,
  });
  let placement: Placement | null = null;
  let server: Server | null = null;
  let dialler: CallbackDialler | null = null;
  let stopLoop: (() => void) | null = null;
  let reconcile: Reconcile | null = null;
  const drain = new Drain({
    finishMs: config.drainS * 1_000,
    calls,
    streams: () => media.streams(),
    placement: {
      get reserved() {
        return placement?.reserved ?? 0;
      },
      drain: async (stage) => placement?.drain(stage),
    },
    now: () => performance.now(),
    log,
    metrics,
  });
  return {
    isPlaced: () => placement?.ready ?? false,
    drain,
    async start(opsPort) {
      const nodeUrl = config.nodeUrl ?? defaultNodeUrl(config.host, opsPort);
      const self = { ...name, nodeUrl, mediaUrl: config.mediaUrl, version: packageJson.version };
      const { callsMax } = config;
      const placed = new Placement({ link, self, callsMax, live: () => calls.held(), books, clock, log });
      placement = placed;
      metrics.onScrape(() => reportPlacement(metrics, placed.snapshot(), books));
      await neighbours.start();
      await placed.start();
      stopLoop = watchLoop((isOpen, sample) => {
        log.warn(
          { ...sample },
          isOpen ? 'the event loop has time again' : 'the event loop has no time for another call',
        );
        placed.setLoop(isOpen);
      });
      dialler = createDialler(ground, carrier, placed);
      const answering = { calls, placement: placed, media, neighbours, dialler };
      server = await createServer({ ...publicServer(ground, answering), log, metrics });
      dialler.start();
      reconcile = new Reconcile({
        ...parts,
        tell: (callSid, fact) => calls.tell(callSid, fact),
        release: (callSid) => placed.release(callSid),
      });
      reconcile.start();
      return server.port;
    },
    abandon: () => media.endAll(),
    async close() {
      await neighbours.stop();
      await dialler?.stop();
      await reconcile?.stop();
      await server?.close();
      stopLoop?.();
      // Until the last a node that is silent would be taken for dead.
      await placement?.stop();
    },
  };
}

function accountOf({ twilio: { accountSid, authTokens, apiUrl } }: Config) {
  return { accountSid, authTokens, apiUrl };
}

function storeFacts(services: Services): StoreFacts {
  return {
    name: services.store().name,
    promotions: () => services.promotionLines(),
    callback: () => services.callbackPromise(),
    hours: () => services.openNow().message,
    staffNumbers: services.assistant().staffNumbers,
  };
}

/** Rows from the outbox, voicemails from the carrier, and call-backs that were promised. */
function createAnalytics(
  { config, log, metrics, link, clock, dataSource, services }: Ground,
  holder: string,
): Analytics {
  const voicemails = createVoicemails(dataSource, { account: accountOf(config), log });
  const saveVoicemail: AnalyticsOptions['saveVoicemail'] = (recording) => voicemails.save(recording);
  const callbacks = createCallbacks(dataSource);
  const enterCallback: AnalyticsOptions['enterCallback'] = ({ askedAt, ...wish }) =>
    callbacks.enter({ ...wish, window: services.callbackWindow(askedAt) });
  return new Analytics({
    link,
    dataSource,
    saveVoicemail,
    enterCallback,
    holder,
    now: () => clock.now(),
    log,
    metrics,
  });
}

/** Calls back by itself, where the store has it so. */
function createDialler(
  { config, services, dataSource, log, metrics }: Ground,
  carrier: CarrierPort,
  placement: Placement,
) {
  return new CallbackDialler({
    callbacks: createCallbacks(dataSource),
    policy: () => services.callbacks(),
    isCallbackTime: () => services.isCallbackTime(),
    hasRoom: () => hasRoom(placement.snapshot()),
    carrier: {
      place: (call) => carrier.place({ ...call, ...placedUrls(config.publicUrl) }),
      async became(callSid) {
        const told = await carrier.ask(callSid);
        if (told?.type === 'carrier.stillLive') return 'live';
        return told?.type === 'carrier.gone' ? (told.status === 'completed' ? 'answered' : 'unanswered') : null;
      },
    },
    log,
    metrics,
  });
}

/** What webhooks and media streams reach. */
interface Answering {
  calls: Calls;
  placement: Placement;
  media: Media;
  neighbours: Neighbours;
  dialler: CallbackDialler;
}

function publicServer(
  { config, log, metrics, link, clock, services }: Ground,
  { calls, placement, media, neighbours, dialler }: Answering,
) {
  const fairness = new Fairness({ link, sharedNumbers: () => services.assistant().sharedNumbers });
  const ownHosts = [new URL(config.publicUrl).host, new URL(config.mediaUrl).host];
  const hosts = () => [...ownHosts, ...neighbours.hosts()];
  const { authTokens } = config.twilio;
  return {
    host: config.host,
    port: config.port,
    routes: webhookRoutes({
      publicUrl: config.publicUrl,
      authTokens,
      streamTokenSecret: config.streamTokenSecret,
      door: calls,
      admission: new Admission({ placement, fairness, log, metrics }),
      waitingRoom: new WaitingRoom({
        link,
        node: config.nodeId,
        ceiling: () => placement.ceiling,
        aside() {
          const aside = asideOf(placement.snapshot());
          return aside === 'closed' ? 'voicemail' : aside;
        },
        log,
        metrics,
      }),
      placedCallEnded: (callSid, status) => void dialler.told(callSid, status),
      facts: () => storeFacts(services),
      now: () => clock.now(),
      log,
      metrics,
    }),
    sockets: mediaPaths.map((path) => ({
      ...media.route,
      path,
      upgrade: (request: Parameters<typeof refuseUpgrade>[0]) => {
        const refusal = refuseUpgrade(request, { hosts, authTokens, metrics });
        return refusal ? { refuse: refusal } : { accept: { stream: null } };
      },
    })),
  };
}
