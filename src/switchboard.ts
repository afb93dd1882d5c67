import packageJson from '../package.json' with { type: 'json' };
import { Calls, type CallsDeps } from './calls/calls.ts';
import { type CarrierPort, createCarrier } from './calls/carrier.ts';
import { Drain } from './calls/drain.ts';
import { mailboxBlockMs } from './calls/mailbox.ts';
import { meteredCarrier } from './calls/metered-carrier.ts';
import { Neighbours } from './calls/neighbours.ts';
import { Reconcile } from './calls/reconcile.ts';
import type { Config } from './config.ts';
import { defaultNodeUrl, listenPaths, mediaPaths } from './config-addresses.ts';
import type { NodeName } from './directory/keys.ts';
import type { NodeReport } from './directory/node-desk.ts';
import { connectRedis } from './directory/redis.ts';
import { createServer, type Server } from './http/server.ts';
import type { SocketRoute } from './http/socket.ts';
import { createListen } from './media/listen.ts';
import { createMedia, type Media } from './media/media.ts';
import type { StreamLines } from './media/own-lines.ts';
import type { ModelSettings } from './model/profile.ts';
import { ModelSessions } from './model/sessions.ts';
import { withPhoneCalls } from './phone/phone-carrier.ts';
import { AccountBooks } from './placement/account-books.ts';
import { Admission, type Assistants, asideOf } from './placement/admission.ts';
import { Fairness } from './placement/fairness.ts';
import { watchLoop } from './placement/loop-budget.ts';
import { Placement } from './placement/placement.ts';
import { freePlaces, nodeReport, reportPlacement } from './placement/report.ts';
import { checkToken } from './placement/token.ts';
import { WaitingRoom } from './placement/waiting-room.ts';
import { createLiveRedactor } from './redact/redactor.ts';
import { callerKey } from './services/caller-number.ts';
import { CallbackDialler } from './services/callback-dialler.ts';
import { createCallbacks } from './services/callbacks.ts';
import { callRecordingRule } from './services/consent.ts';
import { defaultLanguage } from './services/languages.ts';
import { isShielded, ownLanguage } from './services/lines.ts';
import { toBeHad } from './services/menu.ts';
import type { Services } from './services/services.ts';
import { currentText, lineStore } from './services/wanted-lines.ts';
import { StaffDesk } from './services/staff-desk.ts';
import { createTools } from './tools/registry.ts';
import { Documents, type StoreFacts } from './webhook/documents.ts';
import { createPhoneCheck, createSyntheticCheck } from './telemetry/synthetic-sid.ts';
import { twimlForIntent } from './webhook/intent.ts';
import { refuseUpgrade } from './webhook/request.ts';
import { webhookRoutes } from './webhook/routes.ts';
import { moveUrl, nextUrl, placedUrls } from './webhook/twiml.ts';
import { accountOf, type Ground, redactSettings } from './ground.ts';

/** The role `call`: webhooks, media streams and the calls between them. */
export interface Switchboard {
  isPlaced(): boolean;
  drain: Drain;
  /** Where supervisors listen: for the port for operations as well, which is the console's. */
  listenSockets: readonly SocketRoute<unknown>[];
  /** How this node stands, once it has started. */
  report(): NodeReport | null;
  /** Listens; resolves with the public port. `opsPort` is where other nodes reach this one. */
  start(opsPort: number): Promise<number>;
  abandon(): void;
  /** After the drain. */
  close(): Promise<void>;
}

export function createSwitchboard(ground: Ground, name: NodeName, amnesia: boolean): Switchboard {
  const { config, log, metrics, tracing, link, clock, services, lines, holdAudio } = ground;
  const account = createCarrier(accountOf(config), (error) =>
    log.warn({ err: error }, 'the carrier could not be asked'),
  );
  const carrier = withPhoneCalls(meteredCarrier(account, metrics), {
    link,
    isPhone: createPhoneCheck(config.twilio.authTokens),
  });
  const staff = new StaffDesk({
    link,
    onDuty: () => services.onDuty(),
    isClosed: () => services.hasStaff() && services.onDuty().length === 0,
    offer: (callSid, offer) => calls.tell(callSid, { type: 'staff.offered', ...offer }),
    dismiss: (callSid) => calls.tell(callSid, { type: 'staff.wentHome' }),
    log,
    metrics,
  });
  const tools = createTools(services, { log, staff, isOff: (tool) => placement?.switches.toolsOff.has(tool) ?? false });
  const redactor = createLiveRedactor(() => redactSettings(ground));
  const now = () => clock.now();
  const documents = new Documents(config.publicUrl, holdAudio, lines);
  const twimlFor: CallsDeps['twimlFor'] = (intent, call) =>
    twimlForIntent(documents, intent, call, storeFacts(services));
  const parts = { link, node: name, now, carrier, log, metrics, tracing };
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
    storeName: () => services.store().name,
    languageChosen: (callSid) => sessions.renew(callSid),
    staff,
    nextUrl: nextUrl(config.publicUrl),
    callEnded: (callSid) => {
      sessions.over(callSid);
      void staff.leave(callSid);
    },
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
    warm: (ask) => sessions.warm(ask),
  });
  const books = new AccountBooks({ settings: config, now, log, metrics });
  const sessions = new ModelSessions({
    endpoints: [config.openai, ...(config.fallback ? [config.fallback] : [])].map(modelSettings),
    lifeMs: config.modelSessionMs,
    sessionsMax: config.callsMax,
    isGreetingPrepared: () => lines.audio('greeting', ownLanguage(lineStore(services))) !== null,
    epochNow: now,
    profile: async (callSid) => {
      const language = calls.languageOf(callSid) ?? services.languages()[0] ?? defaultLanguage;
      return { ...services.persona(language), tools: tools.definitions, language };
    },
    account: books,
    log,
    metrics,
    now: () => performance.now(),
  });
  const media = createMedia({
    desk: calls,
    checkToken: (token, callSid) => checkToken(token, callSid, now(), config.streamTokenSecret),
    sessions,
    lines: streamLines(ground),
    cadence: config.modelCadence,
    log,
    metrics,
  });
  const listen = createListen({ tap: media.tap, secret: config.streamTokenSecret, now, log, metrics });
  const listenSockets = listenPaths.map((path) => ({ ...listen, path, upgrade: () => ({ accept: {} }) }));
  let placement: Placement | null = null;
  let server: Server | null = null;
  let dialler: CallbackDialler | null = null;
  let stopLoop: (() => void) | null = null;
  let stopWatching: (() => void) | null = null;
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
    listenSockets,
    report: () => placement && nodeReport(placement.snapshot(), drain.progress(), now()),
    async start(opsPort) {
      const nodeUrl = config.nodeUrl ?? defaultNodeUrl(config.host, opsPort);
      const self = { ...name, nodeUrl, mediaUrl: config.mediaUrl, version: packageJson.version };
      const { callsMax } = config;
      const placed = new Placement({ link, self, callsMax, live: () => calls.held(), books, clock, log });
      placement = placed;
      metrics.onScrape(() => {
        for (const [state, count] of Object.entries(lines.count())) metrics.preparedLines.set({ state }, count);
      });
      metrics.onScrape(() => reportPlacement(metrics, placed.snapshot(), books));
      sessions.start();
      stopWatching = services.watchPersona(() => sessions.renewAll());
      await neighbours.start();
      await placed.start();
      stopLoop = watchLoop((isOpen, sample) => {
        log.warn(
          { ...sample },
          isOpen ? 'the event loop has time again' : 'the event loop has no time for another call',
        );
        placed.setLoop(isOpen);
      });
      dialler = createDialler(ground, carrier, placed, sessions);
      const answering = { calls, placement: placed, media, listenSockets, neighbours, sessions, dialler, staff };
      server = await createServer({ ...publicServer(ground, answering), log, metrics });
      dialler.start();
      staff.start();
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
      await staff.stop();
      await dialler?.stop();
      await reconcile?.stop();
      await server?.close();
      sessions.close();
      stopLoop?.();
      stopWatching?.();
      // Until the last a node that is silent would be taken for dead.
      await placement?.stop();
    },
  };
}

function modelSettings({ realtimeUrl, apiKey, realtimeModel }: NonNullable<Config['fallback']>): ModelSettings {
  return { url: realtimeUrl, apiKey, model: realtimeModel };
}

/** The same for streams. */
function streamLines({ lines, services }: Ground): StreamLines {
  return {
    audio: (line, language) => lines.audio(line, language),
    text: (line, language) => currentText(line, services, language),
    shielded: (line) => isShielded(line) || (line === 'greeting' && services.assistant().greetingUninterruptible),
  };
}

function storeFacts(services: Services): StoreFacts {
  return {
    ...lineStore(services),
    promotions: () => services.promotionLines(),
    callback: (language) => services.callbackPromise(language),
    closed: (language) => services.closed(language)?.words ?? null,
    callMsMax: services.callMsMax(),
    recording: ({ from, to }) => callRecordingRule(services.recording(), from, to),
    keypad: {
      address: services.store().address,
      hours: (language) => (services.areHoursKnown() ? services.openNow(language).message : null),
      categories: () => toBeHad(services.menu(null).categories ?? []),
      promotions: () => services.promotions(),
      plans: () => services.subscriptions(),
    },
    staffNumbers: services.onDuty().map(({ number }) => number),
  };
}

/** Calls back by itself, where the store has it so. */
function createDialler(
  { config, services, dataSource, log, metrics }: Ground,
  carrier: CarrierPort,
  placement: Placement,
  sessions: ModelSessions,
) {
  return new CallbackDialler({
    callbacks: createCallbacks(dataSource),
    policy: () => services.callbacks(),
    isCallbackTime: () => services.isCallbackTime(),
    freePlaces: () => (placement.isAway ? 0 : freePlaces(placement.snapshot(), sessions.usable())),
    carrier: {
      place: ({ to, from, asked }) => carrier.place({ to, from, ...placedUrls(config.publicUrl, asked) }),
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
  listenSockets: readonly SocketRoute<unknown>[];
  neighbours: Neighbours;
  sessions: ModelSessions;
  dialler: CallbackDialler;
  staff: StaffDesk;
}

function publicServer(
  { config, log, metrics, tracing, link, clock, services, lines, holdAudio }: Ground,
  { calls, placement, media, listenSockets, neighbours, sessions, dialler, staff }: Answering,
) {
  const isAfterHours = () => services.closed()?.behaviour === 'voicemail';
  const fairness = new Fairness({
    link,
    sharedNumbers: () => services.assistant().sharedNumbers,
    isSynthetic: createSyntheticCheck(config.twilio.authTokens),
  });
  const ownHosts = [new URL(config.publicUrl).host, new URL(config.mediaUrl).host];
  const hosts = () => [...ownHosts, ...neighbours.hosts()];
  const { authTokens } = config.twilio;
  const now = () => clock.now();
  const assistants: Assistants = {
    usable: () => sessions.usable(),
    warm: (node, ask) => neighbours.warm(node, ask),
    over: (callSid) => sessions.over(callSid),
  };
  return {
    host: config.host,
    port: config.port,
    routes: webhookRoutes({
      publicUrl: config.publicUrl,
      authTokens,
      streamTokenSecret: config.streamTokenSecret,
      door: calls,
      admission: new Admission({ placement, fairness, assistants, isAfterHours, now, log, metrics, tracing }),
      waitingRoom: new WaitingRoom({
        link,
        node: config.nodeId,
        ceiling: () => placement.ceiling,
        aside() {
          const aside = asideOf(placement.snapshot(), sessions.usable());
          return aside === 'closed' ? 'voicemail' : aside;
        },
        warm: assistants.warm,
        now,
        log,
        metrics,
      }),
      staff,
      placedCall: (news) => void dialler.told(news),
      facts: () => storeFacts(services),
      holdAudio,
      sounds: lines,
      now,
      log,
      metrics,
      tracing,
    }),
    sockets: [
      ...mediaPaths.map((path) => ({
        ...media.route,
        path,
        upgrade: (request: Parameters<typeof refuseUpgrade>[0]) => {
          const refusal = refuseUpgrade(request, { hosts, authTokens, metrics });
          return refusal ? { refuse: refusal } : { accept: { stream: null } };
        },
      })),
      ...listenSockets,
    ],
  };
}
