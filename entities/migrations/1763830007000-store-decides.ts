import type { MigrationInterface, QueryRunner } from 'typeorm';

export class StoreDecides1763830007000 implements MigrationInterface {
  name = 'StoreDecides1763830007000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE store_settings
        ADD languages text[] NOT NULL DEFAULT '{en}',
        ADD closed_behaviour text NOT NULL DEFAULT 'assistant',
        ADD closed_line jsonb NOT NULL DEFAULT '{}',
        ADD max_call_minutes integer NOT NULL DEFAULT 30,
        ADD CONSTRAINT store_settings_closed_check CHECK (closed_behaviour IN ('assistant', 'announce', 'voicemail')),
        ADD CONSTRAINT store_settings_length_check CHECK (max_call_minutes BETWEEN 2 AND 240)
    `);
    await runner.query(`ALTER TABLE store_hours_exception ADD closed_line jsonb NOT NULL DEFAULT '{}'`);
    await runner.query('ALTER TABLE call_log ADD promotion_slug text');
    await runner.query(
      'CREATE INDEX call_log_promotion_idx ON call_log (promotion_slug, started_at) WHERE promotion_slug IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX call_log_promotion_idx');
    await runner.query('ALTER TABLE call_log DROP promotion_slug');
    await runner.query('ALTER TABLE store_hours_exception DROP closed_line');
    await runner.query(`
      ALTER TABLE store_settings
        DROP max_call_minutes,
        DROP closed_line,
        DROP closed_behaviour,
        DROP languages
    `);
  }
}
