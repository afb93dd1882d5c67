import type { RowSpec } from './panel.ts';
import { fleetBy, of, perMinute, perMinuteBy, quantiles, sumBy } from './promql.ts';

const redis: RowSpec = {
  title: 'Redis',
  height: 7,
  panels: [
    {
      kind: 'lines',
      title: 'Time of commands and scripts',
      good: 'p99 below 10 ms.',
      unit: 's',
      bounds: { above: [0.025, 0.25] },
      runbook: 'RedisAway',
      width: 8,
      queries: quantiles('aida_redis_command_seconds'),
    },
    {
      kind: 'lines',
      title: 'Commands that came to nothing, per minute, by code',
      good: 'none; after a change of primary a burst that ends.',
      unit: 'none',
      bounds: { above: [1, 60] },
      runbook: 'RedisAway',
      width: 8,
      queries: [
        { expr: perMinuteBy('code', 'aida_redis_errors_total'), legend: '{{code}}' },
        { expr: perMinute('aida_redis_reconnects_total'), legend: 'there again' },
      ],
    },
    {
      kind: 'lines',
      title: 'Commands in flight',
      good: 'tens: a number that climbs is a Redis that does not answer.',
      unit: 'none',
      bounds: { above: [200, 1_000] },
      runbook: 'RedisAway',
      width: 8,
      queries: [{ expr: sumBy('instance', 'aida_redis_commands_in_flight'), legend: '{{instance}}' }],
    },
  ],
};

const postgres: RowSpec = {
  title: 'Postgres',
  height: 7,
  panels: [
    {
      kind: 'lines',
      title: 'Time of queries',
      good: 'p95 below 25 ms.',
      unit: 's',
      bounds: { above: [0.1, 1] },
      runbook: 'PostgresAway',
      width: 6,
      queries: quantiles('aida_postgres_query_seconds'),
    },
    {
      kind: 'lines',
      title: 'Queries that failed, per minute',
      good: 'none.',
      unit: 'none',
      bounds: { above: [1, 10] },
      runbook: 'PostgresAway',
      width: 6,
      queries: [{ expr: perMinuteBy('kind', 'aida_postgres_errors_total'), legend: '{{kind}}' }],
    },
    {
      kind: 'lines',
      title: 'Connections, and who waits for one',
      good: 'nobody waits.',
      unit: 'none',
      bounds: { above: [50, 90] },
      runbook: 'PostgresAway',
      width: 6,
      stacked: true,
      queries: [{ expr: sumBy('state', 'aida_postgres_pool_connections'), legend: '{{state}}' }],
    },
    {
      kind: 'rows',
      title: 'Conversations of the last day: stored, and when',
      good: 'none without a transcript that ended more than a minute ago.',
      unit: 'none',
      bounds: { above: [1, 10] },
      runbook: 'TranscriptsLate',
      width: 6,
      sql: `SELECT count(*) AS "calls",
  count(*) FILTER (WHERE ended_at IS NULL) AS "live",
  count(*) FILTER (WHERE processed_at IS NOT NULL) AS "with transcript",
  count(*) FILTER (WHERE ended_at < now() - interval '1 minute' AND processed_at IS NULL AND outcome IN ('answered', 'transferred')) AS "overdue"
FROM call_log WHERE started_at > now() - interval '1 day'`,
      columns: [{ name: 'overdue', unit: 'none', bounds: { above: [1, 10] } }],
    },
  ],
};

const jobs: RowSpec = {
  title: 'Jobs, recordings, notices',
  height: 7,
  panels: [
    {
      kind: 'lines',
      title: 'Jobs, by lane and state',
      good: 'few wait, none is dead.',
      unit: 'none',
      bounds: { above: [100, 1_000] },
      runbook: 'JobsLate',
      width: 6,
      queries: [{ expr: fleetBy('lane, state', 'aida_jobs'), legend: '{{lane}}: {{state}}' }],
    },
    {
      kind: 'lines',
      title: 'How late the oldest job is',
      good: 'below a minute in the lane "soon".',
      unit: 's',
      bounds: { above: [60, 600] },
      runbook: 'JobsLate',
      width: 6,
      queries: [{ expr: fleetBy('lane', 'aida_jobs_oldest_seconds'), legend: '{{lane}}' }],
    },
    {
      kind: 'lines',
      title: 'Jobs begun, per minute, by what came of them',
      good: 'finished; "waits" is tried again, "dead" and "lost" wait for somebody.',
      unit: 'none',
      bounds: { above: [100, 1_000] },
      runbook: 'JobsLate',
      width: 6,
      queries: [
        {
          expr: `${perMinuteBy('kind, result', 'aida_job_runs_total')} > 0 or on () vector(0)`,
          legend: '{{kind}}: {{result}}',
        },
      ],
    },
    {
      kind: 'lines',
      title: 'Recordings lost and notices sent, per hour',
      good: 'no recording is lost; a notice for each message that callers leave.',
      unit: 'none',
      bounds: { above: [1, 10] },
      runbook: 'panels/messages',
      width: 6,
      queries: [
        { expr: `sum by (of) (increase(${of('aida_recordings_lost_total')}[1h]))`, legend: 'lost: {{of}}' },
        { expr: `sum by (by) (increase(${of('aida_notices_sent_total')}[1h]))`, legend: 'notices by {{by}}' },
      ],
    },
    {
      kind: 'lines',
      title: 'Prepared sentences',
      good: 'none is missing: a sentence that is not ready as sound is said by a slower voice.',
      unit: 'none',
      bounds: { above: [1_000, 2_000] },
      runbook: 'panels/messages',
      width: 12,
      stacked: true,
      queries: [{ expr: fleetBy('state', 'aida_prepared_lines'), legend: '{{state}}' }],
    },
    {
      kind: 'rows',
      title: 'What callers asked about, last hour',
      good: 'what the promotion is about is at the top.',
      unit: 'none',
      bounds: { below: [0, 0] },
      runbook: 'panels/calls',
      width: 12,
      sql: `SELECT intent, count(*) AS "calls"
FROM call_log, unnest(intents) AS intent
WHERE started_at > now() - interval '1 hour'
GROUP BY intent ORDER BY 2 DESC, 1 LIMIT 12`,
    },
  ],
};

export const backendRows: readonly RowSpec[] = [redis, postgres, jobs];
