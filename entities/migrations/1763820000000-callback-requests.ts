import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CallbackRequests1763820000000 implements MigrationInterface {
  name = 'CallbackRequests1763820000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE callback_request (
        call_sid text PRIMARY KEY,
        number text NOT NULL,
        called_number text NOT NULL,
        reason text NOT NULL DEFAULT '',
        window_start timestamptz NOT NULL,
        window_end timestamptz NOT NULL,
        status text NOT NULL DEFAULT 'open' CONSTRAINT callback_request_status_check
          CHECK (status IN ('open', 'dialing', 'answered', 'unanswered')),
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL,
        last_attempt_at timestamptz,
        last_call_sid text,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX ON callback_request (status, next_attempt_at);
      CREATE INDEX ON callback_request (last_call_sid);
      CREATE INDEX ON callback_request (last_attempt_at);

      ALTER TABLE store_settings
        ADD callback_offered boolean NOT NULL DEFAULT false,
        ADD callback_minutes integer NOT NULL DEFAULT 120,
        ADD callback_open_time text NOT NULL DEFAULT '09:00',
        ADD callback_close_time text NOT NULL DEFAULT '18:00',
        ADD callback_dialler boolean NOT NULL DEFAULT false,
        ADD callback_calls_per_minute integer NOT NULL DEFAULT 6,
        ADD callback_attempts_max integer NOT NULL DEFAULT 3,
        ADD CONSTRAINT store_settings_callback_check CHECK (
          callback_minutes > 0 AND callback_calls_per_minute > 0 AND callback_attempts_max > 0
          AND callback_open_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'
          AND callback_close_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'
          AND callback_open_time < callback_close_time
        );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE store_settings
        DROP callback_offered, DROP callback_minutes, DROP callback_open_time, DROP callback_close_time,
        DROP callback_dialler, DROP callback_calls_per_minute, DROP callback_attempts_max;
      DROP TABLE callback_request;
    `);
  }
}
