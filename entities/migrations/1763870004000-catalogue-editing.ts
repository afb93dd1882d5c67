import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CatalogueEditing1763870004000 implements MigrationInterface {
  name = 'CatalogueEditing1763870004000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE catalogue_revision (
        subject text NOT NULL,
        version integer NOT NULL,
        content jsonb,
        hash text NOT NULL,
        by text NOT NULL DEFAULT '',
        at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (subject, version)
      )
    `);
    await runner.query('CREATE INDEX catalogue_revision_deleted_idx ON catalogue_revision (at) WHERE content IS NULL');
    await runner.query('ALTER TABLE knowledge_document ADD is_draft boolean NOT NULL DEFAULT false');
    for (const table of ['menu_item', 'product_size', 'product_modifier'])
      await runner.query(`ALTER TABLE ${table} ADD sold_out boolean NOT NULL DEFAULT false`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['product_modifier', 'product_size', 'menu_item'])
      await runner.query(`ALTER TABLE ${table} DROP sold_out`);
    await runner.query('ALTER TABLE knowledge_document DROP is_draft');
    await runner.query('DROP TABLE catalogue_revision');
  }
}
