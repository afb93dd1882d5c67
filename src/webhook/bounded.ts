import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Below the carrier's read timeout of 2.5 s: what is late is answered with a sentence. */
export const answerTimeoutMs = 2_000;

/** The promise's value, or what stands in for it when it is late or something throws; `ms` by default all there is. `callSid`: whom it is for. */
export type Bounded = <T>(
  callSid: string,
  start: () => Promise<T>,
  otherwise: (trouble: 'late' | 'threw') => T,
  ms?: number,
) => Promise<T>;

export function createBounded(timeoutMs: number, { log, metrics }: { log: Log; metrics: Metrics }): Bounded {
  return async (callSid, start, otherwise, ms = timeoutMs) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<ReturnType<typeof otherwise>>((resolve) => {
      timer = setTimeout(() => resolve(otherwise('late')), Math.max(0, ms));
    });
    try {
      return await Promise.race([start(), late]);
    } catch (error) {
      metrics.faults.inc({ place: 'webhook' });
      log.error({ err: error, callSid }, 'a webhook could not be answered as meant');
      return otherwise('threw');
    } finally {
      clearTimeout(timer);
    }
  };
}
