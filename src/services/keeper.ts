import type { Log } from '../telemetry/log.ts';
import { within } from './deadline.ts';

/** A forgotten message costs at most this much staleness. */
const REFRESH_MS = 60_000;
/** After a reading that failed. */
const RETRY_MS = 5_000;
const READ_DEADLINE_MS = 5_000;

/** Calls back whenever the data changed; returns how to stop that. */
export type OnChange = (callback: () => void) => () => void;

export interface Keeper<T> {
  /** What was read last, however old; the initial one before the first reading. */
  current(): T;
  /** Reads again, once for all who ask meanwhile; false if that failed and the old one stays. */
  refresh(): Promise<boolean>;
  close(): void;
}

export interface KeeperOptions<T> {
  initial: T;
  read(): Promise<T>;
  /** What is logged when a reading failed. */
  failure: string;
  log: Pick<Log, 'warn'>;
  onChange?: OnChange | undefined;
  /** Called after each reading that succeeded. */
  onRead?: (() => void) | undefined;
}

/** Keeps what a database holds in memory: reads on every change and every minute, and keeps the old one while that fails. */
export function keepFresh<T>({ initial, read, failure, log, onChange, onRead }: KeeperOptions<T>): Keeper<T> {
  let kept = initial;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<boolean> | null = null;
  let waiting: Promise<boolean> | null = null;
  let closed = false;

  async function readOnce(): Promise<boolean> {
    clearTimeout(timer);
    let succeeded = true;
    try {
      const latest = await within(READ_DEADLINE_MS, Promise.try(read));
      if (!closed) {
        kept = latest;
        onRead?.();
      }
    } catch (error) {
      succeeded = false;
      log.warn({ err: error }, failure);
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
    current: () => kept,
    refresh,
    close() {
      closed = true;
      clearTimeout(timer);
      stopListening?.();
    },
  };
}
