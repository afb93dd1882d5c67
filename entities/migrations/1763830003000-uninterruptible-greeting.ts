import type { MigrationInterface, QueryRunner } from 'typeorm';

export class UninterruptibleGreeting1763830003000 implements MigrationInterface {
  name = 'UninterruptibleGreeting1763830003000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE store_settings ADD greeting_uninterruptible boolean NOT NULL DEFAULT false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE store_settings DROP greeting_uninterruptible');
  }
}
