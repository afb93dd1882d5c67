import type { DataSource } from 'typeorm';
import { inWords, type Saved, type Version, versionsMax } from '../../services/catalogue/editor.ts';
import { formOf, type Problems, readForm } from '../../services/catalogue/form.ts';
import type { Kind } from '../../services/catalogue/kind.ts';
import type { Role } from '../guard.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { page, saved } from '../page.ts';
import { nothingHere } from '../refusal.ts';
import { filled, problemList, type SectionSpec } from './form-view.ts';
import type { CatalogueDeps } from './port.ts';

/** The pages of one kind: a form, its versions, and, where there may be many of it, a new one and the end of one. */
export interface Area {
  kind: Kind;
  /** `/admin/menu/item`; forms stand below it, or at it where there is one of the kind. */
  path: string;
  /** Where its list is, and where saving leads. */
  home: string;
  homeLabel: string;
  /** The least that may change it. */
  role: Role;
  isSingle?: boolean;
  heading(form: URLSearchParams, key: string | null): string;
  intro?: string;
  sections(dataSource: DataSource, form: URLSearchParams): Promise<SectionSpec[]>;
  /** What a new one begins with. */
  fresh?(request: PageRequest): URLSearchParams;
  /** What is shown below the form: its name below `views/`, and what it sees. */
  beside?(request: PageRequest, form: URLSearchParams): Promise<{ view: string; data: Record<string, unknown> }>;
  /** Of its form; default as other pages. */
  bodyBytesMax?: number;
  /** Offers to look at it before saving. */
  hasPreview?: boolean;
  /** Asked before it is deleted; absent: it cannot be. */
  deleteQuestion?: string;
  /** A sentence that stops a deletion. */
  holds?(dataSource: DataSource, key: string): Promise<string | null>;
}

const UNPROCESSABLE = 422;
const CONFLICT = 409;
const MORE = 'more-';
const VERSION = /^\d{1,9}$/;
/** Of one field of an old version. */
const SHOWN_CHARS_MAX = 10_000;

interface Shown {
  key: string | null;
  base: string;
  form: URLSearchParams;
  problems?: Problems;
  clash?: Extract<Saved, { result: 'clash' }>;
  isGone?: boolean;
  more?: string;
  isPreview?: boolean;
  notice?: string;
}

export function areaRoutes(area: Area, deps: CatalogueDeps): PageRoute[] {
  const { kind, path, role } = area;
  const one = area.isSingle ? path : `${path}/:key`;
  const keyOf = ({ params }: PageRequest) => params['key'] ?? '';
  const pages = areaPages(area, deps);
  const size = area.bodyBytesMax === undefined ? {} : { bodyBytesMax: area.bodyBytesMax };
  const routes: PageRoute[] = [
    { method: 'GET', path: one, role, handler: (request) => pages.edit(request, keyOf(request)) },
    { method: 'POST', path: one, role, ...size, handler: (request) => pages.save(request, keyOf(request)) },
    { method: 'GET', path: `${one}/versions`, role, handler: (request) => pages.versions(request, keyOf(request)) },
    { method: 'POST', path: `${one}/versions`, role, handler: (request) => pages.restore(request, keyOf(request)) },
  ];
  if (!area.isSingle) {
    routes.push(
      { method: 'GET', path: `${path}/new`, role, handler: pages.begin },
      { method: 'POST', path: `${path}/new`, role, ...size, handler: (request) => pages.save(request, null) },
    );
  }
  if (kind.remove && area.deleteQuestion !== undefined)
    routes.push({
      method: 'POST',
      path: `${one}/delete`,
      role,
      handler: (request) => pages.remove(request, keyOf(request)),
    });
  return routes;
}

function areaPages(area: Area, { dataSource, editor }: CatalogueDeps) {
  const { kind } = area;
  const placeOf = (key: string | null) => (area.isSingle ? area.path : `${area.path}/${key ?? 'new'}`);

  async function show(request: PageRequest, shown: Shown, status = 200): Promise<ConsoleResponse> {
    const { key, base, form, problems = {}, clash, more } = shown;
    const sections = await area.sections(dataSource, form);
    const beside = shown.isPreview || !area.hasPreview ? await area.beside?.(request, form) : undefined;
    const data = {
      heading: area.heading(form, key),
      intro: area.intro,
      noun: kind.noun,
      action: placeOf(key),
      base,
      home: area.home,
      homeLabel: area.homeLabel,
      isNew: key === null,
      isSingle: area.isSingle ?? false,
      hasPreview: area.hasPreview ?? false,
      sections: filled(sections, form, problems, more),
      wrong: problemList(problems, sections),
      clash,
      isGone: shown.isGone ?? false,
      notice: shown.notice,
      beside,
      deleteQuestion: key === null ? undefined : area.deleteQuestion,
    };
    return page(request, 'catalogue/form', data, status);
  }

  return {
    async edit(request: PageRequest, key: string): Promise<ConsoleResponse> {
      const loaded = await editor.load(kind, key);
      if (!loaded) return nothingHere(request);
      return show(request, { key, base: loaded.base, form: formOf(loaded.content) });
    },

    begin: (request: PageRequest): Promise<ConsoleResponse> =>
      show(request, { key: null, base: '', form: area.fresh?.(request) ?? new URLSearchParams() }),

    async save(request: PageRequest, key: string | null): Promise<ConsoleResponse> {
      const { form: typed, who } = request;
      const base = typed.get('base') ?? '';
      const act = typed.get('act') ?? '';
      typed.delete('base');
      typed.delete('act');
      const { form } = readForm(typed, kind.lists);
      if (act.startsWith(MORE)) return show(request, { key, base, form, more: act.slice(MORE.length) });
      if (act === 'preview') return show(request, { key, base, form, isPreview: true });
      const result = await editor.save(kind, { key, base, form: typed, who });
      if (result.result === 'saved') return saved(area.home, savedSentence(result, area.isSingle ? kind.noun : null));
      const asTyped = { key, base, form: result.form };
      if (result.result === 'refused') return show(request, { ...asTyped, problems: result.problems }, UNPROCESSABLE);
      if (result.result === 'gone') return show(request, { ...asTyped, key: null, base: '', isGone: true }, CONFLICT);
      return show(request, { ...asTyped, base: result.base, clash: result }, CONFLICT);
    },

    async remove(request: PageRequest, key: string): Promise<ConsoleResponse> {
      const reason = await area.holds?.(dataSource, key);
      if (reason) return this.refuse(request, key, reason);
      const removed = await editor.remove(kind, key, request.who);
      return saved(area.home, removed ? `“${removed.title}” is deleted.` : 'Somebody had deleted it already.');
    },

    async refuse(request: PageRequest, key: string, notice: string): Promise<ConsoleResponse> {
      const loaded = await editor.load(kind, key);
      if (!loaded) return nothingHere(request);
      return show(request, { key, base: loaded.base, form: formOf(loaded.content), notice }, CONFLICT);
    },

    async versions(request: PageRequest, key: string, problem = ''): Promise<ConsoleResponse> {
      const asked = request.search.get('before') ?? '';
      const before = VERSION.test(asked) ? Number(asked) : undefined;
      const versions = await editor.versions(kind, key, before);
      const loaded = await editor.load(kind, key);
      if (versions.length === 0 && !loaded) return nothingHere(request);
      const title = kind.title(loaded?.content ?? versions.find(({ content }) => content)?.content ?? {});
      const data = {
        heading: `Versions of ${title}`,
        problem,
        action: `${placeOf(key)}/versions`,
        older: olderThan(versions),
        isFirst: before === undefined,
        editPath: loaded ? placeOf(key) : null,
        home: area.home,
        homeLabel: area.homeLabel,
        versions: versions.map(({ content, ...version }) => ({
          ...version,
          when: request.words.when(version.at),
          iso: request.words.iso(version.at),
          fields:
            content &&
            Object.entries(content).map(([field, value]) => ({
              label: kind.labels[field] ?? field,
              text: shortened(inWords(value)),
            })),
        })),
      };
      return page(request, 'catalogue/versions', data, problem === '' ? 200 : UNPROCESSABLE);
    },

    async restore(request: PageRequest, key: string): Promise<ConsoleResponse> {
      const version = Number(request.form.get('version'));
      if (!Number.isSafeInteger(version)) return nothingHere(request);
      const result = await editor.restore(kind, key, version, request.who);
      if ('problem' in result) return this.versions(request, key, `Not restored. ${result.problem}`);
      return saved(area.isSingle ? area.path : `${area.path}/${result.key}`, `Version ${version} is in use again.`);
    },
  };
}

/** The version before which there may be more; null where there are none. */
function olderThan(versions: readonly Version[]): number | null {
  const last = versions.length === versionsMax ? versions.at(-1)?.version : undefined;
  return last !== undefined && last > 1 ? last : null;
}

function shortened(text: string): string {
  if (text.length <= SHOWN_CHARS_MAX) return text;
  return `${text.slice(0, SHOWN_CHARS_MAX)} … and ${text.length - SHOWN_CHARS_MAX} characters more`;
}

function savedSentence({ title, changed, taken }: Extract<Saved, { result: 'saved' }>, noun: string | null): string {
  const what = noun === null ? `“${title}”` : noun.charAt(0).toUpperCase() + noun.slice(1);
  const done = changed.length === 0 ? `${what}: nothing was changed.` : `${what} is saved.`;
  return taken.length === 0 ? done : `${done} Others changed meanwhile: ${taken.join(', ')}. Both are kept.`;
}
