import type { MigrationInterface, QueryRunner } from 'typeorm';

export class SharedNumbers1763821000000 implements MigrationInterface {
  name = 'SharedNumbers1763821000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE store_settings ADD shared_numbers text[] NOT NULL DEFAULT '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE store_settings DROP shared_numbers');
  }
}
