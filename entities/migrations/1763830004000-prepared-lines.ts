import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PreparedLines1763830004000 implements MigrationInterface {
  name = 'PreparedLines1763830004000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE prepared_line (
        hash text PRIMARY KEY,
        key text NOT NULL,
        language text NOT NULL,
        text text NOT NULL,
        text_hash text NOT NULL,
        voice text NOT NULL,
        version integer NOT NULL,
        ulaw bytea NOT NULL,
        ms integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        wanted_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (key, language, text_hash, voice, version)
      );
      CREATE INDEX ON prepared_line (wanted_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE prepared_line');
  }
}
