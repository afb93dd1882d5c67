import { metricSections } from '../../src/telemetry/metric-names.ts';
import type { MetricSpec } from '../../src/telemetry/metric-spec.ts';

export type Course = (minute: number) => number | null;
export type SeriesSet = Record<string, Course>;

const specs = new Map<string, MetricSpec>(
  Object.values(metricSections)
    .flatMap((section) => Object.values(section) as MetricSpec[])
    .map((spec) => [spec.name, spec]),
);

export const level =
  (value: number): Course =>
  () =>
    value;
export const grows =
  (perMinute: number, fromMinute = 0): Course =>
  (minute) =>
    perMinute * Math.max(0, minute - fromMinute);
/** Until that minute, then the other. */
export const until =
  (change: number, before: Course, after: Course): Course =>
  (minute) =>
    (minute < change ? before : after)(minute);

/** A series of a metric that exists, with labels and values that it can have. */
export function series(name: string, labels: Record<string, string> = {}, instance = 'node-1'): string {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  const spec = specs.get(name) ?? specs.get(base);
  if (!spec) throw new Error(`there is no metric ${name}`);
  for (const [label, value] of Object.entries(labels)) {
    if (label === 'le' && spec.type === 'histogram') continue;
    const values = spec.labels[label];
    if (!values || (values.length > 0 && !values.includes(value)))
      throw new Error(`${name} has no ${label}="${value}"`);
  }
  const all = { ...labels, instance, job: 'aida' };
  return `${name}{${Object.entries(all)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`;
}

/** A histogram whose observations go into these buckets, so many a minute: bound → course of those at or below it. */
export function histogram(name: string, courses: Record<string, Course>, instance = 'node-1'): SeriesSet {
  const all = courses['+Inf'];
  if (!all) throw new Error('a histogram needs the bucket of all');
  const buckets = Object.entries(courses).map(([le, course]) => [series(`${name}_bucket`, { le }, instance), course]);
  return { ...(Object.fromEntries(buckets) as SeriesSet), [series(`${name}_count`, {}, instance)]: all };
}

const nodes = ['node-1', 'node-2'];

/** Two nodes in a busy hour in which nothing is wrong: what alerts must be silent about. */
export function healthy(): SeriesSet {
  const set: SeriesSet = {};
  for (const node of nodes) {
    set[`up{instance="${node}",job="aida"}`] = level(1);
    Object.assign(set, ofCalls(node), ofModel(node), ofFleet(node), ofPipelines(node));
  }
  const synthetic = (name: string, labels: Record<string, string>): string =>
    series(name, labels, 'synthetic').replace('job="aida"', 'job="synthetic"');
  set[synthetic('aida_synthetic_calls_total', { result: 'ok' })] = grows(1);
  set[synthetic('aida_synthetic_calls_total', { result: 'no_stream' })] = level(0);
  set[synthetic('aida_synthetic_last_ok_seconds', {})] = (minute) => minute * 60;
  return set;
}

function ofCalls(node: string): SeriesSet {
  const one = (name: string, labels: Record<string, string> = {}): string => series(name, labels, node);
  return {
    [one('aida_calls_answered_total', { result: 'in_time' })]: grows(10),
    [one('aida_calls_answered_total', { result: 'late' })]: level(0),
    [one('aida_calls_answered_total', { result: 'never' })]: level(0),
    [one('aida_calls_answered_total', { result: 'hung_up' })]: grows(1),
    ...histogram('aida_silence_seconds', { 2: grows(99), '+Inf': grows(100) }, node),
    [one('aida_streams_ended_total', { dead_air: 'no' })]: grows(10),
    [one('aida_streams_ended_total', { dead_air: 'yes' })]: level(0),
    [one('aida_calls_cut_total', { cause: 'stream' })]: level(0),
    [one('aida_calls_ended_total', { outcome: 'answered' })]: grows(10),
    [one('aida_transcripts_total', { result: 'in_time' })]: grows(10),
    [one('aida_transcripts_total', { result: 'overdue' })]: level(0),
    [one('aida_calls_live', { state: 'conversation' })]: level(30),
    [one('aida_webhooks_total', { route: '/voice', status: '200' })]: grows(20),
    [one('aida_webhooks_total', { route: '/voice', status: '500' })]: level(0),
    [one('aida_refusals_total', { reason: 'signature' })]: level(0),
    [one('aida_faults_total', { place: 'webhook' })]: level(0),
    [one('aida_frames_total', { direction: 'from_caller' })]: grows(90_000),
    [one('aida_dropped_frames_total', { direction: 'to_caller' })]: grows(20),
    [one('aida_carrier_complaints_total', { level: 'error', class: 'fetching' })]: level(0),
    [one('aida_carrier_complaints_total', { level: 'error', class: 'dialing' })]: level(0),
    [one('aida_carrier_complaints_total', { level: 'warn', class: 'stream' })]: grows(1),
  };
}

function ofModel(node: string): SeriesSet {
  const one = (name: string, labels: Record<string, string> = {}): string => series(name, labels, node);
  return {
    [one('aida_model_sessions_opened_total', { endpoint: 'first' })]: grows(10),
    [one('aida_model_sessions_lost_total', { endpoint: 'first', code: 'closed_1006' })]: level(0),
    [one('aida_model_responses_total', { status: 'completed' })]: grows(60),
    [one('aida_model_responses_total', { status: 'cancelled' })]: grows(20),
    [one('aida_model_responses_total', { status: 'failed' })]: level(0),
    [one('aida_model_endpoint_resting', { endpoint: 'first' })]: level(0),
    [one('aida_model_endpoint_resting', { endpoint: 'fallback' })]: level(0),
    ...histogram('aida_model_answer_seconds', { 1: grows(60), 1.5: grows(60), '+Inf': grows(60) }, node),
    [one('aida_model_allowance', { name: 'tokens', what: 'limit' })]: level(1_000_000),
    [one('aida_model_allowance', { name: 'tokens', what: 'remaining' })]: level(600_000),
    [one('aida_spend_share')]: level(0.4),
  };
}

function ofFleet(node: string): SeriesSet {
  const one = (name: string, labels: Record<string, string> = {}): string => series(name, labels, node);
  return {
    [one('aida_headroom_calls', { limit: 'nodes' })]: level(100),
    [one('aida_fleet_capacity_calls')]: level(200),
    [one('aida_fleet_kept_calls')]: level(40),
    [one('aida_fleet_load_calls')]: level(61),
    [one('aida_waiting_callers')]: level(0),
    [one('aida_reconciled_calls_total', { result: 'over' })]: level(0),
    [one('aida_switches_set', { name: 'rung' })]: level(0),
    [one('aida_nodes_judged_total', { verdict: 'dead' })]: level(0),
    [one('aida_nodes_judged_total', { verdict: 'left' })]: level(3),
    [one('aida_draining')]: level(0),
    [one('aida_draining_seconds')]: level(0),
    [one('aida_config_limit', { name: 'drain_seconds' })]: level(300),
    [one('aida_calls_stranded')]: level(0),
    [one('aida_calls_unfolded_total', { reason: 'fold threw' })]: level(0),
    [one('aida_build_info', { version: '1.0.0' })]: level(1),
    [one('aida_config_info', { fallback: 'gpt-realtime', kafka: 'on' })]: level(1),
    ...histogram(
      'aida_event_loop_delay_seconds',
      { 0.02: grows(5_990), 0.1: grows(6_000), 0.2: grows(6_000), '+Inf': grows(6_000) },
      node,
    ),
  };
}

function ofPipelines(node: string): SeriesSet {
  const one = (name: string, labels: Record<string, string> = {}): string => series(name, labels, node);
  return {
    [one('aida_redis_up')]: level(1),
    [one('aida_postgres_up')]: level(1),
    [one('aida_kafka_up', { client: 'producer' })]: level(1),
    [one('aida_outbox_fill_ratio')]: level(0.1),
    [one('aida_outbox_oldest_seconds')]: level(1),
    [one('aida_journal_lag_facts', { group: 'call-log' })]: level(20),
    [one('aida_journal_lag_facts', { group: 'relay' })]: level(20),
    [one('aida_kafka_lag_messages', { group: 'call-log' })]: level(20),
    [one('aida_journal_oldest_seconds')]: level(0.1),
    [one('aida_facts_taken_total', { group: 'call-log', result: 'taken' })]: grows(600),
    [one('aida_facts_taken_total', { group: 'call-log', result: 'dead' })]: level(0),
    [one('aida_kafka_messages_total', { group: 'call-log', result: 'dead' })]: level(0),
    [one('aida_relay_archive_bytes')]: level(0),
    [one('aida_jobs', { lane: 'soon', state: 'dead' })]: level(0),
    [one('aida_jobs_oldest_seconds', { lane: 'soon' })]: level(2),
  };
}
