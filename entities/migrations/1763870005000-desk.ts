import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Desk1763870005000 implements MigrationInterface {
  name = 'Desk1763870005000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE voicemail
        ADD assignee text NOT NULL DEFAULT '',
        ADD note text NOT NULL DEFAULT '',
        ADD done_at timestamptz,
        ADD done_by text NOT NULL DEFAULT '',
        ADD version integer NOT NULL DEFAULT 1;
      CREATE INDEX voicemail_open_idx ON voicemail (created_at) WHERE done_at IS NULL AND status <> 'discarded';

      ALTER TABLE callback_request
        ADD is_wished boolean NOT NULL DEFAULT false,
        ADD assignee text NOT NULL DEFAULT '',
        ADD calling_since timestamptz,
        ADD note text NOT NULL DEFAULT '',
        ADD done_at timestamptz,
        ADD done_by text NOT NULL DEFAULT '',
        ADD version integer NOT NULL DEFAULT 1,
        DROP CONSTRAINT callback_request_status_check,
        ADD CONSTRAINT callback_request_status_check
          CHECK (status IN ('open', 'dialing', 'calling', 'answered', 'unanswered', 'done'));

      ALTER TABLE promotion
        ADD version integer NOT NULL DEFAULT 1,
        ADD changed_by text NOT NULL DEFAULT '',
        ADD changed_at timestamptz;

      CREATE INDEX call_understanding_questions_idx ON call_understanding (call_sid) WHERE questions <> '[]'::jsonb;
      CREATE TABLE question_note (
        question_hash text PRIMARY KEY,
        state text NOT NULL CONSTRAINT question_note_state_check CHECK (state IN ('drafted', 'dismissed')),
        document_key text,
        by text NOT NULL,
        at timestamptz NOT NULL DEFAULT now()
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE question_note;
      DROP INDEX call_understanding_questions_idx;
      ALTER TABLE promotion DROP version, DROP changed_by, DROP changed_at;
      UPDATE callback_request SET status = CASE status WHEN 'calling' THEN 'open' ELSE 'answered' END
        WHERE status IN ('calling', 'done');
      ALTER TABLE callback_request
        DROP is_wished, DROP assignee, DROP calling_since, DROP note, DROP done_at, DROP done_by, DROP version,
        DROP CONSTRAINT callback_request_status_check,
        ADD CONSTRAINT callback_request_status_check CHECK (status IN ('open', 'dialing', 'answered', 'unanswered'));
      DROP INDEX voicemail_open_idx;
      ALTER TABLE voicemail DROP assignee, DROP note, DROP done_at, DROP done_by, DROP version;
    `);
  }
}
