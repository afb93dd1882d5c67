import type { MigrationInterface, QueryRunner } from 'typeorm';

const views = {
  figures_by_minute: `
    SELECT minute, local_minute, calls, queued, waiting, answered, abandoned, missed, menu, transferred, voicemail,
      callback, resolved, unresolved,
      round(transferred::numeric / nullif(calls, 0), 4)::float8 AS transfer_share,
      round(voicemail::numeric / nullif(calls, 0), 4)::float8 AS voicemail_share,
      cost_micros / 1e6::float8 AS cost_usd,
      silences,
      silence_p50_ms / 1e3::float8 AS silence_p50_seconds,
      silence_p95_ms / 1e3::float8 AS silence_p95_seconds,
      silence_p99_ms / 1e3::float8 AS silence_p99_seconds
    FROM figure_minute`,
  figures_by_day: `
    SELECT sums.*, silent.silences, silent.silence_p50_seconds, silent.silence_p95_seconds, silent.silence_p99_seconds
    FROM (
      SELECT left(local_minute, 10) AS day, min(minute) AS first_minute,
        sum(calls)::int AS calls, sum(queued)::int AS queued, max(waiting) AS waiting_max,
        sum(answered)::int AS answered, sum(abandoned)::int AS abandoned, sum(missed)::int AS missed,
        sum(menu)::int AS menu, sum(transferred)::int AS transferred, sum(voicemail)::int AS voicemail,
        sum(callback)::int AS callback, sum(resolved)::int AS resolved, sum(unresolved)::int AS unresolved,
        round(sum(transferred)::numeric / nullif(sum(calls), 0), 4)::float8 AS transfer_share,
        round(sum(voicemail)::numeric / nullif(sum(calls), 0), 4)::float8 AS voicemail_share,
        (sum(cost_micros) / 1e6)::float8 AS cost_usd
      FROM figure_minute GROUP BY 1
    ) AS sums
    LEFT JOIN LATERAL (
      SELECT count(ms)::int AS silences,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) / 1e3 AS silence_p50_seconds,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY ms) / 1e3 AS silence_p95_seconds,
        percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) / 1e3 AS silence_p99_seconds
      FROM figure_minute JOIN call_figure USING (minute), unnest(silences_ms) AS ms
      WHERE local_minute >= sums.day AND local_minute < sums.day || 'U'
    ) AS silent ON true`,
  figures_intents: topicView('intent', 'intent'),
  figures_products: topicView('product', 'product'),
  figures_promotions: topicView('promotion', 'promotion'),
  figures_transfer_reasons: topicView('reason', 'reason'),
  figures_questions: `
    SELECT call_figure.minute, call_sid, each ->> 'question' AS question
    FROM call_understanding JOIN call_figure USING (call_sid), jsonb_array_elements(questions) AS each`,
};

function topicView(kind: string, column: string): string {
  return `
    SELECT minute, local_minute, topic AS ${column}, topics.calls, topics.answered, topics.transferred,
      topics.voicemail, topics.callback, topics.resolved, topics.cost_micros / 1e6::float8 AS cost_usd
    FROM figure_topic AS topics JOIN figure_minute USING (minute) WHERE kind = '${kind}'`;
}

export class Understanding1763860006000 implements MigrationInterface {
  name = 'Understanding1763860006000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE store_settings ADD redact_address boolean NOT NULL DEFAULT false');
    await runner.query(`
      CREATE TABLE call_understanding (
        call_sid text PRIMARY KEY,
        classifier text NOT NULL,
        input_hash text NOT NULL,
        intents jsonb NOT NULL DEFAULT '[]',
        resolution text NOT NULL,
        summary text NOT NULL DEFAULT '',
        promotion_slug text,
        codes text[] NOT NULL DEFAULT '{}',
        questions jsonb NOT NULL DEFAULT '[]',
        products text[] NOT NULL DEFAULT '{}',
        transfer_reason text,
        reading text NOT NULL DEFAULT 'none',
        CONSTRAINT call_understanding_resolution_check
          CHECK (resolution IN ('resolved', 'unresolved', 'transferred', 'message', 'callback', 'abandoned', 'none')),
        CONSTRAINT call_understanding_reading_check CHECK (reading IN ('none', 'done', 'failed'))
      )
    `);
    await runner.query(`
      CREATE TABLE call_figure (
        call_sid text PRIMARY KEY,
        minute timestamptz NOT NULL,
        wait_from timestamptz,
        wait_until timestamptz,
        used jsonb NOT NULL DEFAULT '{}',
        silences_ms integer[] NOT NULL DEFAULT '{}',
        notes jsonb NOT NULL
      )
    `);
    await runner.query('CREATE INDEX ON call_figure (minute)');
    await runner.query('CREATE INDEX call_figure_wait_idx ON call_figure (wait_from) WHERE wait_from IS NOT NULL');
    await runner.query(`
      CREATE TABLE figure_minute (
        minute timestamptz PRIMARY KEY,
        local_minute text NOT NULL,
        calls integer NOT NULL DEFAULT 0,
        queued integer NOT NULL DEFAULT 0,
        waiting integer NOT NULL DEFAULT 0,
        answered integer NOT NULL DEFAULT 0,
        abandoned integer NOT NULL DEFAULT 0,
        missed integer NOT NULL DEFAULT 0,
        menu integer NOT NULL DEFAULT 0,
        transferred integer NOT NULL DEFAULT 0,
        voicemail integer NOT NULL DEFAULT 0,
        callback integer NOT NULL DEFAULT 0,
        resolved integer NOT NULL DEFAULT 0,
        unresolved integer NOT NULL DEFAULT 0,
        cost_micros bigint NOT NULL DEFAULT 0,
        silences integer NOT NULL DEFAULT 0,
        silence_p50_ms integer,
        silence_p95_ms integer,
        silence_p99_ms integer
      )
    `);
    await runner.query('CREATE INDEX ON figure_minute (local_minute)');
    await runner.query(`
      CREATE TABLE figure_topic (
        minute timestamptz NOT NULL,
        kind text NOT NULL,
        topic text NOT NULL,
        calls integer NOT NULL DEFAULT 0,
        answered integer NOT NULL DEFAULT 0,
        transferred integer NOT NULL DEFAULT 0,
        voicemail integer NOT NULL DEFAULT 0,
        callback integer NOT NULL DEFAULT 0,
        resolved integer NOT NULL DEFAULT 0,
        cost_micros bigint NOT NULL DEFAULT 0,
        PRIMARY KEY (minute, kind, topic),
        CONSTRAINT figure_topic_kind_check CHECK (kind IN ('intent', 'product', 'promotion', 'reason'))
      )
    `);
    await runner.query('CREATE TABLE figure_due (call_sid text PRIMARY KEY, minutes timestamptz[] NOT NULL)');
    for (const [name, query] of Object.entries(views)) await runner.query(`CREATE VIEW ${name} AS ${query}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of Object.keys(views).toReversed()) await runner.query(`DROP VIEW ${name}`);
    for (const name of ['figure_due', 'figure_topic', 'figure_minute', 'call_figure', 'call_understanding'])
      await runner.query(`DROP TABLE ${name}`);
    await runner.query('ALTER TABLE store_settings DROP redact_address');
  }
}
