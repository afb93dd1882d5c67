import { createRequire } from 'node:module';

/** What the client keeps of one connection, as far as it is touched here. */
interface RequestQueue {
  pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

const QUEUE_FILE = 'kafkajs/src/network/requestQueue/index.js';

const isQueue = (value: object): value is RequestQueue =>
  'scheduleCheckPendingRequests' in value && typeof value.scheduleCheckPendingRequests === 'function';

/**
 * The client (kafkajs 2.2.4) looks for requests that wait by a timer that sets itself anew though none wait, for a time
 * below nought, which is a millisecond: 3 % of a core for each idle connection, and a warning of Node's. No setting
 * stops it. From now on the timer is set while something waits, and then as it was. False where the client is another.
 */
export function stopIdleTimers(): boolean {
  const loaded: unknown = createRequire(import.meta.url)(QUEUE_FILE);
  const prototype: unknown = typeof loaded === 'function' ? loaded.prototype : null;
  if (typeof prototype !== 'object' || prototype === null || !isQueue(prototype)) return false;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
  return true;
}
