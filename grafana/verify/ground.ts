import { ruleFiles } from '../rules/index.ts';
import { rendered } from '../rules/render.ts';
import { scaleOf } from '../rules/scale.ts';
import { staff } from '../../src/sim/chaos/stories.ts';
import { type KafkaServer, startKafka } from '../../src/sim/parts/kafka.ts';
import { type Prometheus, startPrometheus, type Target } from '../../src/sim/parts/prometheus.ts';
import { startSyntheticCaller, type SyntheticCaller } from '../../src/sim/synthetic/caller.ts';
import { startFakeTwilio } from '../../src/sim/twilio/index.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { OVERRIDES, PUBLIC_URL } from '../../src/sim/fleet.ts';
import { eventually } from '../../src/sim/eventually.ts';
import { type Stack, startStack } from '../../src/sim/stack.ts';
import { type LogLines, logLines } from './log-lines.ts';
import { type OtlpSink, startOtlpSink } from './otlp-sink.ts';
import type { Plan } from './plan.ts';

/** An hour of the rules lasts a minute. */
export const scale = scaleOf(1 / 60, 1);
const scrapeMs = 1_000;
const seenMsMax = 20_000;
/** Once a minute, where a minute is a second: as often as one call after the other can be. */
const syntheticEveryMs = 4_000;
/** The assistant talks three times as fast as people do. */
const charsPerSecond = 48;

export interface Ground {
  stack: Stack;
  prometheus: Prometheus;
  kafka: KafkaServer | null;
  spans: OtlpSink;
  logs: LogLines;
  /** Of the nodes that run now. */
  targets(): Target[];
  stop(): Promise<void>;
}

/** Real nodes, a real database, Prometheus and, where the plan wants it, Kafka; the fakes around them. */
export async function startGround(plan: Plan, say: (line: string) => void): Promise<Ground> {
  const endings: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of endings.splice(0).toReversed()) await end();
  };
  try {
    const spans = await startOtlpSink();
    endings.push(() => spans.close());
    if (plan.hasKafka) say('Kafka');
    const kafka = plan.hasKafka ? await startKafka() : null;
    if (kafka) endings.push(() => kafka.stop());
    const logs = logLines();
    const stack = await startStack({
      nodes: plan.nodes,
      database: plan.database,
      model: { charsPerSecond },
      twilio: { staff },
      speech: true,
      env: {
        CALLS_MAX: String(plan.callsMax),
        OTEL_EXPORTER_OTLP_ENDPOINT: spans.url,
        ...(kafka ? { KAFKA_BROKERS: kafka.broker } : {}),
        SPEND_MAX: '1000/10000',
      },
      onLog: (line) => logs.take(line),
      onStep: say,
    });
    endings.push(() => stack.stop());
    const synthetic = await startSynthetic(stack, logs, endings);
    const targets = (): Target[] => [
      { address: `127.0.0.1:${synthetic.port}`, labels: { job: 'synthetic', instance: 'synthetic' } },
      ...stack.nodes.map(({ opsPort }, index) => ({
        address: `127.0.0.1:${opsPort}`,
        labels: { instance: `node-${index + 1}` },
      })),
    ];
    say('Prometheus');
    const prometheus = await startPrometheus({
      intervalMs: scrapeMs,
      job: 'aida',
      targets: targets(),
      rules: Object.fromEntries(ruleFiles.map((file) => [file.name, rendered(file, scale)])),
    });
    endings.push(() => prometheus.stop());
    // Before the first scrape there is no node and no synthetic caller, and alerts say so.
    const areSeen = async (): Promise<boolean> =>
      (await prometheus.query('sum(min_over_time(up{job="aida"}[3s]))')).some(({ value }) => value === plan.nodes) &&
      (await prometheus.alerts()).every(({ labels }) => labels['alertname'] === 'Watchdog');
    await eventually(areSeen, (seen) => seen, seenMsMax);
    synthetic.start();
    return { stack, prometheus, kafka, spans, logs, targets, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A carrier of its own brings its calls: the callers' one knows of them no more than of anybody else's. */
async function startSynthetic(
  stack: Stack,
  logs: LogLines,
  endings: (() => Promise<unknown>)[],
): Promise<SyntheticCaller> {
  const authToken = stack.env['TWILIO_AUTH_TOKEN'] ?? '';
  const twilio = await startFakeTwilio({
    accountSid: stack.env['TWILIO_ACCOUNT_SID'] ?? '',
    authToken,
    hosts: stack.twilio.hosts,
    number: {
      voiceUrl: `${PUBLIC_URL}/voice${OVERRIDES}`,
      voiceFallbackUrl: `${PUBLIC_URL}/voice/fallback`,
      statusCallback: `${PUBLIC_URL}/voice/status${OVERRIDES}`,
    },
  });
  endings.push(() => twilio.close());
  const caller = await startSyntheticCaller({
    twilio,
    authToken,
    from: '+15005550006',
    to: '+15005550000',
    question: { kind: 'words', text: 'What are your hours on Tuesday?', expects: /Tuesday|\d:\d\d/i },
    everyMs: syntheticEveryMs,
    host: '127.0.0.1',
    metricsPort: 0,
    log: createLog('info', { destination: { write: (line) => logs.take(line) } }),
  });
  endings.push(() => caller.stop());
  return caller;
}
