import { emptyCatalog, type Catalog } from './catalog.ts';
import { keepFresh, type Keeper, type KeeperOptions } from './keeper.ts';

/** Redis channel whose messages, of any content, say that the store's data changed. */
export const CATALOG_CHANNEL = 'aida:catalog';

/** Keeps a catalog in memory; the empty one before the first reading. */
export function keepCatalog(
  options: Pick<KeeperOptions<Catalog>, 'read' | 'log' | 'onChange' | 'onRead'>,
): Keeper<Catalog> {
  return keepFresh({ ...options, initial: emptyCatalog, failure: 'catalog not read; the last one is kept' });
}
