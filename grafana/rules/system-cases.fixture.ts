import { between, burst, type Case, fleet, from, one } from './case.fixture.ts';
import { grows, level, series, type SeriesSet, until } from './healthy.fixture.ts';

const synthetic = (result: string, at: (minute: number) => number | null): SeriesSet => ({
  [series('aida_synthetic_calls_total', { result }, 'synthetic').replace('"aida"', '"synthetic"')]: at,
});
const lastOk = (at: (minute: number) => number | null): SeriesSet => ({
  [series('aida_synthetic_last_ok_seconds', {}, 'synthetic').replace('"aida"', '"synthetic"')]: at,
});

const pipelines: readonly Case[] = [
  {
    alert: 'RedisAway',
    severity: 'page',
    when: 'one node cannot reach Redis',
    series: one('aida_redis_up', {}, between(from, from + 5, 1, 0)),
    fires: from + 2,
    silent: [from, from + 6],
  },
  {
    alert: 'PostgresAway',
    severity: 'page',
    when: 'no node can reach the database',
    series: fleet('aida_postgres_up', {}, between(from, from + 5, 1, 0)),
    fires: from + 2,
    silent: [from, from + 6],
  },
  {
    alert: 'KafkaAway',
    severity: 'ticket',
    when: 'the producers get no answer',
    series: fleet('aida_kafka_up', { client: 'producer' }, between(from, from + 9, 1, 0)),
    fires: from + 4,
    silent: [from + 1, from + 10],
  },
  {
    alert: 'KafkaAway',
    severity: 'ticket',
    when: 'there is no Kafka',
    series: {
      ...fleet('aida_kafka_up', { client: 'producer' }, level(0)),
      ...fleet('aida_config_info', { fallback: 'gpt-realtime', kafka: 'on' }, () => null),
      ...fleet('aida_config_info', { fallback: 'gpt-realtime', kafka: 'off' }, level(1)),
    },
    silent: [from, from + 20],
  },
  {
    alert: 'OutboxFilling',
    severity: 'page',
    when: 'a partition is at two thirds',
    series: one('aida_outbox_fill_ratio', {}, between(from, from + 10, 0.1, 0.66)),
    fires: from + 2,
    silent: [from, from + 12],
  },
  {
    alert: 'OutboxFilling',
    severity: 'ticket',
    when: 'it grows by a sixth of its bound in an hour',
    series: fleet('aida_outbox_fill_ratio', {}, (m) => 0.1 + Math.max(0, m - from) * 0.005),
    fires: from + 45,
    silent: [from + 5, from + 25],
  },
  {
    alert: 'OutboxFilling',
    severity: 'ticket',
    when: 'it is half full and stays so',
    series: fleet('aida_outbox_fill_ratio', {}, level(0.5)),
    silent: [from, from + 60],
  },
  {
    alert: 'ConsumerLag',
    severity: 'ticket',
    when: 'the call log is three thousand facts behind',
    series: one('aida_journal_lag_facts', { group: 'call-log' }, between(from, from + 30, 20, 3_000)),
    fires: from + 12,
    silent: [from + 8, from + 31],
  },
  {
    alert: 'ConsumerLag',
    severity: 'ticket',
    when: 'a consumer of Kafka is',
    series: one('aida_kafka_lag_messages', { group: 'call-log' }, between(from, from + 30, 20, 3_000)),
    fires: from + 12,
    silent: [from + 8, from + 31],
  },
  {
    alert: 'RelayLag',
    severity: 'ticket',
    when: 'facts wait in the outbox for Kafka',
    series: one('aida_journal_lag_facts', { group: 'relay' }, between(from, from + 30, 20, 3_000)),
    fires: from + 7,
    silent: [from + 3, from + 31],
  },
  {
    alert: 'RelayLag',
    severity: 'ticket',
    when: 'facts were put on disk',
    series: one('aida_relay_archive_bytes', {}, between(from, from + 30, 0, 1_000)),
    fires: from + 7,
    silent: [from + 3, from + 31],
  },
  {
    alert: 'JournalWaiting',
    severity: 'page',
    when: 'facts of a node wait for half a minute and more',
    series: one('aida_journal_oldest_seconds', {}, (m) => (m < from ? 0 : 60 * (m - from))),
    fires: from + 3,
    silent: [from + 1],
  },
  {
    alert: 'JournalWaiting',
    severity: 'page',
    when: 'they wait for some seconds again and again',
    series: one('aida_journal_oldest_seconds', {}, level(5)),
    silent: [from, from + 20],
  },
  {
    alert: 'DeadLetters',
    severity: 'ticket',
    when: 'a fact is no use to a consumer',
    series: one('aida_facts_taken_total', { group: 'call-log', result: 'dead' }, until(from, level(0), level(1))),
    fires: from + 3,
    silent: [from - 1, from + 65],
  },
  {
    alert: 'DeadLetters',
    severity: 'ticket',
    when: 'a message of Kafka went to the dead',
    series: one('aida_kafka_messages_total', { group: 'call-log', result: 'dead' }, until(from, level(0), level(1))),
    fires: from + 3,
    silent: [from - 1, from + 65],
  },
  {
    alert: 'DeadLetters',
    severity: 'ticket',
    when: 'a job failed for good, until it is replayed',
    series: one('aida_jobs', { lane: 'soon', state: 'dead' }, between(from, from + 200, 0, 2)),
    fires: from + 150,
    silent: [from, from + 201],
  },
  {
    alert: 'JobsLate',
    severity: 'ticket',
    when: 'a job should have run twenty minutes ago',
    series: one('aida_jobs_oldest_seconds', { lane: 'soon' }, (m) => (m < from ? 2 : 60 * (m - from))),
    fires: from + 22,
    silent: [from + 15],
  },
];

const outside: readonly Case[] = [
  {
    alert: 'SyntheticCallFails',
    severity: 'page',
    when: 'five calls in a row get no stream',
    series: {
      ...synthetic('ok', until(from, grows(1), level(from))),
      ...synthetic('no_stream', burst(1, from)),
      ...lastOk((m) => 60 * Math.min(m, from)),
    },
    fires: from + 6,
    silent: [from + 2],
  },
  {
    alert: 'SyntheticCallFails',
    severity: 'page',
    when: 'every other call fails',
    series: { ...synthetic('ok', grows(0.5)), ...synthetic('no_stream', grows(0.5)) },
    silent: [from, from + 20],
  },
  {
    alert: 'SyntheticCallerSilent',
    severity: 'ticket',
    when: 'nobody calls any more',
    series: {
      ...synthetic(
        'ok',
        until(from, grows(1), () => null),
      ),
      ...synthetic(
        'no_stream',
        until(from, level(0), () => null),
      ),
      ...lastOk(
        until(
          from,
          (m) => 60 * m,
          () => null,
        ),
      ),
    },
    fires: from + 40,
    silent: [from + 25],
  },
  {
    alert: 'CarrierComplains',
    severity: 'page',
    when: 'the carrier cannot fetch documents',
    series: one('aida_carrier_complaints_total', { level: 'error', class: 'fetching' }, burst(2, from, from + 10)),
    fires: from + 8,
    silent: [from - 1, from + 1, from + 30],
    also: ['CarrierComplains ticket'],
  },
  {
    alert: 'CarrierComplains',
    severity: 'ticket',
    when: 'it tells of one error',
    series: one('aida_carrier_complaints_total', { level: 'error', class: 'dialing' }, until(from, level(0), level(1))),
    fires: from + 10,
    silent: [from - 1, from + 370],
  },
  {
    alert: 'WebhooksFail',
    severity: 'page',
    when: 'a tenth of the webhooks is answered with an error',
    series: fleet('aida_webhooks_total', { route: '/voice', status: '500' }, burst(2, from, from + 20)),
    fires: from + 5,
    silent: [from - 1, from + 30],
  },
  {
    alert: 'WebhooksFail',
    severity: 'page',
    when: 'the signature of all webhooks is wrong since the token was rotated',
    series: {
      ...fleet('aida_webhooks_total', { route: '/voice', status: '200' }, burst(20, 0, from)),
      ...fleet('aida_webhooks_total', { route: '/voice', status: '403' }, burst(20, from)),
      ...fleet('aida_refusals_total', { reason: 'signature' }, burst(20, from)),
    },
    fires: from + 5,
    silent: [from - 1],
  },
  {
    alert: 'WebhooksFail',
    severity: 'page',
    when: 'somebody forges five',
    series: {
      ...one('aida_webhooks_total', { route: '/voice', status: '403' }, burst(5, from, from + 1)),
      ...one('aida_refusals_total', { reason: 'signature' }, burst(5, from, from + 1)),
    },
    silent: [from + 1, from + 3, from + 10],
  },
  {
    alert: 'FramesDropped',
    severity: 'ticket',
    when: 'one frame in fifty is given up',
    series: fleet('aida_dropped_frames_total', { direction: 'to_caller' }, burst(2_000, from, from + 20)),
    fires: from + 5,
    silent: [from - 1, from + 30],
  },
];

export const systemCases: readonly Case[] = [...pipelines, ...outside];
