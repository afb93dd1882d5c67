import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Recordings1763830006000 implements MigrationInterface {
  name = 'Recordings1763830006000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE store_settings
        ADD record_calls boolean NOT NULL DEFAULT false,
        ADD recording_days integer NOT NULL DEFAULT 90,
        ADD notice_email text NOT NULL DEFAULT '',
        ADD CONSTRAINT store_settings_recording_check CHECK (recording_days BETWEEN 1 AND 3650)
    `);
    await runner.query(`
      ALTER TABLE voicemail
        ADD location text,
        ADD mailed_at timestamptz,
        ADD hooked_at timestamptz,
        DROP CONSTRAINT voicemail_status_check,
        ADD CONSTRAINT voicemail_status_check CHECK (status IN ('pending', 'new', 'heard', 'lost', 'discarded'))
    `);
    await runner.query(`
      CREATE TABLE call_recording (
        recording_sid text PRIMARY KEY,
        call_sid text NOT NULL,
        duration_s integer NOT NULL DEFAULT 0,
        audio bytea,
        content_type text,
        location text,
        status text NOT NULL DEFAULT 'pending',
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT call_recording_status_check CHECK (status IN ('pending', 'kept', 'lost', 'declined'))
      )
    `);
    await runner.query('CREATE INDEX ON call_recording (call_sid)');
    await runner.query('CREATE INDEX ON call_recording (created_at)');
    await runner.query(`
      CREATE TABLE consent_region (
        prefix text PRIMARY KEY,
        parties text NOT NULL,
        name text NOT NULL DEFAULT '',
        CONSTRAINT consent_region_prefix_check CHECK (prefix ~ '^(\\+[1-9][0-9]{0,14})?$'),
        CONSTRAINT consent_region_parties_check CHECK (parties IN ('one', 'all'))
      )
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE consent_region');
    await runner.query('DROP TABLE call_recording');
    await runner.query(`UPDATE voicemail SET status = 'lost' WHERE status = 'discarded'`);
    await runner.query(`
      ALTER TABLE voicemail
        DROP CONSTRAINT voicemail_status_check,
        ADD CONSTRAINT voicemail_status_check CHECK (status IN ('pending', 'new', 'heard', 'lost')),
        DROP hooked_at,
        DROP mailed_at,
        DROP location
    `);
    await runner.query('ALTER TABLE store_settings DROP notice_email, DROP recording_days, DROP record_calls');
  }
}
