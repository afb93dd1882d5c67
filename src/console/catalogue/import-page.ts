import type { Audit } from '../../services/audit.ts';
import { importLimits, readImport } from '../../services/catalogue/import-file.ts';
import { carryOutImport, planImport } from '../../services/catalogue/import-plan.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import { pageLimits } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { page, saved } from '../page.ts';
import type { CatalogueDeps } from './port.ts';

const HOME = '/admin/knowledge-base';
const CATEGORY_CHARS_MAX = 60;
const UNPROCESSABLE = 422;
const CONFLICT = 409;

/** A file of documents: looked at first, then stored, all of it or nothing. */
export function importRoutes({ dataSource, editor, audit }: CatalogueDeps & { audit: Audit }): PageRoute[] {
  const show = (request: PageRequest, data: Record<string, unknown>, status = 200) =>
    page(
      request,
      'catalogue/import',
      { problem: '', category: 'General', plan: null, limits: importLimits, ...data },
      status,
    );

  async function post(request: PageRequest): Promise<ConsoleResponse> {
    const { form, files, who } = request;
    const category = (form.get('category') ?? '').trim().slice(0, CATEGORY_CHARS_MAX) || 'General';
    const file = files.get('file');
    const digest = form.get('digest');
    // What was looked at comes back with the answer: no file waits here in between.
    const name = (digest === null ? file?.name : form.get('name')) ?? '';
    const bytes = digest === null ? (file?.body ?? Buffer.alloc(0)) : Buffer.from(form.get('content') ?? '');
    if (name === '') return show(request, { problem: 'Choose a file first.', category }, UNPROCESSABLE);
    const read = readImport(name, bytes);
    if ('problem' in read) return show(request, { problem: read.problem, category }, UNPROCESSABLE);
    const { entries } = read;
    if (digest !== null) {
      const done = await carryOutImport(editor, { entries, category, digest, who });
      if (done) {
        await audit.note({ who, action: 'knowledge.import', subject: name, detail: done.counts });
        return saved(HOME, `Imported: ${done.counts.make} made, ${done.counts.change} changed.`);
      }
    }
    const plan = await planImport(dataSource, entries, category);
    const problem = digest === null ? '' : 'Documents were changed since you looked. Nothing was imported: look again.';
    const shown = { name, category, content: bytes.toString(), plan, problem };
    return show(request, shown, digest === null ? 200 : CONFLICT);
  }

  const path = `${HOME}/import`;
  const bodyBytesMax = pageLimits.uploadBytesMax;
  return [
    { method: 'GET', path, role: 'supervisor', handler: (request) => show(request, {}) },
    { method: 'POST', path, role: 'supervisor', bodyBytesMax, handler: post },
  ];
}
