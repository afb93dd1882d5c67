import type { KnowledgeDocument } from '../../../entities/knowledge-document.ts';
import { documentKind } from '../../services/catalogue/knowledge-kind.ts';
import { hitOf } from '../../services/knowledge.ts';
import { meaningWords } from '../../services/knowledge-ranking.ts';
import { pageLimits, type PageRequest, type PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { page } from '../page.ts';
import { mayAct } from '../roles.ts';
import { areaRoutes, type Area } from './area.ts';
import { documentSections } from './layouts.ts';
import type { CatalogueDeps } from './port.ts';

const HOME = '/admin/knowledge-base';
const DOCUMENT = `${HOME}/document`;
const DOCUMENTS_MAX = 2_000;
const QUESTION_CHARS_MAX = 500;
/** A long document is not shown whole in a list, nor read whole for it. */
const SHOWN_CHARS_MAX = 600;
const LISTED = `SELECT id, category, title, question, left(body, $1) AS body, is_draft AS "isDraft"
  FROM knowledge_document ORDER BY sort_order, id LIMIT $2`;

type ListedDocument = Pick<KnowledgeDocument, 'id' | 'category' | 'title' | 'question' | 'body' | 'isDraft'>;

const documentArea: Area = {
  kind: documentKind,
  path: DOCUMENT,
  home: HOME,
  homeLabel: 'Knowledge base',
  role: 'supervisor',
  hasPreview: true,
  // The longest text, as browsers write it.
  bodyBytesMax: pageLimits.uploadBytesMax,
  deleteQuestion: 'Delete this document? Aida will no longer know of it. It can be brought back.',
  heading: (form, key) => (key === null ? 'New document' : (form.get('title') ?? 'Document')),
  sections: () => Promise.resolve(documentSections),
  fresh({ search }) {
    const form = new URLSearchParams();
    for (const name of ['question', 'title', 'category'])
      form.set(name, (search.get(name) ?? '').slice(0, QUESTION_CHARS_MAX));
    return form;
  },
  beside(_, form) {
    const read = (name: string) => form.get(name) ?? '';
    const text = { title: read('title'), category: read('category'), question: read('question'), body: read('body') };
    const hit = hitOf(text, meaningWords(`${text.question} ${text.title}`));
    return Promise.resolve({ view: 'catalogue/preview', data: { ...text, isDraft: form.has('isDraft'), hit } });
  },
};

export function knowledgeRoutes(deps: CatalogueDeps): PageRoute[] {
  const { dataSource, editor, assistant } = deps;

  async function list(request: PageRequest): Promise<ConsoleResponse> {
    const documents = await dataSource.query<ListedDocument[]>(LISTED, [SHOWN_CHARS_MAX + 1, DOCUMENTS_MAX]);
    const mayEdit = mayAct(request.who.role, documentArea.role);
    const asked = (request.search.get('q') ?? '').slice(0, QUESTION_CHARS_MAX).trim();
    const found = asked === '' || !assistant ? null : await assistant.services.knowledge(asked);
    const drafts = documents.filter(({ isDraft }) => isDraft);
    const data = {
      count: documents.length - drafts.length,
      categories: categoriesOf(documents.filter(({ isDraft }) => !isDraft)),
      drafts: drafts.map(shown),
      deleted: mayEdit ? await deletedOf(request, deps) : [],
      mayEdit,
      canAsk: assistant !== null,
      asked,
      found: found && {
        isFromMemory: found.from === 'memory',
        hits: found.hits.map((hit) => ({ ...hit, path: pathOf(documents, hit.source) })),
      },
    };
    return page(request, 'catalogue/knowledge', data);
  }

  return [
    { method: 'GET', path: HOME, role: 'viewer', handler: list },
    ...areaRoutes(documentArea, { ...deps, editor }),
  ];
}

async function deletedOf({ words }: PageRequest, { editor }: CatalogueDeps) {
  const rows = await editor.deleted(documentKind);
  return rows.map(({ key, title, by, at }) => ({
    title,
    by,
    when: words.when(at),
    path: `${DOCUMENT}/${key}/versions`,
  }));
}

function categoriesOf(documents: readonly ListedDocument[]) {
  return [...Map.groupBy(documents, ({ category }) => category)].map(([name, own], index) => ({
    name,
    anchor: `category-${index + 1}`,
    documents: own.map(shown),
  }));
}

function shown({ id, title, question, body }: ListedDocument) {
  const text = body.length > SHOWN_CHARS_MAX ? `${body.slice(0, SHOWN_CHARS_MAX)} …` : body;
  return { title, question, body: text, path: `${DOCUMENT}/${id}` };
}

function pathOf(documents: readonly ListedDocument[], title: string): string | null {
  const document = documents.find((each) => each.title === title && !each.isDraft);
  return document ? `${DOCUMENT}/${document.id}` : null;
}
