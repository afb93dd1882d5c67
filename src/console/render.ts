import { Eta } from 'eta';
import { join } from 'node:path';
import { assetPath } from './static-files.ts';

const eta = new Eta({ views: join(import.meta.dirname, 'views'), autoEscape: true, cache: true });

/** `/admin/static/NAME?v=…`, for as long as the file stays as it is. */
const helpers = { asset: assetPath };

export function render(view: string, data: Record<string, unknown>): string {
  return eta.render(`/${view}`, { ...helpers, ...data });
}
