import { EntitySchema } from 'typeorm';

/** One answer that the assistant may quote. */
export interface KnowledgeDocument {
  id: number;
  slug: string;
  category: string;
  /** Named as the source of an answer. */
  title: string;
  /** As a caller would ask it. */
  question: string;
  body: string;
  sortOrder: number;
  /** Not quoted yet. */
  isDraft: boolean;
  updatedAt: Date;
}

export const KnowledgeDocumentEntity = new EntitySchema<KnowledgeDocument>({
  name: 'KnowledgeDocument',
  columns: {
    id: { type: 'integer', primary: true, generated: 'increment' },
    slug: { type: 'text', unique: true },
    category: { type: 'text' },
    title: { type: 'text' },
    question: { type: 'text', default: '' },
    body: { type: 'text' },
    sortOrder: { type: 'integer', default: 0 },
    isDraft: { type: 'boolean', default: false },
    updatedAt: { type: 'timestamptz', default: () => 'now()' },
  },
  indices: [{ columns: ['category'] }],
});

/** SQL of a document's search vector. Queries must use exactly this: the migrations index the same expression. */
export const knowledgeVectorSql = `(setweight(to_tsvector('english', title || ' ' || question), 'A') || setweight(to_tsvector('english', body), 'B'))`;

/** SQL of the text that trigrams compare. Not indexed: it is asked once full-text search found nothing, on few rows. */
export const knowledgeTextSql = `lower(title || ' ' || question)`;
