import { type DataSource, type EntityManager, QueryFailedError } from 'typeorm';
import { CatalogueRevisionEntity, type CatalogueRevision } from '../../../entities/catalogue-revision.ts';
import type { Audit, AuditNote } from '../audit.ts';
import { problemsOf } from './fields.ts';
import { formOf, type Problems, readForm } from './form.ts';
import type { Kind } from './kind.ts';
import { canonical, changedFields, type Content, hashOf, merge } from './merge.ts';
import { contentOf, deletedOf, record, revisions } from './revisions.ts';

/** On one page: each may be as large as a document. */
export const versionsMax = 20;
/** Two who save the same thing at once: one of them begins anew. */
const TRIES_MAX = 10;
const UNIQUE_VIOLATION = '23505';
const SERIALIZATION_FAILURE = '40001';
/** A text whose words do not fit an index of the database. */
const PROGRAM_LIMIT = '54000';
const REVISION_KEY = 'catalogue_revision_pkey';

export interface Loaded {
  content: Content;
  /** Names what was loaded; goes with the form, so that a change meanwhile is seen. */
  base: string;
}

export interface Ask {
  /** Null: a new one. */
  key: string | null;
  /** Of what the form was filled with; '' for a new one. */
  base: string;
  form: URLSearchParams;
  who: AuditNote['who'];
}

export type Saved =
  /** `taken`: fields that others had changed meanwhile, and that are as they made them. */
  | { result: 'saved'; key: string; title: string; changed: string[]; taken: string[] }
  | { result: 'refused'; problems: Problems; form: URLSearchParams }
  | Clash
  /** Somebody deleted it meanwhile. */
  | { result: 'gone'; form: URLSearchParams };

/** Others changed the same fields meanwhile: nothing was stored. */
export interface Clash {
  result: 'clash';
  form: URLSearchParams;
  /** Of what is stored now: with it, what is in the form is stored over it. */
  base: string;
  by: string;
  fields: { field: string; label: string; theirs: string; mine: string }[];
}

export type Version = Pick<CatalogueRevision, 'version' | 'by' | 'at'> & {
  /** Null: it was deleted then. */
  content: Content | null;
  /** Labels of what was changed with it. */
  changed: string[];
  isCurrent: boolean;
};

export interface Editor {
  load(kind: Kind, key: string): Promise<Loaded | null>;
  save(kind: Kind, ask: Ask): Promise<Saved>;
  /** Stores a content as it is; a sentence when it does not hold any more. */
  put(kind: Kind, key: string | null, content: Content, act: Act): Promise<{ key: string } | { problem: string }>;
  remove(kind: Kind, key: string, who: AuditNote['who']): Promise<{ title: string } | null>;
  /** Newest first, `versionsMax` at most; `before`: older ones than this. */
  versions(kind: Kind, key: string, before?: number): Promise<Version[]>;
  restore(
    kind: Kind,
    key: string,
    version: number,
    who: AuditNote['who'],
  ): Promise<{ key: string } | { problem: string }>;
  /** What was deleted last and is not there again. */
  deleted(kind: Kind): Promise<{ key: string; title: string; by: string; at: Date }[]>;
  /** Several changes that are stored together or not at all. */
  together<T>(work: (manager: EntityManager) => Promise<T>): Promise<T>;
}

export interface Act {
  who: AuditNote['who'];
  /** What the audit log says was done: `changed`. */
  verb?: string;
  manager?: EntityManager;
}

export interface EditorDeps {
  dataSource: DataSource;
  audit: Pick<Audit, 'note'>;
  /** Tells every node that the store's data changed. */
  announce(): Promise<void>;
}

const subjectOf = ({ name }: Kind, key: string): string => `${name}:${key}`;

/** Changes what a store decides: checked, never over somebody else's change unseen, kept in versions, audited. */
export function createEditor({ dataSource, audit, announce }: EditorDeps): Editor {
  async function together<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        // What it reads does not change while it works: who was overtaken finds its revision taken, or its row changed.
        const done = await dataSource.transaction('REPEATABLE READ', work);
        await announce();
        return done;
      } catch (error) {
        if (tries >= TRIES_MAX || !isOvertaken(error)) throw error;
      }
    }
  }

  async function store(
    manager: EntityManager,
    kind: Kind,
    change: { key: string | null; before: Content | null; content: Content; who: AuditNote['who']; verb?: string },
  ): Promise<string> {
    const { before, content, who } = change;
    const key = await kind.write(manager, change.key, content);
    await record(manager, subjectOf(kind, key), { before, content, who });
    const verb = change.verb ?? (change.key === null ? 'made' : 'changed');
    const fields = before ? changedFields(before, content) : Object.keys(content);
    await note(manager, { who, action: `${kind.name}.${verb}`, subject: kind.title(content), detail: { key, fields } });
    return key;
  }

  const note = (manager: EntityManager, entry: AuditNote) => audit.note(entry, manager);

  /** Null: stored already. */
  async function refusalOf(manager: EntityManager, kind: Kind, content: Content, key: string | null) {
    const problems = (await kind.check?.(manager, content, key)) ?? {};
    return Object.keys(problems).length > 0 ? problems : null;
  }

  return {
    together,

    async load(kind, key) {
      const content = await kind.read(dataSource.manager, key);
      return content && { content, base: hashOf(content) };
    },

    async save(kind, { key, base, form: typed, who }) {
      const { raw, form } = readForm(typed, kind.lists);
      const read = kind.schema.safeParse(raw);
      if (!read.success) return { result: 'refused', problems: problemsOf(read.error), form };
      const mine = read.data;
      try {
        return await together(async (manager): Promise<Saved> => {
          const before = key === null ? null : await kind.read(manager, key);
          if (key !== null && !before) return { result: 'gone', form };
          const merged =
            before && hashOf(before) !== base ? await join(manager, kind, { key, base, before, mine }) : null;
          if (before && merged && merged.clashes.length > 0)
            return await clashOf(manager, kind, { key: key ?? '', before, mine, merged });
          const content = merged?.content ?? mine;
          const problems = await refusalOf(manager, kind, content, key);
          if (problems) return { result: 'refused', problems, form };
          const changed = before ? changedFields(before, content) : Object.keys(content);
          const taken = labelled(kind, merged?.taken ?? []);
          const title = kind.title(content);
          if (key !== null && changed.length === 0) return { result: 'saved', key, title, changed, taken };
          const stored = await store(manager, kind, { key, before, content, who });
          return { result: 'saved', key: stored, title, changed: labelled(kind, changed), taken };
        });
      } catch (error) {
        const problems = databaseProblem(error);
        if (!problems) throw error;
        return { result: 'refused', problems, form };
      }
    },

    async put(kind, key, content, { who, verb, manager }) {
      const work = async (within: EntityManager) => {
        const before = key === null ? null : await kind.read(within, key);
        const problems = await refusalOf(within, kind, content, before ? key : null);
        if (problems) return { problem: Object.values(problems).join(' ') };
        return {
          key: await store(within, kind, {
            key: before ? key : null,
            before,
            content,
            who,
            ...(verb !== undefined && { verb }),
          }),
        };
      };
      return manager ? work(manager) : together(work);
    },

    remove: (kind, key, who) =>
      together(async (manager) => {
        const before = await kind.read(manager, key);
        if (!before || !kind.remove) return null;
        await kind.remove(manager, key);
        await record(manager, subjectOf(kind, key), { before, content: null, who });
        const title = kind.title(before);
        await note(manager, { who, action: `${kind.name}.deleted`, subject: title, detail: { key } });
        return { title };
      }),

    async versions(kind, key, before) {
      const current = await kind.read(dataSource.manager, key);
      // One more, for what the last of them changed.
      const asked = { before, take: versionsMax + 1 };
      const rows = await revisions(dataSource.manager, subjectOf(kind, key), asked);
      const shown = rows.slice(0, versionsMax).map((row, index): Version => {
        const { version, by, at } = row;
        const content = contentOf(row);
        const before = contentOf(rows[index + 1]);
        const changed = content && before ? labelled(kind, changedFields(before, content)) : [];
        return { version, by, at, content, changed, isCurrent: false };
      });
      const now = shown.find(({ content }) => content && current && canonical(content) === canonical(current));
      if (now) now.isCurrent = true;
      return shown;
    },

    async restore(kind, key, version, who) {
      const [row] = await dataSource.manager
        .getRepository(CatalogueRevisionEntity)
        .findBy({ subject: subjectOf(kind, key), version });
      if (!row?.content) return { problem: 'There is no such version.' };
      // What may be written has perhaps changed since.
      const read = kind.schema.safeParse(readForm(formOf({ ...row.content }), kind.lists).raw);
      if (!read.success) return { problem: Object.values(problemsOf(read.error)).join(' ') };
      return this.put(kind, key, read.data, { who, verb: 'restored' });
    },

    async deleted(kind) {
      const rows = await deletedOf(dataSource.manager, kind.name);
      return rows.map(({ key, content, by, at }) => ({ key, title: kind.title(content), by, at }));
    },
  };
}

async function join(
  manager: EntityManager,
  kind: Kind,
  { key, base, before, mine }: { key: string | null; base: string; before: Content; mine: Content },
) {
  const row = await manager
    .getRepository(CatalogueRevisionEntity)
    .findOne({ where: { subject: subjectOf(kind, key ?? ''), hash: base }, order: { version: 'DESC' } });
  return merge(contentOf(row), before, mine);
}

async function clashOf(
  manager: EntityManager,
  kind: Kind,
  { key, before, mine, merged }: { key: string; before: Content; mine: Content; merged: ReturnType<typeof merge> },
): Promise<Clash> {
  const [last] = await revisions(manager, subjectOf(kind, key), { take: 1 });
  return {
    result: 'clash',
    form: formOf(merged.content),
    base: hashOf(before),
    by: last?.by ?? '',
    fields: merged.clashes.map((field) => ({
      field,
      label: kind.labels[field] ?? field,
      theirs: inWords(before[field]),
      mine: inWords(mine[field]),
    })),
  };
}

function labelled(kind: Kind, fields: readonly string[]): string[] {
  return fields.map((field) => kind.labels[field] ?? field);
}

/** A field's content as people read it. */
export function inWords(value: unknown): string {
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (value === null || value === undefined || value === '') return '–';
  if (Array.isArray(value)) return value.length === 0 ? '–' : value.map(inWords).join('\n');
  if (typeof value !== 'object') return String(value);
  const parts = Object.entries(value).filter(([, each]) => each !== false && each !== '' && each !== null);
  return parts.map(([name, each]) => (each === true ? name : `${name} ${inWords(each)}`)).join(', ');
}

function causeOf(error: unknown): { code?: unknown; constraint?: unknown } {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : null;
  return cause ?? {};
}

function constraintOf(error: unknown): string | null {
  const { code, constraint } = causeOf(error);
  return code === UNIQUE_VIOLATION ? String(constraint) : null;
}

const isOvertaken = (error: unknown): boolean =>
  causeOf(error).code === SERIALIZATION_FAILURE || constraintOf(error) === REVISION_KEY;

/** What two who save at once meet although both were checked, and what only the database knows. */
function databaseProblem(error: unknown): Problems | null {
  const constraint = constraintOf(error);
  if (constraint !== null) {
    const field = /_(slug|number|name)_key$/.exec(constraint)?.[1];
    return { [field ?? 'form']: 'This is taken already.' };
  }
  if (causeOf(error).code !== PROGRAM_LIMIT) return null;
  return { body: 'The text has more different words than can be searched. Make several documents of it.' };
}
