import { z } from 'zod';
import { type KnowledgeDocument, KnowledgeDocumentEntity } from '../../../entities/knowledge-document.ts';
import { slugOf } from '../words.ts';
import { block, box, line, slug, whole } from './fields.ts';
import { defineKind } from './kind.ts';

export const documentLimits = {
  titleChars: 120,
  questionChars: 300,
  categoryChars: 60,
  /** Ten thousand lines of text. */
  bodyChars: 800_000,
  /** Read into every node's memory. */
  documents: 2_000,
} as const;

const schema = z
  .object({
    category: line({ max: documentLimits.categoryChars, required: 'In which category does it stand?' }),
    title: line({ max: documentLimits.titleChars, required: 'A document has a title: it is named as the source.' }),
    question: line({ max: documentLimits.questionChars }),
    body: block({ max: documentLimits.bodyChars }),
    slug,
    sortOrder: whole(0, 1_000_000).catch(0),
    isDraft: box,
  })
  .superRefine(({ body, isDraft }, check) => {
    if (body === '' && !isDraft)
      check.addIssue({ code: 'custom', path: ['body'], message: 'What is the answer? Only a draft may be without.' });
  })
  .transform((content) => ({ ...content, slug: content.slug || slugOf(content.title) }));

export type DocumentContent = z.output<typeof schema>;

export const documentKind = defineKind<DocumentContent>({
  name: 'knowledge',
  noun: 'the document',
  lists: [],
  schema,
  labels: {
    category: 'Category',
    title: 'Title',
    question: 'Question',
    body: 'Answer',
    slug: 'Short name',
    sortOrder: 'Position',
    isDraft: 'Draft',
  },
  title: ({ title }) => title,
  async read(manager, key) {
    const row = await manager.getRepository(KnowledgeDocumentEntity).findOneBy({ id: idOf(key) });
    return row && contentOf(row);
  },
  async check(manager, { slug: wanted }, key) {
    const rows = manager.getRepository(KnowledgeDocumentEntity);
    const taken = await rows.findOneBy({ slug: wanted });
    if (wanted === '') return { title: 'The title needs a letter or a digit.' };
    if (taken && String(taken.id) !== key)
      return {
        [key === null ? 'title' : 'slug']: `There is a document “${taken.title}” with the short name ${wanted}.`,
      };
    if (key === null && (await rows.count()) >= documentLimits.documents)
      return { form: `There are ${documentLimits.documents.toLocaleString('en')} documents; more are not read.` };
    return {};
  },
  async write(manager, key, content) {
    const rows = manager.getRepository(KnowledgeDocumentEntity);
    const row = { ...content, updatedAt: new Date() };
    if (key !== null) {
      await rows.update({ id: idOf(key) }, row);
      return key;
    }
    const { identifiers } = await rows.insert(row);
    return String(identifiers[0]?.['id']);
  },
  async remove(manager, key) {
    await manager.getRepository(KnowledgeDocumentEntity).delete({ id: idOf(key) });
  },
});

export function contentOf(row: KnowledgeDocument): DocumentContent {
  const { category, title, question, body, slug: name, sortOrder, isDraft } = row;
  return { category, title, question, body, slug: name, sortOrder, isDraft };
}

/** Keys come from addresses: what is no number is nobody's. */
export function idOf(key: string): number {
  return /^\d{1,9}$/.test(key) ? Number(key) : -1;
}
