import type { MigrationInterface, QueryRunner } from 'typeorm';

export class StaffMembers1763830005000 implements MigrationInterface {
  name = 'StaffMembers1763830005000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE staff_member (
        id serial PRIMARY KEY,
        name text NOT NULL,
        number text NOT NULL UNIQUE,
        sort_order integer NOT NULL DEFAULT 0,
        hours jsonb,
        ring_seconds integer NOT NULL DEFAULT 25,
        is_available boolean NOT NULL DEFAULT true,
        mode text NOT NULL DEFAULT 'warm',
        CONSTRAINT staff_member_check CHECK (
          number ~ '^[+][1-9][0-9]{6,14}$' AND ring_seconds BETWEEN 5 AND 60 AND mode IN ('warm', 'cold')
          AND (hours IS NULL OR jsonb_typeof(hours) = 'array' AND jsonb_array_length(hours) = 7)
        )
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE staff_member');
  }
}
