import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Privacy1763860007000 implements MigrationInterface {
  name = 'Privacy1763860007000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE store_settings
        ADD transcript_days integer NOT NULL DEFAULT 365,
        ADD call_days integer NOT NULL DEFAULT 730,
        ADD CONSTRAINT store_settings_retention_check
          CHECK (transcript_days BETWEEN 1 AND call_days AND call_days <= 3650)
    `);
    await runner.query('CREATE INDEX ON turn (at)');
    await runner.query('CREATE INDEX ON tool_execution (started_at)');
    await runner.query('CREATE INDEX ON callback_request (created_at)');
    await runner.query('CREATE INDEX ON callback_request (number)');
    await runner.query('CREATE INDEX ON voicemail (from_number)');
    await runner.query('CREATE INDEX ON call_log (from_number)');
    await runner.query('CREATE INDEX call_log_transcript_idx ON call_log (started_at) WHERE transcript IS NOT NULL');
    await runner.query(`
      CREATE TABLE erasure (
        id text PRIMARY KEY,
        number_hash text NOT NULL UNIQUE,
        key_id text NOT NULL,
        until timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )
    `);
    await runner.query(`
      CREATE TABLE erased_call (
        call_sid text PRIMARY KEY,
        erasure_id text NOT NULL,
        status text NOT NULL DEFAULT 'open',
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT erased_call_status_check CHECK (status IN ('open', 'done'))
      )
    `);
    await runner.query('CREATE INDEX ON erased_call (erasure_id)');
    await runner.query(`CREATE INDEX erased_call_open_idx ON erased_call (created_at) WHERE status = 'open'`);
    await runner.query(`
      CREATE TABLE privacy_record (
        id uuid PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT now(),
        act text NOT NULL,
        subject text,
        by text NOT NULL DEFAULT '',
        reason text NOT NULL DEFAULT '',
        counts jsonb NOT NULL DEFAULT '{}',
        CONSTRAINT privacy_record_act_check CHECK (act IN ('export', 'erase', 'retain'))
      )
    `);
    await runner.query('CREATE INDEX ON privacy_record (at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE privacy_record');
    await runner.query('DROP TABLE erased_call');
    await runner.query('DROP TABLE erasure');
    await runner.query('DROP INDEX call_log_transcript_idx');
    await runner.query('DROP INDEX call_log_from_number_idx');
    await runner.query('DROP INDEX voicemail_from_number_idx');
    await runner.query('DROP INDEX callback_request_number_idx');
    await runner.query('DROP INDEX callback_request_created_at_idx');
    await runner.query('DROP INDEX tool_execution_started_at_idx');
    await runner.query('DROP INDEX turn_at_idx');
    await runner.query('ALTER TABLE store_settings DROP call_days, DROP transcript_days');
  }
}
