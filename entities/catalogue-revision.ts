import { EntitySchema } from 'typeorm';

/** What something that a store decides was at one time: a document, an item of the menu, the week's hours. */
export interface CatalogueRevision {
  /** Its kind and key: `document:12`, `week:`. */
  subject: string;
  /** From 1, rising. */
  version: number;
  /** Null: deleted. */
  content: object | null;
  /** SHA-256 of the content, hexadecimal; '' where it was deleted. */
  hash: string;
  /** Who made it so, '' for what was written past the console. */
  by: string;
  at: Date;
}

export const CatalogueRevisionEntity = new EntitySchema<CatalogueRevision>({
  name: 'CatalogueRevision',
  columns: {
    subject: { type: 'text', primary: true },
    version: { type: 'integer', primary: true },
    content: { type: 'jsonb', nullable: true },
    hash: { type: 'text' },
    by: { type: 'text', default: '' },
    at: { type: 'timestamptz', default: () => 'now()' },
  },
  indices: [{ name: 'catalogue_revision_deleted_idx', columns: ['at'], where: 'content IS NULL' }],
});
