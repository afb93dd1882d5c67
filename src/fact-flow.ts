import { Analytics, outboxGroups, retiredGroups, type AnalyticsOptions } from './analytics/analytics.ts';
import { OutboxKeeper } from './analytics/outbox-keeper.ts';
import { callbackTopics, noteConsoleChanges } from './directory/console-changes.ts';
import type { Role } from './config.ts';
import { createSyntheticCheck } from './telemetry/synthetic-sid.ts';
import type { Ground } from './ground.ts';
import { createKafkaLink } from './kafka/client.ts';
import { createErasureGate } from './privacy/erasure-gate.ts';
import { createErasureScreen } from './privacy/erasure-screen.ts';
import { createNumberKey } from './privacy/number-key.ts';
import { Relay } from './relay/relay.ts';
import { createCallbacks } from './services/callbacks.ts';
import { ModelReading, type TokenBudget } from './analytics/model-reading.ts';
import { FigureRoller } from './services/figure-rolls.ts';
import type { Work } from './work.ts';

/** Where the facts of the outbox go, as far as this process has a role in it. */
export interface FactFlow {
  start(): void;
  /** Takes in what is there, for a bounded time. */
  stop(): Promise<void>;
}

/** `work` is null without the role `analytics`. */
export function createFactFlow(ground: Ground, work: Work | null, holder: string): FactFlow {
  const { config, link, log, metrics } = ground;
  const isSynthetic = createSyntheticCheck(config.twilio.authTokens);
  const has = (role: Role) => config.roles.includes(role);
  const kafka = config.kafka && createKafkaLink(config.kafka, `aida-${config.nodeId}`, log);
  const relay = kafka && has('relay') ? new Relay({ link, kafka, holder, isSynthetic, log, metrics }) : null;
  const analytics = work && new Analytics({ ...analyticsOf(ground, work, holder), kafka, isSynthetic });
  const { dataSource } = ground;
  const reading = work && modelReading(ground, holder);
  const roller = work && new FigureRoller({ dataSource, prices: config.modelPrices, now: Date.now, log });
  const keeper =
    has('relay') || has('analytics')
      ? new OutboxKeeper({
          link,
          groups: outboxGroups(kafka !== null),
          retired: retiredGroups(kafka !== null),
          archiveDir: config.outboxArchive,
          screen: createErasureScreen(dataSource, createErasureGate(numberKeyOf(config))),
          log,
          metrics,
        })
      : null;
  return {
    start() {
      relay?.start();
      analytics?.start();
      roller?.start();
      reading?.start();
      keeper?.start();
    },
    async stop() {
      // What the relay still brings may be taken in here.
      await relay?.stop();
      await reading?.stop();
      await analytics?.stop();
      // After the last facts were taken in.
      await roller?.stop();
      await keeper?.stop();
    },
  };
}

const numberKeyOf = ({ erasureSecret }: Ground['config']) =>
  erasureSecret === null ? null : createNumberKey(erasureSecret);

const DAY_S = 86_400;
const HOLD_MS = 90_000;

/** Null where no chat model is set, or none can be reached. */
function modelReading({ config, dataSource, link, log }: Ground, holder: string): ModelReading | null {
  const { apiUrl, apiKey } = config.openai;
  if (config.understanding === null || apiUrl === null) return null;
  const { model, tokensPerDay } = config.understanding;
  const key = () => `understanding:tokens:${new Date().toISOString().slice(0, 10)}`;
  const budget: TokenBudget = {
    async take(tokens) {
      const used = Number(await link.command('incrby', key(), tokens));
      await link.command('expire', key(), 2 * DAY_S);
      if (used <= tokensPerDay) return true;
      await link.command('decrby', key(), tokens);
      return false;
    },
    giveBack: async (tokens) => void (await link.command('decrby', key(), tokens)),
  };
  const hold = async (): Promise<boolean> => {
    const lease = 'understanding:reader';
    if ((await link.command('set', lease, holder, 'PX', HOLD_MS, 'NX')) === 'OK') return true;
    if ((await link.command('get', lease)) !== holder) return false;
    await link.command('pexpire', lease, HOLD_MS);
    return true;
  };
  return new ModelReading({ dataSource, chat: { apiUrl, apiKey, model }, budget, hold, now: Date.now, log });
}

/** Rows from facts, jobs for recordings, and call-backs that were promised. */
function analyticsOf(
  { config, log, metrics, link, dataSource, services }: Ground,
  { enterRecording }: Work,
  holder: string,
): Omit<AnalyticsOptions, 'kafka'> {
  const callbacks = createCallbacks(dataSource);
  return {
    link,
    dataSource,
    enterRecording,
    async enterCallback({ askedAt, ...wish }) {
      await callbacks.enter({ ...wish, window: services.callbackWindow(askedAt) });
      await noteConsoleChanges(link, callbackTopics);
    },
    numberKey: numberKeyOf(config),
    holder,
    log,
    metrics,
  };
}
