import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { HotHistogram } from './hot-histogram.ts';

/** Seconds, for answers that should take milliseconds. */
const ANSWER_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2];
/** Seconds, for what splicing adds to a frame. */
const SPLICE_SECONDS = [0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05];
/** Seconds that a caller waits for a first word. */
const SILENCE_SECONDS = [0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 5, 8];

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Every metric by name, help, unit and buckets. No call ids in labels. Each process (in tests: each node) has a
 * registry of its own.
 */
export function createMetrics() {
  const registry = new Registry();
  const counter = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name, help, labelNames, registers: [registry] });
  const gauge = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge<L>({ name, help, labelNames, registers: [registry] });
  const hot = (name: string, help: string, buckets: readonly number[]) =>
    new HotHistogram({ name, help, buckets, registry });
  const scrapeListeners: (() => void)[] = [];
  return {
    registry,
    /** Called before each scrape, for figures that nobody counts while they change. */
    onScrape: (listener: () => void): void => void scrapeListeners.push(listener),
    scrape: (): Promise<string> => {
      for (const listener of scrapeListeners) listener();
      return registry.metrics();
    },
    callsLive: gauge('aida_calls_live', 'Calls resident on this node, by state of their machine', ['state']),
    draining: gauge('aida_draining', '1 while this node is to end and takes no new calls'),
    callsStranded: gauge(
      'aida_calls_stranded',
      'Calls with a stream here that no other node has room for: they would be lost were this node to end now',
    ),
    handovers: counter(
      'aida_handovers_total',
      'Calls that this node handed over: left for the next node, failed to leave word, cut at the bound',
      ['result'],
    ),
    callsEnded: counter('aida_calls_ended_total', 'Calls that ended, by outcome', ['outcome']),
    webhooks: counter('aida_webhooks_total', 'Webhooks answered, by route and HTTP status', ['route', 'status']),
    webhookSeconds: hot('aida_webhook_seconds', 'Time from a whole webhook request to its answer', ANSWER_SECONDS),
    apologies: counter(
      'aida_apologies_total',
      'Webhooks answered with a sentence because the call could not be taken, by reason',
      ['reason'],
    ),
    refusals: counter('aida_refusals_total', 'Requests, upgrades and streams refused, by reason', ['reason']),
    faults: counter('aida_faults_total', 'Exceptions caught at a boundary, by place', ['place']),
    badFrames: counter('aida_bad_frames_total', 'Media messages ignored or repaired, by reason', ['reason']),
    droppedFrames: counter('aida_dropped_frames_total', 'Frames given up because a socket was full, by direction', [
      'direction',
    ]),
    spliceSeconds: hot('aida_splice_seconds', 'Time that this process adds to a frame, either way', SPLICE_SECONDS),
    silenceSeconds: hot(
      'aida_silence_seconds',
      "Silence between a caller's last word and the first audio of the answer",
      SILENCE_SECONDS,
    ),
    modelEventsIgnored: counter('aida_model_events_ignored_total', 'Model events that changed nothing, by reason', [
      'reason',
    ]),
    toolRuns: counter('aida_tool_runs_total', 'Tools run, by name and result', ['tool', 'result']),
    journalWaiting: gauge('aida_journal_waiting_facts', 'Facts not yet acknowledged by the journal'),
    journalLag: gauge('aida_journal_lag_facts', 'Facts in the outbox that a consumer group has not read', ['group']),
  };
}

/** Event loop, memory and garbage collection of this process. */
export function watchProcess(metrics: Metrics): void {
  collectDefaultMetrics({ register: metrics.registry, prefix: 'aida_' });
}
