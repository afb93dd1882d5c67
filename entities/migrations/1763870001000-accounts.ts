import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Accounts1763870001000 implements MigrationInterface {
  name = 'Accounts1763870001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE account (
        id uuid PRIMARY KEY,
        name text NOT NULL UNIQUE,
        role text NOT NULL,
        password text NOT NULL,
        password_is_temporary boolean NOT NULL DEFAULT false,
        is_active boolean NOT NULL DEFAULT true,
        generation integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        signed_in_at timestamptz,
        CONSTRAINT account_check CHECK (role IN ('viewer', 'supervisor', 'admin') AND name = lower(name))
      )
    `);
    await runner.query(`
      CREATE TABLE audit_entry (
        id serial PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT now(),
        who_id text,
        who_name text NOT NULL,
        action text NOT NULL,
        subject text NOT NULL DEFAULT '',
        detail jsonb NOT NULL DEFAULT '{}'
      )
    `);
    await runner.query('CREATE INDEX ON audit_entry (at)');
    await runner.query('CREATE INDEX ON audit_entry (who_name, id)');
    await runner.query('CREATE INDEX ON audit_entry (action, id)');
    await runner.query('CREATE INDEX ON audit_entry (subject, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_entry');
    await runner.query('DROP TABLE account');
  }
}
