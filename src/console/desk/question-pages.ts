import type { DocumentContent } from '../../services/catalogue/knowledge-kind.ts';
import { documentKind, documentLimits } from '../../services/catalogue/knowledge-kind.ts';
import { type AskedQuestion, openQuestionLimits } from '../../services/open-questions.ts';
import { slugOf } from '../../services/words.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { page, saved } from '../page.ts';
import { nothingHere } from '../refusal.ts';
import type { DeskParts } from './parts.ts';
import { mayWork, oneOf } from './shown.ts';

const LIST = '/admin/questions';
/** Drafts of a caller's question stand here until somebody gives them a better place. */
const CATEGORY = 'Questions of callers';
const DOCUMENTS = '/admin/knowledge-base/document';
const HASH = /^[0-9a-f]{64}$/;
const SLUG_TRIES_MAX = 5;
const CONFLICT = 409;

type Parts = Pick<DeskParts, 'questions' | 'editor'>;

export function questionRoutes({ questions, editor }: Parts): PageRoute[] {
  function questionView({ words }: PageRequest, asked: AskedQuestion) {
    const { lastAt, note, callSids } = asked;
    return {
      ...asked,
      href: `${LIST}/${asked.hash}`,
      last: words.when(lastAt),
      lastIso: words.iso(lastAt),
      calls: callSids.map((callSid) => `/admin/calls/${encodeURIComponent(callSid)}`),
      note: note && {
        ...note,
        at: words.when(note.at),
        iso: words.iso(note.at),
        document: note.documentKey === null ? null : `${DOCUMENTS}/${encodeURIComponent(note.documentKey)}`,
      },
    };
  }

  async function list(request: PageRequest, problem = '', status = 200): Promise<ConsoleResponse> {
    const view = oneOf(request.search.get('view'), ['open', 'settled']);
    const found = await questions.list(view);
    return page(
      request,
      'desk/questions',
      {
        view,
        problem,
        days: openQuestionLimits.days,
        questions: found.map((asked) => questionView(request, asked)),
        mayWork: mayWork(request),
      },
      status,
    );
  }

  const find = async ({ params: { hash = '' } }: PageRequest): Promise<AskedQuestion | null> =>
    HASH.test(hash) ? questions.question(hash) : null;

  /** A document that is not quoted yet, with the question as it was asked; its answer is for a person to write. */
  async function draft(request: PageRequest): Promise<ConsoleResponse> {
    const asked = await find(request);
    if (!asked) return nothingHere(request);
    const { who } = request;
    let problem = '';
    for (let tries = 1; tries <= SLUG_TRIES_MAX; tries += 1) {
      const made = await editor.put(documentKind, null, contentFor(asked, tries), { who, verb: 'drafted' });
      if ('key' in made) {
        await questions.settle(asked.hash, who, { state: 'drafted', documentKey: made.key });
        return saved(`${DOCUMENTS}/${made.key}`, 'A draft is made. Write the answer, then take the mark “Draft” off.');
      }
      ({ problem } = made);
    }
    return list(request, problem, CONFLICT);
  }

  async function dismiss(request: PageRequest): Promise<ConsoleResponse> {
    const asked = await find(request);
    if (!asked) return nothingHere(request);
    await questions.settle(asked.hash, request.who, { state: 'dismissed', documentKey: null });
    return saved(LIST, 'It is off the list until somebody asks it again.');
  }

  async function reopen(request: PageRequest): Promise<ConsoleResponse> {
    const { hash = '' } = request.params;
    if (!HASH.test(hash)) return nothingHere(request);
    await questions.reopen(hash, request.who);
    return saved(LIST, 'It is on the list again.');
  }

  const post = (path: string, handler: PageRoute['handler']): PageRoute => ({
    method: 'POST',
    path: `${LIST}/:hash/${path}`,
    role: 'supervisor',
    handler,
  });
  return [
    { method: 'GET', path: LIST, role: 'viewer', handler: (request) => list(request) },
    post('draft', draft),
    post('dismiss', dismiss),
    post('reopen', reopen),
  ];
}

function contentFor({ question }: AskedQuestion, tries: number): DocumentContent {
  const { titleChars, questionChars } = documentLimits;
  const title = question.slice(0, titleChars).trim();
  const slug = slugOf(title) || 'question';
  return {
    category: CATEGORY,
    title,
    question: question.slice(0, questionChars).trim(),
    body: '',
    slug: tries === 1 ? slug : `${slug}-${tries}`,
    sortOrder: 0,
    isDraft: true,
  };
}
