import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where a supervisor takes calls over. */
export class AccountPhones1763870003000 implements MigrationInterface {
  name = 'AccountPhones1763870003000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "account" ADD COLUMN IF NOT EXISTS "phone" text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "account" DROP COLUMN "phone"`);
  }
}
