import type { Log } from '../telemetry/log.ts';
import { emptyCatalog, type Catalog } from './catalog.ts';
import { within } from './deadline.ts';

/** A forgotten message costs at most this much staleness. */
const REFRESH_MS = 60_000;
/** After a reading that failed. */
const RETRY_MS = 5_000;
const READ_DEADLINE_MS = 5_000;

/** Redis channel whose messages, of any content, say that the store's data changed. */
export const CATALOG_CHANNEL = 'aida:catalog';

export interface CatalogKeeper {
  /** The last catalog that was read, however old; the empty one before the first. */
  current(): Catalog;
  /** Reads again, once for all who ask meanwhile; false if that failed and the old one stays. */
  refresh(): Promise<boolean>;
  close(): void;
}

export interface CatalogKeeperOptions {
  read(): Promise<Catalog>;
  log: Pick<Log, 'warn'>;
  /** Calls back whenever the data changed; returns how to stop that. */
  onChange?: ((callback: () => void) => () => void) | undefined;
}

/** Keeps a catalog in memory: reads at once, on every change and every minute, and keeps the old one while that fails. */
export function keepCatalog({ read, log, onChange }: CatalogKeeperOptions): CatalogKeeper {
  let catalog = emptyCatalog;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<boolean> | null = null;
  let waiting: Promise<boolean> | null = null;
  let closed = false;

  async function readOnce(): Promise<boolean> {
    clearTimeout(timer);
    let succeeded = true;
    try {
      const latest = await within(READ_DEADLINE_MS, Promise.try(read));
      if (!closed) catalog = latest;
    } catch (error) {
      succeeded = false;
      log.warn({ err: error }, 'catalog not read; the last one is kept');
    }
    running = null;
    if (!closed && !waiting) timer = setTimeout(() => void refresh(), succeeded ? REFRESH_MS : RETRY_MS).unref();
    return succeeded;
  }

  function refresh(): Promise<boolean> {
    if (closed) return Promise.resolve(false);
    if (!running) return (running = readOnce());
    // What runs may have read before the change: one more reading serves all who ask during it.
    waiting ??= running.then(() => {
      waiting = null;
      return refresh();
    });
    return waiting;
  }

  const stopListening = onChange?.(() => void refresh());
  return {
    current: () => catalog,
    refresh,
    close() {
      closed = true;
      clearTimeout(timer);
      stopListening?.();
    },
  };
}
