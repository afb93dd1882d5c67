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
    updatedAt: { type: 'timestamptz', default: () => 'now()' },
  },
  indices: [{ columns: ['category'] }],
});

/**
 * SQL of a document's search vector and of the text that trigrams compare, for table alias `d`'s columns without
 * alias. Queries must use exactly these: the migrations index the same expressions.
 */
export const knowledgeVectorSql =
  `(setweight(to_tsvector('english', title || ' ' || question), 'A') || setweight(to_tsvector('english', body), 'B'))`;
export const knowledgeTextSql = `lower(title || ' ' || question)`;
