import { randomUUID } from 'node:crypto';
import { createAssistant } from './assistant.ts';
import type { Config, Role } from './config.ts';
import { createPhone } from './browser-phone.ts';
import { Feed } from './console/live/feed.ts';
import { consoleRoutes } from './console/routes.ts';
import { createRedisClock, syncClock } from './directory/clock.ts';
import { connectRedis, subscribe } from './directory/redis.ts';
import { NodeDesk } from './placement/node-desk.ts';
import { drainRoutes } from './http/drain-routes.ts';
import { healthRoutes } from './http/health.ts';
import { logRoutes } from './http/log-routes.ts';
import { createServer } from './http/server.ts';
import type { SocketRoute } from './http/socket.ts';
import { toldByJournal } from './replay/told.ts';
import { CATALOG_CHANNEL } from './services/catalog-keeper.ts';
import { openDatabase, poolOf } from './services/database.ts';
import type { OnChange } from './services/keeper.ts';
import { keepLines } from './services/prepared-lines.ts';
import { createServices } from './services/services.ts';
import type { Log } from './telemetry/log.ts';
import { LogLevel } from './telemetry/log-level.ts';
import { queryMeter, redisMeter } from './telemetry/backend-meters.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { createSyntheticCheck } from './telemetry/synthetic-sid.ts';
import { watchProcess } from './telemetry/process-watch.ts';
import { openTracing } from './telemetry/open-tracing.ts';
import { unmeasured } from './telemetry/unmeasured.ts';
import { createFactFlow } from './fact-flow.ts';
import type { Ground } from './ground.ts';
import { tellSetup } from './setup-info.ts';
import { createSwitchboard } from './switchboard.ts';
import { toolNames } from './tools/registry.ts';
import { createHoldAudio } from './webhook/hold-audio.ts';
import { createWork, recordingsOf } from './work.ts';

export interface NodeOptions {
  log: Log;
  /** Tests: drop and rebuild each actor from its journal after every fact. */
  amnesia: boolean;
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
  const metrics = config.telemetry ? createMetrics() : unmeasured(createMetrics());
  const unwatch = config.telemetry ? watchProcess(metrics) : null;
  const tracing = await openTracing(config, { log, metrics });
  const link = await connectRedis(config.redisUrl, {
    onError: (error) => log.warn({ err: error }, 'Redis connection failed'),
    meter: redisMeter(metrics),
  });
  const clock = createRedisClock();
  await syncClock(link, clock).catch((error: unknown) => log.warn({ err: error }, 'Redis did not tell the time'));
  const dataSource = await openDatabase(config.databaseUrl, {
    onError: (error) => log.warn({ err: error }, 'database connection failed'),
    meter: queryMeter(metrics),
  });
  metrics.onScrape(() => {
    metrics.redisUp.set(link.ready ? 1 : 0);
    for (const [state, count] of Object.entries(poolOf(dataSource))) metrics.postgresPool.set({ state }, count);
  });
  tellSetup(metrics, config);
  const changes = createChanges((changed) => subscribe(config.redisUrl, CATALOG_CHANNEL, changed));
  const { onChange } = changes;
  const services = await createServices(dataSource, { now: Date.now, log, onChange });
  const holdAudio = createHoldAudio();
  const lines = await keepLines(dataSource, { source: services, own: [holdAudio.sound], log, onChange });
  const ground: Ground = { config, log, metrics, tracing, link, clock, dataSource, services, lines, holdAudio };
  const node = await run(ground, options);
  return {
    ...node,
    async close() {
      changes.close();
      await node.close();
      await tracing.close();
      unwatch?.();
    },
  };
}

/** One subscription for all who follow the store's data. */
function createChanges(follow: OnChange): { onChange: OnChange; close(): void } {
  const callbacks = new Set<() => void>();
  const close = follow(() => callbacks.forEach((callback) => callback()));
  return {
    onChange(callback) {
      callbacks.add(callback);
      return () => void callbacks.delete(callback);
    },
    close,
  };
}

async function run(ground: Ground, { amnesia }: NodeOptions): Promise<Node> {
  const { config, link, dataSource, services, lines, log, metrics } = ground;
  const name = { node: config.nodeId, incarnation: randomUUID() };
  const has = (role: Role) => config.roles.includes(role);
  const switchboard = has('call') ? createSwitchboard(ground, name, amnesia) : null;
  const work = has('analytics') ? createWork(ground, name.incarnation) : null;
  const facts = createFactFlow(ground, work, name.incarnation);
  const ready = {
    redis: () => link.ready,
    catalog: () => services.isLoaded(),
    ...(switchboard ? { placement: () => switchboard.isPlaced() } : {}),
  };
  let port: number | null = null;
  const phone = has('console') ? createPhone(ground, () => port) : null;
  const isSynthetic = createSyntheticCheck(config.twilio.authTokens);
  const feed = new Feed({ link, isSynthetic, log, now: () => ground.clock.now() });
  const pages = has('console')
    ? consoleRoutes({
        dataSource,
        link,
        feed,
        recordings: recordingsOf(ground),
        calls: {
          self: switchboard && name,
          listenSecret: config.streamTokenSecret,
          redisNow: () => ground.clock.now(),
        },
        told: {
          score: (callSid) => toldByJournal(link, callSid, log),
          prices: config.modelPrices,
          traceUrl: config.traceUrl,
        },
        phone,
        assistant: createAssistant(ground),
        toolNames,
        adminToken: config.adminToken,
        now: Date.now,
        log,
      })
    : [];
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
  const desk = switchboard && new NodeDesk({ link, self: name, report: () => switchboard.report(), drain, log });
  const health = healthRoutes({ ready, isDraining: () => isDraining, incarnation: name.incarnation, metrics });
  const routes = [
    ...health.filter(({ path }) => config.telemetry || path !== '/metrics'),
    ...exits,
    ...logRoutes({ adminToken: config.adminToken, logLevel: new LogLevel(log) }),
    ...pages,
  ];
  const opsServer = await createServer({
    host: config.host,
    port: config.opsPort,
    routes,
    sockets: [...(phone ? [phone.socket as SocketRoute<unknown>] : []), ...(switchboard?.listenSockets ?? [])],
    log,
    metrics,
  });
  facts.start();
  work?.start();
  port = (await switchboard?.start(opsServer.port)) ?? null;
  desk?.start();
  return {
    storeName: services.store().name,
    port,
    opsPort: opsServer.port,
    drain,
    left,
    abandon: () => switchboard?.abandon(),
    async close() {
      await phone?.close();
      drain(true);
      await left;
      await desk?.stop();
      await switchboard?.close();
      await facts.stop();
      await work?.stop();
      await opsServer.close();
      await feed.close();
      services.close();
      lines.close();
      await dataSource.destroy();
      await link.close();
    },
  };
}
