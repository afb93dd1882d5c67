import type { DataSource, EntityManager } from 'typeorm';
import { KnowledgeDocumentEntity } from '../../../entities/knowledge-document.ts';
import type { AuditNote } from '../audit.ts';
import { slugOf } from '../words.ts';
import type { Editor } from './editor.ts';
import { problemsOf } from './fields.ts';
import type { Entry } from './import-file.ts';
import { contentOf, type DocumentContent, documentKind } from './knowledge-kind.ts';
import { changedFields, type Content, hashOf } from './merge.ts';

/** What becomes of one document of a file. */
export interface Step {
  line: number;
  title: string;
  action: 'make' | 'change' | 'same' | 'refuse';
  /** Why not, or which fields change. */
  words: string;
}

export interface Plan {
  steps: Step[];
  counts: Record<Step['action'], number>;
  /** Names it: with another file, or other documents in the database, it is another one. */
  digest: string;
}

interface Planned extends Step {
  key: string | null;
  content: DocumentContent | null;
}

/** What an import would do, line by line; nothing is stored. Documents are the same when their short names are. */
export async function planImport(dataSource: DataSource, entries: readonly Entry[], category: string): Promise<Plan> {
  return planOf(await stepsOf(dataSource.manager, entries, category));
}

/** Does what the plan of this digest says, all of it or nothing; null when the plan is another one by now. */
export async function carryOutImport(
  editor: Editor,
  {
    entries,
    category,
    digest,
    who,
  }: { entries: readonly Entry[]; category: string; digest: string; who: AuditNote['who'] },
): Promise<Plan | null> {
  return editor.together(async (manager) => {
    const steps = await stepsOf(manager, entries, category);
    const plan = planOf(steps);
    if (plan.digest !== digest) return null;
    for (const { action, key, content } of steps)
      if (content && (action === 'make' || action === 'change')) {
        const result = await editor.put(documentKind, key, { ...content }, { who, verb: 'imported', manager });
        if ('problem' in result) throw new Error(`import: ${result.problem}`);
      }
    return plan;
  });
}

async function stepsOf(manager: EntityManager, entries: readonly Entry[], category: string): Promise<Planned[]> {
  const rows = await manager.getRepository(KnowledgeDocumentEntity).find();
  const known = new Map(rows.map((row) => [row.slug, row]));
  const seen = new Map<string, number>();
  return entries.map(({ line, fields }): Planned => {
    const stored = known.get((fields['slug'] ?? '').trim().toLowerCase() || slugOf(fields['title'] ?? ''));
    // What the file does not say stays as it is.
    const kept = stored ? typed(contentOf(stored)) : { category };
    const { category: own, ...others } = fields;
    const read = documentKind.schema.safeParse({ ...kept, ...others, ...(own?.trim() && { category: own }) });
    const title = fields['title']?.trim() || '(no title)';
    if (!read.success) return refused(line, title, Object.values(problemsOf(read.error)).join(' '));
    const content = read.data as DocumentContent;
    const before = seen.get(content.slug);
    if (before !== undefined) return refused(line, title, `It has the short name of line ${before}, ${content.slug}.`);
    if (content.slug === '') return refused(line, title, 'The title needs a letter or a digit.');
    seen.set(content.slug, line);
    if (!stored) return { line, title, action: 'make', words: content.category, key: null, content };
    const changed = changedFields({ ...contentOf(stored) }, { ...content });
    const words = changed.map((field) => documentKind.labels[field] ?? field).join(', ');
    const action = changed.length === 0 ? 'same' : 'change';
    return { line, title, action, words, key: String(stored.id), content };
  });
}

function refused(line: number, title: string, words: string): Planned {
  return { line, title, action: 'refuse', words, key: null, content: null };
}

function typed({ isDraft, sortOrder, ...content }: DocumentContent): Record<string, string> {
  return { ...content, sortOrder: String(sortOrder), isDraft: isDraft ? 'on' : '' };
}

function planOf(steps: readonly Planned[]): Plan {
  const counts = { make: 0, change: 0, same: 0, refuse: 0 };
  for (const { action } of steps) counts[action] += 1;
  const digest = hashOf({ steps: steps.map((step): Content => ({ ...step })) });
  return { steps: steps.map(({ line, title, action, words }) => ({ line, title, action, words })), counts, digest };
}
