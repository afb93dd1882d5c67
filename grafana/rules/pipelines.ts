import { increased } from './expressions.ts';
import type { RuleFile } from './render.ts';
import type { Group } from './rule.ts';

export const pipelines: RuleFile = {
  name: 'pipelines',
  groups: (scale): Group[] => {
    const w = scale.window;
    return [
      {
        name: 'aida-pipelines',
        rules: [
          { record: 'aida:outbox_fill:max', expr: 'max(aida_outbox_fill_ratio)' },
          { record: 'aida:outbox_oldest_seconds:max', expr: 'max(aida_outbox_oldest_seconds)' },
          { record: 'aida:journal_lag_facts:max', expr: 'max by (group) (aida_journal_lag_facts)' },
          { record: 'aida:kafka_lag_messages:max', expr: 'max by (group) (aida_kafka_lag_messages)' },
        ],
      },
      {
        name: 'aida-pipelines-alerts',
        rules: [
          {
            alert: 'RedisAway',
            expr: 'count(aida_redis_up == 0) > 0',
            for: '30s',
            severity: 'page',
            summary: '{{ $value }} nodes cannot reach Redis',
            callers:
              'Calls go on and new ones are answered within the cap of each node; nobody is put in line, and no call moves.',
          },
          {
            alert: 'PostgresAway',
            expr: 'count(aida_postgres_up == 0) > 0',
            for: '1m',
            severity: 'page',
            summary: '{{ $value }} nodes cannot reach the database',
            callers: 'Answers come from memory; what would write is refused in words, and messages are offered.',
          },
          {
            alert: 'KafkaAway',
            expr: 'count by (client) (aida_kafka_up == 0 and on (instance) aida_config_info{kafka="on"}) > 0',
            for: '2m',
            severity: 'ticket',
            summary: 'The {{ $labels.client }} of {{ $value }} nodes gets no answer of Kafka',
            callers: 'Nothing: the outbox holds everything, for as long as it has room.',
          },
          {
            alert: 'OutboxFilling',
            expr: 'aida:outbox_fill:max >= 0.6',
            for: '1m',
            severity: 'page',
            summary: 'The fullest partition of the outbox holds {{ $value | humanizePercentage }} of its bound',
            callers: 'Nothing; when it is full the oldest facts are put on disk, and what reads them is behind.',
          },
          {
            alert: 'OutboxFilling',
            expr: `predict_linear(aida:outbox_fill:max[${w('30m')}], ${scale.seconds('4h')}) > 1
              and aida:outbox_fill:max > 0.2 and aida:outbox_fill:max < 0.6`,
            for: '10m',
            severity: 'ticket',
            summary:
              'The outbox holds {{ $value | humanizePercentage }} of its bound and will be full within four hours',
            callers: 'Nothing yet.',
          },
          {
            alert: 'ConsumerLag',
            expr: 'aida:journal_lag_facts:max{group!="relay"} > 1000 or aida:kafka_lag_messages:max > 1000',
            for: '10m',
            severity: 'ticket',
            summary: 'The consumer group {{ $labels.group }} is {{ $value | humanize }} facts behind',
            callers: 'Nothing. Console, transcripts, voicemail notices or call-backs come late.',
          },
          {
            alert: 'RelayLag',
            expr: 'aida:journal_lag_facts:max{group="relay"} > 1000 or max(aida_relay_archive_bytes) > 0',
            for: '5m',
            severity: 'ticket',
            summary: 'Facts wait for Kafka: {{ $value | humanize }} in the outbox, or bytes on disk',
            callers: 'Nothing. What is counted of the promotion is behind.',
          },
          {
            alert: 'JournalWaiting',
            expr: 'aida_journal_oldest_seconds > 10',
            for: '1m',
            severity: 'page',
            summary:
              'Facts of calls on {{ $labels.instance }} have not been journaled for {{ $value | humanizeDuration }}',
            callers: 'Nothing while the node lives; were it lost, its callers would begin anew.',
          },
          {
            alert: 'DeadLetters',
            expr: `(${increased('aida_facts_taken_total{result="dead"}', w('1h'))})
              + (${increased('aida_kafka_messages_total{result="dead"}', w('1h'))}) > 0
              or max by (lane) (aida_jobs{state="dead"}) > 0`,
            for: '1m',
            severity: 'ticket',
            summary: '{{ printf "%.0f" $value }} facts or jobs failed for good and wait for somebody',
            callers:
              'A message that nobody is told of, a call-back that is not entered, a call missing in the console.',
          },
          {
            alert: 'JobsLate',
            expr: 'max by (lane) (aida_jobs_oldest_seconds) > 900',
            for: '5m',
            severity: 'ticket',
            summary: 'Work of the lane {{ $labels.lane }} is {{ $value | humanizeDuration }} late',
            callers: 'Messages are fetched, written down and told of late.',
          },
        ],
      },
    ];
  },
};
