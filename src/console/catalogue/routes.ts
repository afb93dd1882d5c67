import type { DataSource } from 'typeorm';
import type { Audit } from '../../services/audit.ts';
import { createEditor } from '../../services/catalogue/editor.ts';
import type { PageRoute } from '../guard.ts';
import { askRoutes } from './ask-page.ts';
import { importRoutes } from './import-page.ts';
import { knowledgeRoutes } from './knowledge-pages.ts';
import { menuRoutes } from './menu-pages.ts';
import type { CatalogueDeps, CataloguePort } from './port.ts';
import { storeRoutes } from './store-pages.ts';

export interface CatalogueOptions {
  dataSource: DataSource;
  audit: Audit;
  /** ms since the epoch. */
  now(): number;
  /** Tells every node that the store's data changed; never rejects. */
  announce(): Promise<void>;
  assistant: CataloguePort | null;
}

/** What a store decides, as pages: knowledge base, menu, hours, subscriptions, persona, policies, staff, settings. */
export function catalogueRoutes({ dataSource, audit, now, announce, assistant }: CatalogueOptions): PageRoute[] {
  const editor = createEditor({ dataSource, audit, announce });
  const deps: CatalogueDeps = { dataSource, audit, now, assistant, editor };
  return [
    ...knowledgeRoutes(deps),
    ...askRoutes(assistant),
    ...importRoutes(deps),
    ...menuRoutes(deps),
    ...storeRoutes(deps),
  ];
}
